// The world's own routes under /_world/: what a test in another process or container does with it.

import { environmentOf } from "./environment.ts";
import type { Fault } from "./fault.ts";
import type { WireAnswer, WireRequest } from "./wire.ts";
import type { StopCause, World } from "./world.ts";
import type { Target } from "./world-event.ts";

type Input = { readonly [member: string]: unknown };
type Route = (world: World, input: Input, request: WireRequest) => unknown;

const text = (input: Input, member: string): string => {
  const value = input[member];
  if (typeof value !== "string") throw new TypeError(`"${member}" must be a string`);
  return value;
};

const number = (input: Input, member: string): number => {
  const value = Number(input[member]);
  if (input[member] === undefined || !Number.isFinite(value))
    throw new TypeError(`"${member}" must be a number`);
  return value;
};

const oneOf = <Name extends string>(input: Input, member: string, names: readonly Name[]): Name => {
  const found = names.find((name) => name === input[member]);
  if (found === undefined) throw new TypeError(`"${member}" must be one of ${names.join(", ")}`);
  return found;
};

// Without a task the oldest is meant that is wanted still.
const taskOf = (world: World, input: Input): string => {
  if (typeof input.task === "string") return world.task(input.task).arn;
  const task = world.tasks().find(({ desiredStatus }) => desiredStatus === "RUNNING");
  if (task === undefined) throw new RangeError('No task is wanted to run: name one in "task"');
  return task.arn;
};

// Without a target the first of the task is meant.
const targetOf = (world: World, input: Input): Target => {
  if (input.id !== undefined)
    return {
      targetGroupArn: text(input, "targetGroup"),
      id: text(input, "id"),
      port: number(input, "port"),
    };
  const [target] = world.task(taskOf(world, input)).targets;
  if (target === undefined) throw new RangeError("The task has no target");
  return target;
};

const faultKinds: readonly Fault["kind"][] = [
  "throttle",
  "deny",
  "expired-token",
  "hang",
  "reset",
  "empty",
  "stall",
  "cut",
  "error",
  "garbage",
  "late",
  "slow",
];

const originOf = ({ headers }: WireRequest): string => `http://${headers.host ?? "127.0.0.1"}`;

const routes: { readonly [route: string]: Route } = {
  "GET /_world": (world) => ({
    nowMs: world.clock.now(),
    clusterArn: world.clusterArn,
    serviceArn: world.serviceArn,
    targetGroupArns: world.targetGroupArns,
    tasks: world.tasks(),
    routes: Object.keys(routes),
  }),
  "GET /_world/tasks": (world) => world.tasks(),
  "GET /_world/events": (world) => world.events(),
  "GET /_world/calls": (world) => world.calls,
  "GET /_world/environment": (world, input, request) =>
    environmentOf(world, taskOf(world, input), text(input, "container"), originOf(request)),
  "GET /_world/target-health": (world, input) => {
    const target = targetOf(world, input);
    return { target, health: world.targetHealth(target.targetGroupArn, target.id, target.port) };
  },
  "POST /_world/deploy": (world) => world.deploy(),
  "POST /_world/start-task": (world) => world.startTask(),
  "POST /_world/stop-task": (world, input) => {
    const causes: readonly StopCause[] = ["service", "stop-task", "spot"];
    const cause = input.cause === undefined ? "service" : oneOf(input, "cause", causes);
    const taskArn = taskOf(world, input);
    world.stopTask(taskArn, cause);
    return world.task(taskArn);
  },
  "POST /_world/container-exited": (world, input) => {
    const taskArn = taskOf(world, input);
    world.containerExited(taskArn, text(input, "container"), Number(input.exitCode ?? 0));
    return world.task(taskArn);
  },
  "POST /_world/register-target": (world, input) => world.registerTarget(targetOf(world, input)),
  "POST /_world/deregister-target": (world, input) =>
    world.deregisterTarget(targetOf(world, input)),
  "POST /_world/set-health-checks": (world, input) =>
    world.setHealthChecks(
      targetOf(world, input),
      oneOf(input, "finding", ["passing", "failing"] as const),
    ),
  "POST /_world/set-target-health": (world, input) => {
    const { reason, description } = input;
    world.setTargetHealth(
      targetOf(world, input),
      input.state === undefined
        ? undefined
        : {
            state: text(input, "state"),
            ...(reason !== undefined && { reason: String(reason) }),
            ...(description !== undefined && { description: String(description) }),
          },
    );
  },
  "POST /_world/set-in-use": (world, input) =>
    world.setInUse(text(input, "targetGroup"), input.inUse === true),
  "POST /_world/delete-target-group": (world, input) =>
    world.deleteTargetGroup(text(input, "targetGroup")),
  "POST /_world/fault": (world, input) => {
    text(input, "action");
    const kind = oneOf(input, "kind", faultKinds);
    if (kind === "late" || kind === "slow") number(input, "ms");
    const { fromMs, toMs, ...rest } = input;
    const now = world.clock.now();
    // Another process does not know this clock: its times count from now.
    const fault = {
      ...rest,
      fromMs: now + Number(fromMs ?? 0),
      ...(toMs !== undefined && { toMs: now + Number(toMs) }),
    } as unknown as Fault;
    const ends = ended.get(world) ?? [];
    ended.set(world, [...ends, world.fault(fault)]);
  },
  "POST /_world/end-faults": (world) => {
    for (const end of ended.get(world) ?? []) end();
    ended.delete(world);
  },
};

const ended = new WeakMap<World, readonly (() => void)[]>();

/** Answers a control request: 200 with what the route gives, 404 for no route, 400 with `{"error": ...}` for an input that makes no sense. */
export function controlAnswer(world: World, request: WireRequest): WireAnswer {
  const answered = (status: number, body: unknown): WireAnswer => ({
    status,
    headers: { "content-type": "application/json" },
    body: `${JSON.stringify(body ?? {})}\n`,
    delivery: { kind: "at-once" },
  });
  const [path = "", query = ""] = request.path.split("?");
  const route = routes[`${request.method} ${path.replace(/\/$/, "")}`];
  if (route === undefined)
    return answered(404, { error: `No such route; there are: ${Object.keys(routes).join(", ")}` });
  try {
    const body: unknown = request.body.trim() === "" ? {} : JSON.parse(request.body);
    if (typeof body !== "object" || body === null)
      throw new TypeError("The body must be a JSON object");
    return answered(
      200,
      route(world, { ...Object.fromEntries(new URLSearchParams(query)), ...body }, request),
    );
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return answered(400, { error: error.message });
  }
}
