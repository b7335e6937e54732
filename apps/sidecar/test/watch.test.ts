// Named lives of a task, with their times in seconds after the sidecar's start. Without jitter: rounds are at 0, 30, 60, ....

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { FaultKind, WorldDescription } from "@nlb-sidecar/simulator";
import { credentialProvider } from "../src/credentials.ts";
import type { LogEvent } from "../src/log-event.ts";
import { clientsOf, type Life, live, type Setting } from "./life.ts";

// Simulated hours take real seconds, on a busy machine some more.
setDefaultTimeout(60_000);

const drainAt = (second: number): NonNullable<Setting["at"]> => ({
  [second]: ({ world, task }) => world.stopTask(task().arn, "service"),
});

const status = "ecs:DescribeTasks";

const oneGroup = (group: Omit<NonNullable<WorldDescription["targetGroups"]>[number], "name">) => ({
  targetGroups: [{ name: "web", ...group }],
});

/** Two target groups for the one port. */
const twoGroups: WorldDescription = { targetGroups: [{ name: "web" }, { name: "admin" }] };

// Every fault line of one source and code is at least a minute after the one before.
function expectFaultsToldAtMostOnceAMinute(life: Life): void {
  const last = new Map<string, number>();
  for (const { source, code, atS } of life.linesOf("fault")) {
    const key = `${source} ${code}`;
    expect(atS - (last.get(key) ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(60);
    last.set(key, atS);
  }
}

describe("a drain", () => {
  test("by the service at 100: seen at 120, left at 240", async () => {
    const life = await live({ at: drainAt(100) });
    expect(await life.ends()).toBe(240);
    expect(life.exitCode()).toBe(0);
    expect(life.told("reading", "drain-began", "drained", "fault", "defect")).toEqual([
      "0 reading web healthy",
      "120 reading web draining Target.DeregistrationInProgress",
      "120 drain-began readings",
      "240 drained drained",
    ]);
  });

  test("that falls between two polls at 100 and 105: ECS confirms it at 120, left at 240", async () => {
    const life = await live({
      // ECS is slow to stop the containers: the signal that would end it is left out here.
      description: { ...oneGroup({ deregistrationDelayMs: 5_000 }), schedulerLagMs: 600_000 },
      at: drainAt(100),
    });
    expect(await life.ends()).toBe(240);
    expect(life.told("reading", "task-status", "drain-began", "drained")).toEqual([
      "0 reading web healthy",
      "120 reading web gone Target.NotRegistered",
      "120 task-status STOPPED DEACTIVATING",
      "120 drain-began readings",
      "240 drained drained",
    ]);
    expect(life.calls(status)).toHaveLength(2);
  });

  test("that falls between two polls, told by an ECS that lags by 50: confirmed at 150, left at 270", async () => {
    const life = await live({
      description: {
        ...oneGroup({ deregistrationDelayMs: 5_000 }),
        schedulerLagMs: 600_000,
        apiLagMs: 50_000,
      },
      at: drainAt(100),
    });
    expect(await life.ends()).toBe(270);
  });

  test("that falls between two polls while ECS gives no answer: left with the wait from 120 on", async () => {
    const life = await live({
      description: { ...oneGroup({ deregistrationDelayMs: 5_000 }), schedulerLagMs: 600_000 },
      at: {
        ...drainAt(100),
        90: ({ world }) => void world.fault({ action: "ecs:*", kind: "error" }),
      },
    });
    expect(await life.ends()).toBe(240);
    expect(life.told("target-gone")).toEqual([]);
  });

  test("by hand at 100, back at 150: called off at 150, and the wait of the next one at 200 starts anew", async () => {
    const life = await live({
      at: {
        100: ({ world, target }) => world.deregisterTarget(target()),
        145: ({ world, target }) => world.registerTarget(target()),
        ...drainAt(200),
      },
    });
    expect(await life.ends()).toBe(330);
    expect(life.told("drain-began", "drain-called-off", "drained")).toEqual([
      "120 drain-began readings",
      "150 drain-called-off",
      "210 drain-began readings",
      "330 drained drained",
    ]);
  });

  test("with a wait of 0: left with the reading that says draining", async () => {
    const life = await live({ env: { DEREGISTRATION_WAIT: "0" }, at: drainAt(100) });
    expect(await life.ends()).toBe(120);
    expect(life.told("drain-began", "drained")).toEqual([
      "120 drain-began readings",
      "120 drained drained",
    ]);
  });

  test("of one of two target groups: nothing ends by it (all); the other one's does", async () => {
    const life = await live({
      description: twoGroups,
      at: {
        100: ({ world, target }) => world.deregisterTarget(target("web")),
        400: ({ world, target }) => world.deregisterTarget(target("admin")),
      },
    });
    expect(await life.ends()).toBe(540);
    expect(life.linesOf("drain-began").map(({ atS }) => atS)).toEqual([420]);
  });

  test("of one of two target groups: ends with its wait (any)", async () => {
    const life = await live({
      description: twoGroups,
      env: { NLB_SIDECAR_DRAIN_WHEN: "any" },
      at: { 100: ({ world, target }) => world.deregisterTarget(target("web")) },
    });
    expect(await life.ends()).toBe(240);
  });

  test("of one of two target groups, of which the other gives no answer ever: what is answered is read (any)", async () => {
    const life = await live({
      description: twoGroups,
      env: { NLB_SIDECAR_DRAIN_WHEN: "any" },
      at: { 100: ({ world, target }) => world.deregisterTarget(target("web")) },
      world: ({ world }) => ({
        aws: () => {
          const clients = clientsOf(world);
          const send = (command: { input: { TargetGroupArn?: string } }, options: never) =>
            command.input.TargetGroupArn?.includes("/admin/")
              ? Promise.reject(new Error("the socket was closed"))
              : clients.elb.send(command as never, options);
          return { ...clients, elb: { send: send as never } };
        },
      }),
    });
    const endedS = await life.ends();
    const [began] = life.linesOf("drain-began");
    expect(began?.cause).toBe("readings");
    expect(began?.atS).toBeLessThanOrEqual(180);
    expect(endedS).toBe((began?.atS ?? 0) + 120);
  });

  test("of two target groups that reach draining and gone: one reading each, left with the wait of the last", async () => {
    const life = await live({
      description: {
        targetGroups: [{ name: "web" }, { name: "admin", deregistrationDelayMs: 5_000 }],
        schedulerLagMs: 600_000,
      },
      at: drainAt(100),
    });
    expect(await life.ends()).toBe(240);
  });

  test("of a blue/green deployment, whose target group is not in use before: its pair is never asked of ECS", async () => {
    const life = await live({
      description: {
        containers: [
          { name: "app", portMappings: [{ containerPort: 8080 }], stopsAfterMs: 1_000 },
          { name: "nlb-sidecar" },
        ],
        targetGroups: [{ name: "blue" }, { name: "green", inUse: false }],
        loadBalancers: [
          {
            targetGroup: "blue",
            alternateTargetGroup: "green",
            containerName: "app",
            containerPort: 8080,
          },
        ],
        deployment: "BLUE_GREEN",
        trafficShiftMs: 600_000,
        bakeMs: 60_000,
        schedulerLagMs: 600_000,
      },
      at: { 60: ({ world }) => void world.deploy() },
    });
    expect(life.calls(status).length).toBeLessThanOrEqual(1);
    await life.lives(600);
    expect(life.calls(status)).toHaveLength(1);
    expect(life.linesOf("drain-began")).toEqual([]);
    const endedS = await life.ends(3_600);
    const stoppedS = life.world
      .events()
      .flatMap((event) =>
        event.kind === "task" &&
        event.taskArn === life.task().arn &&
        event.desiredStatus === "STOPPED"
          ? [(event.atMs - life.startMs) / 1000]
          : [],
      )[0];
    expect(stoppedS).toBeGreaterThan(700);
    expect(endedS).toBeGreaterThanOrEqual((stoppedS ?? 0) + 120);
    expect(endedS).toBeLessThanOrEqual((stoppedS ?? 0) + 150);
  });

  test("of a CODE_DEPLOY task set: seen at 120, left at 240", async () => {
    const life = await live({
      description: {
        targetGroups: [{ name: "blue" }, { name: "green" }],
        deployment: "CODE_DEPLOY",
      },
      at: drainAt(100),
    });
    expect(await life.ends()).toBe(240);
    expect(life.linesOf("drain-began")[0]?.targets).toHaveLength(1);
  });

  test("that began before a restart of the sidecar: the wait starts anew with the restart", async () => {
    const before = await live({ at: drainAt(10) });
    await before.lives(100);
    const life = await live({ restartOf: before });
    expect(await life.ends()).toBe(120);
  });

  test("that was over before a restart of the sidecar: ECS knows it, and the wait starts anew with the restart", async () => {
    const description = { ...oneGroup({ deregistrationDelayMs: 5_000 }), schedulerLagMs: 600_000 };
    const before = await live({ description, at: drainAt(10) });
    await before.lives(25);
    const life = await live({ restartOf: before });
    expect(await life.ends()).toBe(120);
    expect(life.told("reading", "task-status", "drain-began", "target-gone")).toEqual([
      "0 reading web gone Target.NotRegistered",
      "0 task-status STOPPED DEACTIVATING",
      "0 drain-began readings",
    ]);
    before.stop();
    expect(await before.ends()).toBeDefined();
  });
});

describe("nothing ends", () => {
  for (const [what, act] of [
    [
      "by a deregistration by hand that is over before the next poll",
      ({ world, target }: Life) => world.deregisterTarget(target()),
    ],
    [
      "by a target group that is deleted",
      ({ world, target }: Life) => world.deleteTargetGroup(target().targetGroupArn),
    ],
  ] as const)
    test(`${what}, while ECS wants the task: warned once in hours`, async () => {
      const life = await live({
        description: oneGroup({ deregistrationDelayMs: 5_000 }),
        at: { 100: act },
      });
      await life.lives(10_800);
      expect(life.told("target-gone", "drain-began", "task-status")).toEqual([
        "120 task-status RUNNING RUNNING",
        "120 target-gone",
      ]);
      life.stop();
      await life.ends();
    });

  test("by a target that is back and gone again: warned anew", async () => {
    const life = await live({
      description: oneGroup({ deregistrationDelayMs: 5_000 }),
      at: {
        100: ({ world, target }) => world.deregisterTarget(target()),
        200: ({ world, target }) => world.registerTarget(target()),
        310: ({ world, target }) => world.deregisterTarget(target()),
      },
    });
    await life.lives(1_000);
    expect(life.linesOf("target-gone").map(({ atS }) => atS)).toEqual([120, 330]);
    life.stop();
    await life.ends();
  });

  test("by failing health checks, in `unhealthy.draining` neither", async () => {
    const life = await live({
      description: oneGroup({
        unhealthyConnectionTermination: false,
        unhealthyDrainingIntervalMs: 300_000,
      }),
      at: { 100: ({ world, target }) => world.setHealthChecks(target(), "failing") },
    });
    await life.lives(3_600);
    expect(life.told("reading", "drain-began")).toEqual([
      "0 reading web healthy",
      "120 reading web unhealthy.draining Target.FailedHealthChecks",
      "420 reading web unhealthy Target.FailedHealthChecks",
    ]);
    expect(life.calls(status)).toHaveLength(1);
    life.stop();
    await life.ends();
  });

  const faults: readonly FaultKind[] = [
    { kind: "throttle" },
    { kind: "error" },
    { kind: "error", status: 503 },
    { kind: "deny" },
    { kind: "expired-token" },
    { kind: "hang" },
    { kind: "reset" },
    { kind: "garbage" },
    { kind: "garbage", body: '{"tasks":[{}],"failures":null}' },
    { kind: "empty" },
    { kind: "stall" },
    { kind: "cut" },
  ];
  for (const fault of faults)
    test(`while every API meets ${Object.values(fault).join(" ")} from 60 to 3,660: told once a minute at most, recovered, and the drain after it ends`, async () => {
      const life = await live({
        at: {
          60: ({ world }) =>
            void world.fault({ ...fault, action: "*", toMs: life.startMs + 3_660_000 }),
        },
      });
      await life.lives(3_660);
      expect(life.told("drain-began", "defect")).toEqual([]);
      expect(life.linesOf("fault").length).toBeGreaterThan(2);
      expect(life.linesOf("fault").map(({ source }) => source)).toContain("target-health");
      expectFaultsToldAtMostOnceAMinute(life);
      const blind = life.linesOf("fault").findLast(({ source }) => source === "target-health");
      expect(blind?.blindMs).toBeGreaterThan(1_000_000);
      // What will not pass by itself is asked about every 15 minutes; after throttling the way back is a little longer.
      await life.lives(3_660 + 3_000);
      expect(life.linesOf("recovered").map(({ source }) => source)).toContain("target-health");
      life.world.stopTask(life.task().arn, "service");
      expect(await life.ends(6_660 + 1_200)).toBeGreaterThanOrEqual(6_660 + 120);
      expect(life.told("drained")).toHaveLength(1);
    });

  test("a source that answers and fails by turns is told of once a minute at most", async () => {
    let calls = 0;
    const life = await live({
      env: { POLLING_FREQUENCY: "1" },
      world: ({ world }) => ({
        aws: () => {
          const clients = clientsOf(world);
          const { elb } = clients;
          return {
            ...clients,
            elb: {
              send: (command: never, options: never) => {
                calls += 1;
                if (calls % 2 === 0) return Promise.reject(new Error("the socket was closed"));
                return elb.send(command, options);
              },
            },
          };
        },
      }),
    });
    await life.lives(300);
    expect(life.linesOf("fault").length).toBeGreaterThanOrEqual(5);
    expect(life.linesOf("fault").length).toBeLessThanOrEqual(6);
    expect(life.linesOf("recovered").length).toBeLessThanOrEqual(life.linesOf("fault").length);
    life.stop();
    await life.ends();
  });

  test("by a round that a hanging credentials endpoint costs: the drain at 100 is told by ECS at 150, once it answers", async () => {
    const hang = new Promise<never>(() => {});
    const good = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };
    let chains = 0;
    const life = await live({
      at: drainAt(100),
      world: ({ world, clock }) => {
        // Asked for each call, as the SDK does with credentials that are about to expire.
        const credentials = credentialProvider(
          clock,
          { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/v2/credentials/1" },
          () => {
            chains += 1;
            return () =>
              clock.now() >= 175_000 && clock.now() < 205_000 ? hang : Promise.resolve(good);
          },
        );
        return {
          aws: () => {
            const { ecs, elb } = clientsOf(world);
            const after =
              (client: { send(...of: never[]): Promise<unknown> }) =>
              async (...of: never[]) => {
                await credentials();
                return client.send(...of) as never;
              };
            return { ecs: { send: after(ecs) }, elb: { send: after(elb) } };
          },
        };
      },
    });
    expect(await life.ends()).toBe(270);
    expect(life.told("fault", "recovered")).toEqual([
      "124 fault target-health unavailable",
      "180 recovered target-health",
    ]);
    expect(life.linesOf("fault")[0]?.message).toContain("no credentials: no answer within 4 s");
    expect(chains).toBe(2);
  });
});

describe("Elastic Load Balancing throttles from 60 on", () => {
  const throttled = {
    60: ({ world }: Life) =>
      void world.fault({ action: "elasticloadbalancing:*", kind: "throttle" }),
  };

  test("and ECS stops the task at 100: its word begins the drain", async () => {
    const life = await live({ at: { ...throttled, ...drainAt(100) } });
    const endedS = await life.ends();
    const [began] = life.linesOf("drain-began");
    expect(began?.cause).toBe("task-status");
    expect(began?.atS).toBeGreaterThanOrEqual(100);
    expect(began?.atS).toBeLessThanOrEqual(160);
    expect(endedS).toBe((began?.atS ?? 0) + 120);
  });

  test("and ECS stops the task at 100, taskSignal off: nothing ends while it throttles", async () => {
    const life = await live({
      env: { NLB_SIDECAR_TASK_SIGNAL: "false" },
      description: { schedulerLagMs: 86_400_000 },
      at: { ...throttled, ...drainAt(100) },
    });
    await life.lives(3_600);
    expect(life.told("drain-began")).toEqual([]);
    // Its word would begin nothing: it is asked where the task stands, and no more.
    expect(life.calls("ecs:DescribeTasks")).toHaveLength(1);
    life.stop();
    await life.ends();
  });

  test("and ECS wants the task: nothing ends, and it is asked no oftener than once an interval", async () => {
    const life = await live({ at: throttled });
    await life.lives(7_200);
    expect(life.told("drain-began")).toEqual([]);
    expect(life.calls().length).toBeLessThanOrEqual(7_200 / 30 + 5);
    life.stop();
    await life.ends();
  });
});

describe("in observe mode", () => {
  const observe = { NLB_SIDECAR_MODE: "observe", NLB_SIDECAR_STOP_HOLD: "60" };

  test("a drain is told and its end is a `would-exit`, once; a stop signal ends it at once", async () => {
    const life = await live({
      description: { schedulerLagMs: 86_400_000 },
      env: observe,
      at: { ...drainAt(100), 1000: ({ stop }) => stop() },
    });
    expect(await life.ends()).toBe(1000);
    expect(life.told("drain-began", "would-exit", "drained", "stop-held", "stopped")).toEqual([
      "120 drain-began readings",
      "240 would-exit drained",
      "1000 stopped SIGTERM",
    ]);
  });

  test("a target that comes back after a `would-exit` is watched, and its next drain told again", async () => {
    const life = await live({
      env: observe,
      at: {
        100: ({ world, target }) => world.deregisterTarget(target()),
        310: ({ world, target }) => world.registerTarget(target()),
        400: ({ world, target }) => world.deregisterTarget(target()),
        900: ({ stop }) => stop(),
      },
    });
    expect(await life.ends()).toBe(900);
    expect(life.told("drain-began", "drain-called-off", "would-exit")).toEqual([
      "120 drain-began readings",
      "240 would-exit drained",
      "330 drain-called-off",
      "420 drain-began readings",
      "540 would-exit drained",
    ]);
  });
});

describe("open connections", () => {
  // Open connections from each second on; null: counting fails.
  const counting =
    (
      ...counts: (readonly [fromS: number, count: number | undefined | null])[]
    ): NonNullable<Setting["world"]> =>
    ({ clock }) => {
      const startMs = clock.now();
      return {
        connections: {
          count: async (ports) => {
            expect([...ports]).toEqual([8080]);
            const nowS = (clock.now() - startMs) / 1000;
            const [, count] = counts.findLast(([fromS]) => fromS <= nowS) ?? [];
            if (count === null) throw new Error("EMFILE");
            return count;
          },
        },
      };
    };
  const env = { NLB_SIDECAR_DRAIN_TIMEOUT: "300" };
  const over = (life: Life): readonly string[] =>
    life.linesOf("drained").map(({ because, openConnections }) => `${because} ${openConnections}`);

  test("that end at 250.5, after the floor at 240: left at 251", async () => {
    const life = await live({
      env,
      at: drainAt(100),
      world: counting([0, 5], [245, 2], [250.5, 0]),
    });
    expect(await life.ends()).toBe(251);
    expect(over(life)).toEqual(["drained 0"]);
  });

  test("that end before the floor at 240: left at the floor", async () => {
    const life = await live({ env, at: drainAt(100), world: counting([0, 5], [200, 0]) });
    expect(await life.ends()).toBe(240);
  });

  test("that begin again within the floor's last second are seen before leaving", async () => {
    const life = await live({
      env,
      at: drainAt(100),
      world: counting([0, 0], [239.9, 1], [270, 0]),
    });
    expect(await life.ends()).toBe(270);
  });

  test("that begin after the last count are seen before leaving, where counting is rare because it is slow", async () => {
    const life = await live({
      env,
      at: drainAt(100),
      world: ({ clock }) => ({
        connections: {
          // A tenth of a second a count: once in ten seconds.
          count: async (_ports, signal) => {
            await clock.sleep(100, signal);
            const nowS = clock.now() / 1000 - 60;
            return nowS >= 238 && nowS < 270 ? 1 : 0;
          },
        },
      }),
    });
    expect(await life.ends()).toBeGreaterThanOrEqual(270);
  });

  test("that never end: left at the ceiling at 420, and told how many were left", async () => {
    const life = await live({ env, at: drainAt(100), world: counting([0, 5]) });
    expect(await life.ends()).toBe(420);
    expect(over(life)).toEqual(["drain-timeout 5"]);
  });

  test("that cannot be counted: left at the floor, said once", async () => {
    const life = await live({ env, at: drainAt(100), world: counting([0, undefined]) });
    expect(await life.ends()).toBe(240);
    expect(life.told("notice").filter((line) => line.includes("connections"))).toHaveLength(1);
  });

  test("whose counting fails for a while: told as a fault, and they are waited for all the same", async () => {
    const life = await live({
      env,
      at: drainAt(100),
      world: counting([0, 5], [230, null], [260, 0]),
    });
    expect(await life.ends()).toBe(260);
    expect(life.told("fault", "recovered")).toEqual([
      "230 fault connections unexpected",
      "260 recovered connections",
    ]);
  });

  test("are told with the first count, as they fall by half, and with the last one", async () => {
    const counts = [9, 9, 8, 5, 4, 4, 3, 2, 1, 1];
    const life = await live({
      env: { ...env, DEREGISTRATION_WAIT: "0" },
      at: drainAt(100),
      world: () => ({ connections: { count: async () => counts.shift() ?? 0 } }),
    });
    await life.ends();
    const told = life.linesOf("draining").map(({ openConnections }) => openConnections);
    expect(told.slice(0, 4)).toEqual([9, 4, 2, 1]);
    expect(life.linesOf("drained").map(({ openConnections }) => openConnections)).toEqual([0]);
  });

  test("are not counted before a drain, nor without a drain timeout", async () => {
    let counts = 0;
    const world: NonNullable<Setting["world"]> = () => ({
      connections: { count: async () => counts++ },
    });
    const life = await live({ env, world, at: drainAt(1_000) });
    await life.lives(1_000);
    expect(counts).toBe(0);
    life.stop();
    await life.ends();
    const plain = await live({ world, at: drainAt(100) });
    expect(await plain.ends()).toBe(240);
    expect(counts).toBe(0);
  });

  test("are not counted in bridge mode: said once, and left at the floor", async () => {
    const life = await live({
      env,
      description: { networkMode: "bridge" },
      at: drainAt(100),
      world: counting([0, 5]),
    });
    expect(await life.ends()).toBe(240);
    expect(life.told("notice")).toEqual(["0 notice connections-not-counted"]);
  });

  test("a drain timeout beyond the target group's deregistration delay is said once", async () => {
    const life = await live({
      env,
      description: oneGroup({ deregistrationDelayMs: 200_000 }),
      world: counting([0, 0]),
    });
    await life.lives(600);
    expect(life.told("notice")).toEqual(["0 notice drain-timeout-beyond-delay"]);
    life.stop();
    await life.ends();
  });
});

describe("a defect of our own", () => {
  // Fails as that event is written, the first `times` times.
  const failingLog = (
    event: LogEvent["event"],
    times: number,
  ): NonNullable<Setting["beforeLine"]> => {
    let left = times;
    return (line) => {
      if (line.event !== event || left === 0) return;
      left -= 1;
      throw new TypeError("undefined is not an object");
    };
  };

  test("while the drain begins is logged as `defect` with its stack, and the drain's state is kept: left at 240", async () => {
    const life = await live({ at: drainAt(100), beforeLine: failingLog("drain-began", 1) });
    expect(await life.ends()).toBe(240);
    const [defect] = life.linesOf("defect");
    expect(defect).toMatchObject({ message: "undefined is not an object", times: 1 });
    expect(defect?.stack).toContain("TypeError");
  });

  test("that comes back ten times ends nothing before its time, and pauses longer and longer up to a minute", async () => {
    const life = await live({
      env: { NLB_SIDECAR_DRAIN_TIMEOUT: "3600" },
      at: drainAt(100),
      beforeLine: failingLog("draining", 10),
      world: ({ clock }) => ({
        connections: { count: async () => (clock.now() < 1_060_000 ? 1 : 0) },
      }),
    });
    const endedS = await life.ends();
    expect(endedS).toBeGreaterThanOrEqual(1_000);
    expect(endedS).toBeLessThanOrEqual(1_061);
    const defectsS = life.linesOf("defect").map(({ atS }) => atS);
    const pausesS = defectsS.slice(1).map((atS, index) => atS - (defectsS[index] ?? 0));
    expect(pausesS.map((pauseS, index) => pauseS >= Math.min(60, 2 ** index))).toEqual(
      Array.from({ length: 9 }, () => true),
    );
  });

  test("while a stop signal is held off ends the hold neither before its time nor after it", async () => {
    const life = await live({
      env: { NLB_SIDECAR_STOP_HOLD: "100" },
      at: { 50: ({ stop }) => stop() },
      beforeLine: failingLog("draining", 3),
    });
    expect(await life.ends()).toBe(150);
    expect(life.linesOf("defect")).toHaveLength(3);
  });

  for (const event of ["drain-began", "draining"] as const)
    test(`as ${event} is told of a stop signal that is held off: the targets are deregistered once`, async () => {
      const life = await live({
        env: { NLB_SIDECAR_STOP_HOLD: "100", NLB_SIDECAR_DEREGISTER_ON_STOP: "true" },
        at: { 50: ({ stop }) => stop() },
        beforeLine: failingLog(event, 1),
      });
      expect(await life.ends()).toBe(150);
      expect(life.linesOf("defect")).toHaveLength(1);
      expect(life.calls("elasticloadbalancing:DeregisterTargets")).toHaveLength(1);
    });

  test("in a source is a fault that is told and passes", async () => {
    const life = await live({
      at: drainAt(100),
      world: ({ world }) => {
        let calls = 0;
        return {
          aws: () => {
            const clients = clientsOf(world);
            const send = (command: never, options: never) => {
              calls += 1;
              if (calls === 2) throw new TypeError("undefined is not a function");
              return clients.elb.send(command, options);
            };
            return { ...clients, elb: { send } };
          },
        };
      },
    });
    expect(await life.ends()).toBe(240);
    expect(life.linesOf("fault")).toHaveLength(1);
  });
});
