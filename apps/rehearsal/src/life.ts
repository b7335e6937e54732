// One life of a task, played through on a stage with real processes and real connections.

import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import {
  type Clock,
  createWorld,
  environmentOf,
  type ListenerTarget,
  openListener,
  serve,
  type Target,
  type World,
} from "@nlb-sidecar/simulator";
import { type Connection, startTraffic } from "./clients.ts";
import { type ContainerExit, type Program, runContainers } from "./containers.ts";
import { faultsAt, rehearsedFaults } from "./faults.ts";
import type { Place } from "./places.ts";
import type { Stage } from "./stage.ts";

/** What a life stands on. */
export interface LifeMeans {
  /** Its `now()` is 0 at the life's beginning. */
  readonly clock: Clock;
  /** The wall clock's time since 1970 at that moment. */
  readonly epochMs: number;
  readonly random: () => number;
  /** The Bun that runs the application. */
  readonly bun: string;
  /** What a container's process gets besides ECS's variables and its settings: `PATH` and the like. */
  readonly env: { readonly [name: string]: string };
  /** Is kept as the set of processes that live. */
  readonly children: Set<ChildProcess>;
}

/** Something worth a line of the timeline. */
export interface Moment {
  readonly atMs: number;
  readonly text: string;
}

/** What a life tells while it is played. */
export interface LifeObserver {
  moment(moment: Moment): void;
  /** Called once, with what tells the present state whenever it is asked. */
  present(read: () => Present): void;
}

/** The present state of a life: its clients' connections, and those that are open to its task. */
export interface Present {
  readonly atMs: number;
  readonly opened: number;
  readonly finished: number;
  readonly cut: number;
  readonly openToTask: number;
}

/** An end of a process. */
export interface ProcessEnd {
  readonly atMs: number;
  readonly exitCode: number;
  /** When it was first sent a signal; undefined: it left by itself. */
  readonly toldMs: number | undefined;
}

/** A life, as it went. Times are on its clock; undefined: it did not happen. */
export interface Life {
  /** The task's target, such as `10.0.2.61:8080`. */
  readonly target: string;
  /** When the deployment, or the stop, began. */
  readonly actMs: number | undefined;
  /** When ECS deregistered the target. */
  readonly drainBeganMs: number | undefined;
  /** When the sidecar's log said that the drain began. */
  readonly drainSeenMs: number | undefined;
  /** When the load balancer ceased to send new connections to the target. */
  readonly routingEndedMs: number | undefined;
  /** When the application was sent SIGTERM. */
  readonly applicationToldMs: number | undefined;
  readonly applicationEnd: ProcessEnd | undefined;
  readonly sidecarEnd: ProcessEnd | undefined;
  readonly taskStoppedMs: number | undefined;
  /** Ends of containers of tasks that were to go on. */
  readonly otherExits: readonly ContainerExit[];
  readonly opened: number;
  readonly connections: readonly (Connection & { readonly target: string | undefined })[];
  /** Whether the task had not stopped when the time was up. */
  readonly timedOut: boolean;
  readonly endedMs: number;
}

const applicationFile = join(import.meta.dirname, "application.ts");
const sidecarName = "nlb-sidecar";

// The whole of a rehearsal is to end within 30 s; what is left after this is for closing.
const limitMs = 26_000;
const labelOf = ({ id, port }: Target): string => `${id}:${port}`;
const shortOf = (taskArn: string): string =>
  taskArn.slice(taskArn.lastIndexOf("/") + 1).slice(0, 8);
const secondsOf = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Plays a life on `stage`, from the start of its processes to the end of the last; `signal` ends it early. */
export async function playLife(
  means: LifeMeans,
  stage: Stage,
  observer: LifeObserver,
  signal: AbortSignal,
): Promise<Life> {
  const { clock } = means;
  const world = createWorld({ ...means, ...stage.world });
  const closing = new AbortController();
  const untilClosed = AbortSignal.any([closing.signal, signal]);
  const tell = (text: string, atMs: number = clock.now()): void => {
    if (!closing.signal.aborted) observer.moment({ atMs, text });
  };

  // The task whose life it is, and what becomes of it.
  const [task] = world.tasks();
  const [target] = task?.targets ?? [];
  const [targetGroupArn] = Object.values(world.targetGroupArns);
  if (task === undefined || target === undefined || targetGroupArn === undefined)
    throw new Error("The stage's world has no task behind its target group");
  const ours = labelOf(target);
  let drainSeenMs: number | undefined;
  let drainBeganMs: number | undefined;
  let routingEndedMs: number | undefined;
  let applicationEnd: ProcessEnd | undefined;
  let sidecarEnd: ProcessEnd | undefined;
  let taskStoppedMs: number | undefined;
  const toldMs = new Map<string, number>();
  const otherExits: ContainerExit[] = [];
  const seen = Promise.withResolvers<void>();
  const stopped = Promise.withResolvers<void>();
  const unrouted = Promise.withResolvers<void>();
  const ready = Promise.withResolvers<void>();

  // On a busy machine a line arrives late; its own time tells when it was written.
  const writtenMs = ({ time }: Entry): number | undefined => {
    const atMs = typeof time === "string" ? Date.parse(time) - means.epochMs : Number.NaN;
    return Number.isNaN(atMs) ? undefined : atMs;
  };

  // The data plane: real ports behind the targets' names.
  const places = new Map<string, Place>();
  const targetsByClient = new Map<string, string>();
  let lateFlows = 0;
  const listenerTargets = (): readonly ListenerTarget[] =>
    world.routes(targetGroupArn).flatMap((route) => {
      const place = places.get(labelOf(route));
      return place === undefined ? [] : [{ label: labelOf(route), ...place }];
    });
  const listener = await openListener(listenerTargets, {
    onFlow: ({ kind, flow }) => {
      if (kind !== "began" || flow.target === undefined) return;
      targetsByClient.set(flow.client, flow.target);
      if (flow.target === ours && drainBeganMs !== undefined) lateFlows += 1;
    },
  });
  const server = await serve(world);

  world.onEvent((event) => {
    if (event.kind === "signal" && event.taskArn === task.arn) {
      if (!toldMs.has(event.container)) toldMs.set(event.container, event.atMs);
      tell(
        `${event.container} gets ${event.signal}, with ${connectionsOf(listener.openFlows(ours))} open to the task`,
        event.atMs,
      );
    }
    if (event.kind === "task" && event.taskArn === task.arn && event.lastStatus === "STOPPED") {
      taskStoppedMs = event.atMs;
      tell(`task ${shortOf(task.arn)} has stopped`, event.atMs);
      stopped.resolve();
    }
    if (event.kind === "flows-reset") {
      const number = listener.resetFlows(labelOf(event.target));
      tell(`the load balancer resets ${connectionsOf(number)} to ${labelOf(event.target)}`);
    }
    if (event.kind === "target" && labelOf(event.target) !== ours)
      tell(`${labelOf(event.target)} is ${event.health.state}`, event.atMs);
    if (event.kind === "target" && labelOf(event.target) === ours) {
      if (event.health.state === "draining" && drainBeganMs === undefined) {
        drainBeganMs = event.atMs;
        tell(
          `DRAIN BEGAN: ECS deregisters ${ours}, with ${connectionsOf(listener.openFlows(ours))} open`,
          event.atMs,
        );
      } else if (drainBeganMs !== undefined) tell(`${ours} is ${event.health.state}`, event.atMs);
    }
    if (event.kind === "routing" && labelOf(event.target) === ours && !event.routed) {
      routingEndedMs = event.atMs;
      unrouted.resolve();
      tell(
        `the load balancer sends no more new connections to ${ours}; ${lateFlows} came since the drain began`,
        event.atMs,
      );
    }
  });

  const programOf = (taskArn: string, container: string): Program => {
    const env = { ...means.env, ...environmentOf(world, taskArn, container, server.origin) };
    return container === sidecarName && stage.sidecar !== undefined
      ? { command: stage.sidecar, env: { ...env, ...stage.settings } }
      : { command: [means.bun, applicationFile], env: { ...env, ...applicationEnv(taskArn) } };
  };
  // Only the task's own connections are to be counted: whatever replaces it stays on the loopback interface.
  const hostOf = (taskArn: string): string =>
    (taskArn === task.arn ? stage.place?.host : undefined) ?? "127.0.0.1";
  const applicationEnv = (taskArn: string): Program["env"] => ({
    APPLICATION_HOST: hostOf(taskArn),
    APPLICATION_PORT: `${stage.place?.port ?? 0}`,
  });
  const containers = runContainers(world, means.children, programOf, {
    line: (taskArn, container, line) => {
      if (container !== sidecarName) {
        const port = Number(line);
        if (!Number.isInteger(port)) return tell(`${container} says: ${line}`);
        for (const one of world.task(taskArn).targets)
          places.set(labelOf(one), { host: hostOf(taskArn), port });
        return;
      }
      const entry = entryOf(line);
      if (taskArn !== task.arn) return;
      if (entry?.event === "reading") ready.resolve();
      if (entry?.event === "drain-began" && drainSeenMs === undefined) {
        drainSeenMs = Math.min(clock.now(), writtenMs(entry) ?? Number.POSITIVE_INFINITY);
        const later =
          drainBeganMs === undefined ? "" : `, ${secondsOf(drainSeenMs - drainBeganMs)} later`;
        tell(`DRAIN SEEN by the sidecar${later}`, drainSeenMs);
        seen.resolve();
      } else if (entry === undefined || toldEvents.has(entry.event))
        tell(`the sidecar: ${textOf(entry, line)}`);
    },
    exited: (exit) => {
      if (closing.signal.aborted) return;
      tell(`${exit.container} of task ${shortOf(exit.taskArn)} has ended with ${exit.exitCode}`);
      if (exit.taskArn !== task.arn) {
        otherExits.push(exit);
        return;
      }
      const end = {
        atMs: exit.atMs,
        exitCode: exit.exitCode,
        toldMs: exit.signalled ? toldMs.get(exit.container) : undefined,
      };
      if (exit.container === sidecarName) sidecarEnd = end;
      else applicationEnd = end;
      // Whatever should still come of this task has nobody left to come from.
      ready.resolve();
      seen.resolve();
    },
  });

  let actMs: number | undefined;
  let timedOut = false;
  let opened = 0;
  let ended: readonly Connection[] = [];
  try {
    const until = (promise: Promise<void>, ms: number): Promise<void> =>
      within(clock, promise, ms, signal);
    tell(`task ${shortOf(task.arn)} starts its containers, as ${ours}`);
    while (!listenerTargets().some(({ label }) => label === ours) && clock.now() < 5_000)
      await clock.sleep(10, untilClosed);
    let anyCut = false;
    const tellFirstCut = ({ kind, end, address }: Connection): void => {
      if (end === "finished" || anyCut) return;
      anyCut = true;
      const where = targetsByClient.get(address ?? "") ?? "no target";
      tell(`FIRST CONNECTION CUT: a ${kind} one to ${where}, ${end}`);
    };
    const traffic = startTraffic(clock, listener, stage.pace, tellFirstCut, untilClosed);
    observer.present(() => ({
      atMs: clock.now(),
      ...traffic.count(),
      openToTask: listener.openFlows(ours),
    }));
    const clientsSinceMs = clock.now();
    if (stage.sidecar !== undefined) await until(ready.promise, 5_000);
    // Long connections of every age, before anything happens.
    await clock.sleep(Math.max(0, clientsSinceMs + 1_500 - clock.now()), untilClosed);

    if (sidecarEnd === undefined && applicationEnd === undefined) {
      actMs = clock.now();
      for (const name of stage.faults) tell(`FAULT: ${rehearsedFaults[name].summary}`, actMs);
      for (const fault of faultsAt(stage.faults, actMs)) world.fault(fault);
      if (stage.lastConnectionMs !== undefined) {
        const afterMs = stage.lastConnectionMs + (stage.deregistrationWaitMs ?? 0);
        traffic.openLast(seen.promise.then(() => clock.sleep(afterMs, untilClosed)));
      }
      act(world, task.arn, stage, tell);
      await until(stopped.promise, limitMs - clock.now());
      // A task that has stopped too early costs connections for as long as the load balancer sends them.
      await until(unrouted.promise, Math.min(5_000, limitMs - clock.now()));
      timedOut = taskStoppedMs === undefined && !signal.aborted;
      await clock.sleep(500, untilClosed);
    }
    // Connections that are open now end by themselves: a life that cut them would blame somebody else.
    await within(clock, traffic.stop(), stage.pace.longLastsMs + 2_000, signal);
    ({ opened } = traffic.count());
    ended = traffic.ended;
  } finally {
    closing.abort();
    await containers.stop();
    await listener.close();
    await server.close();
  }
  return {
    target: ours,
    actMs,
    drainBeganMs,
    drainSeenMs,
    routingEndedMs,
    applicationToldMs: toldMs.get("app"),
    applicationEnd,
    sidecarEnd,
    taskStoppedMs,
    otherExits,
    opened,
    connections: ended.map((connection) => ({
      ...connection,
      target: targetsByClient.get(connection.address ?? ""),
    })),
    timedOut,
    endedMs: clock.now(),
  };
}

function act(world: World, taskArn: string, stage: Stage, tell: (text: string) => void): void {
  if (stage.act === "deploy") {
    tell(`DEPLOYMENT: another task is to replace task ${shortOf(taskArn)}`);
    world.deploy();
    return;
  }
  const cause = stage.act === "spot" ? "Fargate Spot takes back" : "StopTask stops";
  tell(`STOP: ${cause} task ${shortOf(taskArn)}`);
  world.stopTask(taskArn, stage.act);
}

/** Resolves when `promise` does, when `ms` have passed, or when `signal` fires. */
async function within(
  clock: Clock,
  promise: Promise<void>,
  ms: number,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  await Promise.race([
    promise,
    clock.sleep(Math.max(0, ms), AbortSignal.any([over.signal, signal])),
  ]);
  over.abort();
}

/** A line of the sidecar's log. */
interface Entry {
  readonly event: string;
  readonly [field: string]: unknown;
}

function entryOf(line: string): Entry | undefined {
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed === "object" && parsed !== null && "event" in parsed) return parsed as Entry;
  } catch {}
  return undefined;
}

// The events that a reader of a rehearsal needs; the rest is in the sidecar's own log.
const toldEvents: ReadonlySet<string> = new Set([
  "defect",
  "drain-called-off",
  "drained",
  "fault",
  "faulty-settings",
  "gave-up",
  "lines-lost",
  "notice",
  "recovered",
  "stop-held",
  "stopped",
  "target-gone",
  "would-exit",
]);

function textOf(entry: Entry | undefined, line: string): string {
  if (entry === undefined) return line.slice(0, 200);
  const { event, message, because, source, signal, faults } = entry;
  const said = [message, because, source, signal].find((one) => typeof one === "string");
  const listed = said ?? (Array.isArray(faults) ? JSON.stringify(faults) : undefined);
  return listed === undefined ? event : `${event}: ${String(listed).slice(0, 200)}`;
}

function connectionsOf(number: number): string {
  return number === 1 ? "1 connection" : `${number} connections`;
}
