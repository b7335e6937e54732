// A world on a port: the real clients with ECS's environment, faults on real sockets, and the control routes.

import { afterEach, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { DescribeTasksCommand } from "@aws-sdk/client-ecs";
import { DescribeTargetHealthCommand } from "@aws-sdk/client-elastic-load-balancing-v2";
import {
  createWorld,
  environmentOf,
  fetchOf,
  realClock,
  serve,
  type World,
  type WorldDescription,
  type WorldServer,
} from "../src/index.ts";
import { clientsOf, refusalOf } from "./aws-clients.ts";
import { seededRandom } from "./seeded-random.ts";
import { firstTask, healthOf, metadataUriOf, simulatedWorld } from "./simulated-world.ts";

const servers: WorldServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function served(
  description: WorldDescription = {},
): Promise<{ readonly world: World; readonly origin: string }> {
  const world = createWorld({ clock: realClock, random: seededRandom(), ...description });
  const server = await serve(world);
  servers.push(server);
  return { world, origin: server.origin };
}

describe("a served world", () => {
  test("answers the real clients, and knows the task by its credentials", async () => {
    const { world, origin } = await served();
    const task = firstTask(world);
    const environment = environmentOf(world, task.arn, "nlb-sidecar", origin);
    const read = await fetch(environment.AWS_CONTAINER_CREDENTIALS_FULL_URI ?? "");
    const { AccessKeyId, SecretAccessKey, Token } = (await read.json()) as Record<string, string>;
    const { ecs } = clientsOf(origin);
    ecs.config.credentials = async () => ({
      accessKeyId: AccessKeyId ?? "",
      secretAccessKey: SecretAccessKey ?? "",
      sessionToken: Token ?? "",
    });
    const { tasks } = await ecs.send(new DescribeTasksCommand({ tasks: [task.arn] }));
    expect(tasks?.[0]?.taskArn).toBe(task.arn);
    expect(world.calls.map(({ action, taskArn }) => [action, taskArn])).toEqual([
      ["credentials:read", task.arn],
      ["ecs:DescribeTasks", task.arn],
    ]);
  });

  test.each([
    ["reset", "ECONNRESET"],
    ["cut", "ECONNRESET"],
    ["throttle", "Throttling 400"],
  ] as const)("%s is what a client sees on its socket", async (kind, expected) => {
    const { world, origin } = await served();
    world.fault({ action: "*", kind });
    const { elb } = clientsOf(origin);
    const command = new DescribeTargetHealthCommand({ TargetGroupArn: world.targetGroupArns.web });
    try {
      await elb.send(command);
      throw new Error("It was answered");
    } catch (error) {
      expect(
        `${(error as { code?: string }).code} ${await refusalOf(Promise.reject(error))}`,
      ).toContain(expected);
    }
  });

  test("a stalled answer has its head and half of its body", async () => {
    const { world, origin } = await served();
    world.fault({ action: "metadata:*", kind: "stall" });
    const uri = metadataUriOf(world, origin);
    const stop = new AbortController();
    const response = await fetch(`${uri}/task`, { signal: stop.signal });
    const reader = response.body?.getReader();
    const first = await reader?.read();
    const whole = Number(response.headers.get("content-length"));
    expect(first?.value?.length).toBe(Math.floor(whole / 2));
    stop.abort();
    expect(reader?.read()).rejects.toThrow();
  });

  test("a hung call ends with the client, and does not hold up the server's end", async () => {
    const { world, origin } = await served();
    world.fault({ action: "*", kind: "hang" });
    const { port } = new URL(origin);
    const socket = connect(Number(port), "127.0.0.1");
    const closed = new Promise<void>((resolve) => {
      socket.on("close", () => resolve());
    });
    socket.on("error", () => {});
    socket.write("GET /v4/x HTTP/1.1\r\nhost: x\r\n\r\n");
    while (world.calls.length === 0) await realClock.sleep(1, new AbortController().signal);
    await servers.pop()?.close();
    await closed;
    expect(world.calls[0]?.outcome).toBe("404");
  });

  test("an address that is taken is refused", async () => {
    const { world, origin } = await served();
    expect(serve(world, { port: Number(new URL(origin).port) })).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
  });
});

describe("the control routes", () => {
  const control = (origin: string) => async (route: string, input?: object) => {
    const response = await fetch(`${origin}/_world${route}`, {
      ...(input !== undefined && { method: "POST", body: JSON.stringify(input) }),
    });
    // biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field
    return { status: response.status, body: (await response.json()) as any };
  };

  test("deploy, stop, exit, and show what is", async () => {
    const { world, origin } = await served({
      targetGroups: [{ name: "web", initialHealthCheckMs: 0 }],
    });
    const ask = control(origin);
    const old = firstTask(world);
    const { body: deployment } = await ask("/deploy", {});
    expect(deployment).toMatchObject({ replaced: [old.arn] });
    expect((await ask("/tasks")).body).toHaveLength(2);
    expect((await ask(`/target-health?task=${old.id}`)).body.health.state).toBe("draining");
    const exit = { task: old.id, container: "nlb-sidecar", exitCode: 0 };
    expect((await ask("/container-exited", exit)).body.lastStatus).toBe("STOPPING");
    expect((await ask("/stop-task", { cause: "spot" })).body).toMatchObject({
      arn: deployment.started[0],
      stopCode: "SpotInterruption",
    });
    expect((await ask("/events")).body.length).toBe(world.events().length);
    expect((await ask("")).body.routes).toContain("POST /_world/deploy");
    expect((await ask("/start-task", {})).status).toBe(200);
    expect(world.tasks()).toHaveLength(3);
  });

  test("change targets and target groups", async () => {
    const { world, origin } = await served();
    const ask = control(origin);
    const [target] = firstTask(world).targets;
    if (target === undefined) throw new Error("There is no target");
    const seen: string[] = [];
    const steps: readonly (readonly [string, object])[] = [
      ["/set-health-checks", { finding: "failing" }],
      ["/set-target-health", { state: "unavailable", reason: "Elb.InternalError" }],
      ["/set-target-health", {}],
      ["/set-in-use", { targetGroup: "web", inUse: false }],
      ["/set-in-use", { targetGroup: "web", inUse: true }],
      ["/deregister-target", {}],
      ["/register-target", { targetGroup: "web", id: target.id, port: target.port }],
      ["/delete-target-group", { targetGroup: "web" }],
    ];
    for (const [route, input] of steps) {
      expect((await ask(route, input)).status).toBe(200);
      seen.push(healthOf(world, target));
    }
    expect(seen).toEqual([
      "unhealthy Target.FailedHealthChecks",
      "unavailable Elb.InternalError",
      "unhealthy Target.FailedHealthChecks",
      "unused Target.NotInUse",
      "unhealthy Target.FailedHealthChecks",
      "draining Target.DeregistrationInProgress",
      "initial Elb.InitialHealthChecking",
      "deleted",
    ]);
  });

  test("set faults, end them, and leave no trace in the record of calls", async () => {
    const { world, origin } = await served();
    const ask = control(origin);
    const uri = metadataUriOf(world, origin);
    const status = async (): Promise<number> => (await fetch(`${uri}/task`)).status;
    await ask("/fault", { action: "metadata:*", kind: "error", status: 503, toMs: 3_600_000 });
    expect(await status()).toBe(503);
    await ask("/end-faults", {});
    expect(await status()).toBe(200);
    await ask("/fault", { action: "metadata:*", kind: "error", fromMs: 3_600_000 });
    expect(await status()).toBe(200);
    expect((await ask("/calls")).body).toHaveLength(3);
    const { body } = await ask("/environment?container=app");
    expect(body).toEqual(environmentOf(world, firstTask(world).arn, "app", origin));
  });

  test.each([
    ["/nothing", {}, 404, "No such route"],
    ["/stop-task", { cause: "boredom" }, 400, '"cause" must be one of service, stop-task, spot'],
    ["/stop-task", { task: "nobody" }, 400, "no task nobody"],
    ["/container-exited", {}, 400, '"container" must be a string'],
    ["/fault", { action: "*", kind: "late" }, 400, '"ms" must be a number'],
    ["/fault", { action: "*", kind: "mood" }, 400, '"kind" must be one of'],
    ["/register-target", { targetGroup: "web", id: "10.0.0.1" }, 400, '"port" must be a number'],
  ])("refuse %s %o", async (route, input, status, message) => {
    const { origin } = await served();
    const answered = await control(origin)(route, input);
    expect(answered.status).toBe(status);
    expect(answered.body.error).toContain(message);
  });

  test("count a fault's times from the moment it is set", async () => {
    const { world, clock } = simulatedWorld();
    await clock.advance(10_000);
    const ask = fetchOf(world);
    const fault = { action: "metadata:*", kind: "error", fromMs: 1_000, toMs: 2_000 };
    await ask("http://x/_world/fault", { method: "POST", body: JSON.stringify(fault) });
    const uri = metadataUriOf(world);
    const statuses: number[] = [];
    for (let second = 0; second < 3; second += 1) {
      statuses.push((await ask(`${uri}/task`)).status);
      await clock.advance(1_000);
    }
    expect(statuses).toEqual([200, 500, 200]);
  });

  test("refuse what is no JSON object", async () => {
    const { origin } = await served();
    for (const body of ["{", "null", "3"])
      expect((await fetch(`${origin}/_world/deploy`, { method: "POST", body })).status).toBe(400);
  });
});
