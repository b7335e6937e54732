// Named lives from their start to their stop, with their times in seconds: resolving, stop signals, holds, and who is told.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { ContainerDefinition, FaultKind, WorldDescription } from "@nlb-sidecar/simulator";
import { type Life, live, type Setting } from "./life.ts";

setDefaultTimeout(60_000);

type Act = (life: Life) => void;
const drain: Act = ({ world, task }) => world.stopTask(task().arn, "service");
const stop: Act = (life) => life.stop();

const app: ContainerDefinition = { name: "app", portMappings: [{ containerPort: 8080 }] };
const own: ContainerDefinition = { name: "nlb-sidecar" };
const deregister = "elasticloadbalancing:DeregisterTargets";

describe("before the watch", () => {
  test("faulty settings end it with 78, and every fault is told", async () => {
    const life = await live({ env: { DEREGISTRATION_WAIT: "1e3", NLB_SIDECAR_MODES: "act" } });
    await life.ends();
    expect(life.exitCode()).toBe(78);
    expect(life.linesOf("faulty-settings")[0]?.faults).toHaveLength(2);
    expect(life.calls()).toEqual([]);
  });

  test("denied at start, fault policy exit: ends with 1 at once, and says what to change", async () => {
    const life = await live({
      env: { NLB_SIDECAR_FAULT_POLICY: "exit" },
      description: { tasks: 1 },
      faults: [{ action: "ecs:DescribeTasks", kind: "deny" }],
    });
    expect(await life.ends()).toBe(0);
    expect(life.exitCode()).toBe(1);
    expect(life.told("fault", "gave-up")).toEqual(["0 fault targets denied", "0 gave-up denied"]);
  });

  test("throttled at start, fault policy exit: stays, since that passes", async () => {
    const life = await live({
      env: { NLB_SIDECAR_FAULT_POLICY: "exit" },
      faults: [{ action: "ecs:DescribeTasks", kind: "throttle" }],
    });
    await life.lives(3_600);
    life.stop();
    await life.ends();
    expect(life.exitCode()).toBe(0);
  });

  test("denied at start, fault policy exit, in observe mode: stays", async () => {
    const life = await live({
      env: { NLB_SIDECAR_FAULT_POLICY: "exit", NLB_SIDECAR_MODE: "observe" },
      faults: [{ action: "ecs:DescribeTasks", kind: "deny" }],
    });
    await life.lives(3_600);
    life.stop();
    await life.ends();
    expect(life.exitCode()).toBe(0);
  });

  test("denied at start and allowed at 7,200, fault policy stay: asked about every 15 minutes at most, and watched then", async () => {
    const life = await live({
      faults: [{ action: "ecs:DescribeTasks", kind: "deny", toS: 7_200 }],
      at: { 9000: drain },
    });
    const endedS = await life.ends();
    expect(life.exitCode()).toBe(0);
    const [watchedS = 0] = life.linesOf("targets").map(({ atS }) => atS);
    expect(watchedS).toBeGreaterThanOrEqual(7_200);
    expect(watchedS).toBeLessThanOrEqual(7_200 + 900);
    expect(endedS).toBeLessThanOrEqual(9_000 + 150);
    // With growing pauses it is some fourteen times in two hours.
    expect(life.linesOf("fault").length).toBeLessThan(16);
    expect(life.linesOf("recovered")).toHaveLength(1);
  });

  const misplaced: readonly (readonly [string, string, WorldDescription])[] = [
    ["a task that no service started", "not-in-a-service", { service: null }],
    ["a service without target groups", "no-target-groups", { targetGroups: [] }],
    ["a task without a network", "network-mode-none", { networkMode: "none", targetGroups: [] }],
  ];
  for (const [what, code, description] of misplaced)
    test(`${what}: stays for three days, and says so once`, async () => {
      const life = await live({ description });
      await life.lives(3 * 86_400);
      expect(life.told("fault")).toEqual([`0 fault targets ${code}`]);
      expect(life.calls("ecs:DescribeTasks").length).toBeLessThan((3 * 86_400) / 900 + 20);
      life.stop();
      await life.ends();
      expect(life.exitCode()).toBe(0);
    });

  test("outside of ECS: stays, and says so once", async () => {
    const life = await live({ env: { ECS_CONTAINER_METADATA_URI_V4: "" } });
    await life.lives(86_400);
    expect(life.told("fault")).toEqual(["0 fault task-metadata not-on-ecs"]);
    life.stop();
    await life.ends();
  });

  test("the host port is bound at 45 in bridge mode: its target is found at the next round, and its drain at 200 seen", async () => {
    const life = await live({
      starts: true,
      description: {
        networkMode: "bridge",
        containers: [{ ...app, pullMs: 40_000, startMs: 5_000 }, own],
      },
      at: { 200: drain },
    });
    expect(await life.ends()).toBe(330);
    expect(life.told("targets", "fault")).toEqual([
      "0 targets 0 and 1 pending",
      "60 targets 1 and 0 pending",
    ]);
  });

  const twoContainers: WorldDescription = {
    networkMode: "bridge",
    containers: [
      app,
      { name: "admin", portMappings: [{ containerPort: 9090 }], pullMs: 86_400_000 },
      own,
    ],
    targetGroups: [{ name: "web" }, { name: "admin" }],
    loadBalancers: [
      { targetGroup: "web", containerName: "app", containerPort: 8080 },
      { targetGroup: "admin", containerName: "admin", containerPort: 9090 },
    ],
  };

  test("a second entry is pending: the first is watched meanwhile, and its drain ends the life", async () => {
    const life = await live({
      starts: true,
      description: twoContainers,
      at: {
        10: ({ world, target }) => world.registerTarget(target("web")),
        100: ({ world, target }) => world.deregisterTarget(target("web")),
      },
    });
    expect(await life.ends()).toBe(240);
    expect(life.told("targets")).toEqual(["0 targets 1 and 1 pending"]);
  });

  test("a second entry is pending and the metadata endpoint hangs from 60 on: the first is watched all the same", async () => {
    const life = await live({
      starts: true,
      description: twoContainers,
      at: {
        10: ({ world, target }) => world.registerTarget(target("web")),
        60: ({ world }) => void world.fault({ action: "metadata:*", kind: "hang" }),
        100: ({ world, target }) => world.deregisterTarget(target("web")),
      },
    });
    expect(await life.ends()).toBe(245);
    expect(life.linesOf("fault").map(({ code }) => code)).toContain("metadata-unavailable");
  });

  test("a target that was found is kept, whatever the service's load balancers become", async () => {
    const life = await live({
      description: {
        targetGroups: [{ name: "web" }, { name: "next" }],
        loadBalancers: [{ targetGroup: "web", containerName: "app", containerPort: 8080 }],
      },
      at: {
        50: ({ world }) =>
          world.setLoadBalancers([
            { targetGroup: "next", containerName: "app", containerPort: 8080 },
          ]),
        100: drain,
      },
    });
    expect(await life.ends()).toBe(240);
  });
});

// Nothing may follow a stop signal but its own line: no call, and nobody who sleeps.
async function expectStoppedAt(life: Life, second: number, name = "SIGTERM"): Promise<void> {
  expect(life.endedS()).toBeUndefined();
  const calls = life.world.calls.length;
  const lines = life.lines.length;
  life.stop(name);
  expect(await life.ends()).toBe(second);
  expect(life.exitCode()).toBe(0);
  expect(life.world.calls.length).toBe(calls);
  expect(life.lines.slice(lines).map(({ event }) => event)).toEqual(["stopped"]);
  expect(life.told("stopped")).toEqual([`${second} stopped ${name}`]);
  expect(life.clock.sleeping).toBe(0);
  await life.clock.advance(3_600_000);
  expect(life.world.calls.length).toBe(calls);
  expect(life.lines.length).toBe(lines + 1);
}

describe("a stop signal ends it with 0, without another call, poll or sleep", () => {
  const hang: FaultKind = { kind: "hang" };

  test("while the task metadata endpoint hangs at start", async () => {
    const life = await live({ faults: [{ action: "metadata:*", ...hang }] });
    await life.lives(2);
    await expectStoppedAt(life, 2);
  });

  test("between two tries to reach the task metadata endpoint", async () => {
    const life = await live({ faults: [{ action: "metadata:*", kind: "error" }] });
    await life.lives(7);
    await expectStoppedAt(life, 7);
  });

  for (const action of ["ecs:DescribeTasks", "ecs:DescribeServices"])
    test(`while ${action} hangs at start`, async () => {
      const life = await live({ faults: [{ action, ...hang }] });
      await life.lives(3);
      await expectStoppedAt(life, 3);
    });

  test("between two tries to resolve", async () => {
    const life = await live({ faults: [{ action: "ecs:*", kind: "deny" }] });
    await life.lives(50);
    await expectStoppedAt(life, 50, "SIGINT");
  });

  test("asleep between two rounds", async () => {
    const life = await live();
    await life.lives(77);
    await expectStoppedAt(life, 77);
  });

  test("in a call", async () => {
    const life = await live({ faults: [{ action: "elasticloadbalancing:*", ...hang, fromS: 50 }] });
    await life.lives(63);
    await expectStoppedAt(life, 63);
  });

  test("in a call to ECS, as a witness", async () => {
    const life = await live({
      description: { targetGroups: [{ name: "web", deregistrationDelayMs: 5_000 }] },
      faults: [{ action: "ecs:*", ...hang, fromS: 50 }],
      at: { 100: ({ world, target }) => world.deregisterTarget(target()) },
    });
    await life.lives(122);
    await expectStoppedAt(life, 122);
  });

  test("draining", async () => {
    const life = await live({ at: { 100: drain } });
    await life.lives(133);
    await expectStoppedAt(life, 133);
    expect(life.linesOf("stopped")[0]?.elapsedMs).toBe(13_000);
  });

  test("draining, held for connections", async () => {
    const life = await live({
      env: { NLB_SIDECAR_DRAIN_TIMEOUT: "600" },
      at: { 100: drain },
      world: () => ({ connections: { count: async () => 3 } }),
    });
    await life.lives(300.5);
    await expectStoppedAt(life, 300.5);
  });

  test("while its first warning asks for the deregistration delays", async () => {
    const life = await live({
      env: { NLB_SIDECAR_DRAIN_TIMEOUT: "600" },
      description: { targetGroups: [{ name: "web" }, { name: "admin" }] },
      faults: [{ action: "elasticloadbalancing:DescribeTargetGroupAttributes", ...hang }],
      world: () => ({ connections: { count: async () => 0 } }),
    });
    await life.lives(2);
    await expectStoppedAt(life, 2);
  });
});

describe("a stop signal is held off for up to 100 seconds", () => {
  const env = { NLB_SIDECAR_STOP_HOLD: "100" };
  const deregisters = { ...env, NLB_SIDECAR_DEREGISTER_ON_STOP: "true" };

  test("at 50, before any drain: to 150", async () => {
    const life = await live({ env, at: { 50: stop } });
    expect(await life.ends()).toBe(150);
    expect(life.told("drain-began", "stop-held", "drained")).toEqual([
      "50 drain-began stop-signal",
      "50 stop-held SIGTERM",
      "150 drained stop-hold",
    ]);
    expect(life.calls(deregister)).toEqual([]);
  });

  test("at 50, with a wait of 30, and the target served on: to 150", async () => {
    const life = await live({ env: { ...env, DEREGISTRATION_WAIT: "30" }, at: { 50: stop } });
    expect(await life.ends()).toBe(150);
  });

  test("at 50, with a wait of 30, deregistered at 60, read at 80: to 110", async () => {
    const life = await live({
      env: { ...env, DEREGISTRATION_WAIT: "30" },
      at: { 50: stop, 60: drain },
    });
    expect(await life.ends()).toBe(110);
  });

  test("at 50, a wait of 30 from 80 on and connections open to 125.2: to 126", async () => {
    const life = await live({
      env: { ...env, DEREGISTRATION_WAIT: "30", NLB_SIDECAR_DRAIN_TIMEOUT: "300" },
      at: { 50: stop, 60: drain },
      world: ({ clock }) => ({
        connections: { count: async () => (clock.now() < 60_000 + 125_200 ? 1 : 0) },
      }),
    });
    expect(await life.ends()).toBe(126);
  });

  test("at 130, draining since 120: to 230, by the hold, and no later", async () => {
    const life = await live({ env, at: { 100: drain, 130: stop } });
    expect(await life.ends()).toBe(230);
  });

  test("at 200, draining since 120: to 240, by the wait", async () => {
    const life = await live({ env, at: { 100: drain, 200: stop } });
    expect(await life.ends()).toBe(240);
  });

  for (const kind of ["hang", "stall"] as const)
    test(`at 50, and every call meets ${kind} from 45 on: to 150 all the same`, async () => {
      const life = await live({
        env: { ...deregisters, NLB_SIDECAR_DRAIN_TIMEOUT: "300" },
        faults: [{ action: "*", kind, fromS: 45 }],
        at: { 50: stop },
        world: () => ({ connections: { count: async () => 1 } }),
      });
      expect(await life.ends()).toBe(150);
      expect(life.exitCode()).toBe(0);
    });

  test("at 50, and counting connections hangs: to 150 all the same", async () => {
    const life = await live({
      env: { ...env, NLB_SIDECAR_DRAIN_TIMEOUT: "300" },
      at: { 50: stop },
      world: () => ({
        connections: {
          count: (_ports, signal) =>
            new Promise((_resolve, reject) => {
              signal.addEventListener("abort", () => reject(signal.reason), { once: true });
            }),
        },
      }),
    });
    expect(await life.ends()).toBe(150);
  });

  test("at 50, and the targets' containers stop at 70: to 71, while others run on", async () => {
    const life = await live({
      env,
      description: { containers: [{ ...app, essential: false }, own] },
      at: { 50: stop, 70.5: ({ world, task }) => world.containerExited(task().arn, "app", 1) },
    });
    expect(await life.ends()).toBe(71);
    expect(life.told("drained")).toEqual(["71 drained containers-stopped"]);
  });

  test("at 50, and one of two containers of the targets stops at 70: to 150", async () => {
    const life = await live({
      env,
      description: {
        containers: [
          { ...app, essential: false },
          { name: "admin", essential: false, portMappings: [{ containerPort: 9090 }] },
          own,
        ],
        targetGroups: [{ name: "web" }, { name: "admin" }],
        loadBalancers: [
          { targetGroup: "web", containerName: "app", containerPort: 8080 },
          { targetGroup: "admin", containerName: "admin", containerPort: 9090 },
        ],
      },
      at: { 50: stop, 70: ({ world, task }) => world.containerExited(task().arn, "app", 1) },
    });
    expect(await life.ends()).toBe(150);
  });

  test("the targets are deregistered at 50, once, and only those that were resolved", async () => {
    const life = await live({
      env: deregisters,
      description: {
        targetGroups: [{ name: "web" }, { name: "admin" }, { name: "other" }],
        loadBalancers: [
          { targetGroup: "web", containerName: "app", containerPort: 8080 },
          { targetGroup: "admin", containerName: "app", containerPort: 8080 },
        ],
      },
      at: { 50: stop },
    });
    expect(await life.ends()).toBe(150);
    const calls = life.world.calls.filter(({ action }) => action === deregister);
    expect(calls.map(({ about }) => about.join(" ").includes("/other/"))).toEqual([false, false]);
    expect(life.calls(deregister).map(({ atS }) => atS)).toEqual([50, 50]);
    expect(life.linesOf("deregistered").flatMap(({ targets }) => targets)).toHaveLength(2);
    for (const name of ["web", "admin"]) {
      const { targetGroupArn, id, port } = life.target(name);
      expect(life.world.targetHealth(targetGroupArn, id, port)?.state).toBe("draining");
    }
  });

  test("deregistering is denied: said, and the hold goes on", async () => {
    const life = await live({
      env: deregisters,
      faults: [{ action: deregister, kind: "deny" }],
      at: { 50: stop },
    });
    expect(await life.ends()).toBe(150);
    expect(life.told("fault", "deregistered")).toEqual(["50 fault deregistration denied"]);
    expect(life.calls(deregister)).toHaveLength(1);
  });

  test("without being asked to, nothing is deregistered; nor in observe mode, which holds nothing off", async () => {
    const life = await live({
      env: { ...deregisters, NLB_SIDECAR_MODE: "observe" },
      at: { 50: stop },
    });
    expect(await life.ends()).toBe(50);
    expect(life.calls(deregister)).toEqual([]);
  });

  const bridge: WorldDescription = {
    networkMode: "bridge",
    containers: [{ ...app, essential: false }, own],
  };

  test.each([
    ["a status port", { NLB_SIDECAR_STATUS_PORT: "9000" }, 1],
    ["a URL of the loopback address", { NLB_SIDECAR_ON_DRAIN_URL: "http://localhost:9901/x" }, 1],
    ["a URL of elsewhere", { NLB_SIDECAR_ON_DRAIN_URL: "http://app:9901/x" }, 0],
    ["neither", {}, 0],
  ] as const)(
    "in bridge mode, with %s: who cannot be reached is said %#",
    async (_, more, times) => {
      const life = await live({ env: more, description: bridge });
      await life.lives(60);
      const told = life.linesOf("notice").filter(({ code }) => code === "loopback-not-shared");
      expect(told).toHaveLength(times);
      life.stop();
      await life.ends();
    },
  );

  test("in bridge mode a target is deregistered while its container runs with that host port", async () => {
    const life = await live({ env: deregisters, description: bridge, at: { 50: stop } });
    expect(await life.ends()).toBe(150);
    expect(life.calls(deregister)).toHaveLength(1);
    const { targetGroupArn, id, port } = life.target();
    expect(life.world.targetHealth(targetGroupArn, id, port)?.state).toBe("draining");
  });

  test("in bridge mode a target whose container has stopped is not: its port may be another task's", async () => {
    const life = await live({
      env: deregisters,
      description: bridge,
      at: { 40: ({ world, task }) => world.containerExited(task().arn, "app", 1), 50: stop },
    });
    expect(await life.ends()).toBeLessThanOrEqual(51);
    expect(life.calls(deregister)).toEqual([]);
  });

  test("in bridge mode, while the metadata endpoint gives no answer, none is", async () => {
    const life = await live({
      env: deregisters,
      description: bridge,
      faults: [{ action: "metadata:*", kind: "error", fromS: 40 }],
      at: { 50: stop },
    });
    expect(await life.ends()).toBe(150);
    expect(life.calls(deregister)).toEqual([]);
    expect(life.told("fault")).toContain("50 fault deregistration metadata-unavailable");
  });

  test("at 3, while it resolves: ends at once, as there is nothing to hold for", async () => {
    const life = await live({ env, faults: [{ action: "ecs:*", kind: "hang" }], at: { 3: stop } });
    expect(await life.ends()).toBe(3);
  });
});

describe("the application is told", () => {
  interface Told {
    readonly atS: number;
    readonly url: string;
    readonly body: unknown;
  }
  const answering =
    (told: Told[], answer: (nth: number) => Promise<number>): NonNullable<Setting["world"]> =>
    ({ clock }) => {
      const startMs = clock.now();
      return {
        post: (url, body) => {
          told.push({ atS: (clock.now() - startMs) / 1000, url, body: JSON.parse(body) });
          return answer(told.length);
        },
      };
    };
  const drainUrl = "http://127.0.0.1:8080/drain";
  const returnUrl = "http://127.0.0.1:8080/return";
  const env = { NLB_SIDECAR_ON_DRAIN_URL: drainUrl, NLB_SIDECAR_ON_RETURN_URL: returnUrl };

  test("once when a drain begins, once when it is called off, with a body that names the task", async () => {
    const told: Told[] = [];
    const life = await live({
      env,
      at: {
        100: ({ world, target }) => world.deregisterTarget(target()),
        140: ({ world, target }) => world.registerTarget(target()),
        200: drain,
      },
      world: answering(told, async () => 204),
    });
    expect(await life.ends()).toBe(330);
    expect(told.map(({ atS, url }) => [atS, url])).toEqual([
      [120, drainUrl],
      [150, returnUrl],
      [210, drainUrl],
    ]);
    expect(told[0]?.body).toMatchObject({ phase: "draining", task: life.task().arn });
    expect(life.linesOf("notified").map(({ of, status }) => `${of} ${status}`)).toEqual([
      "drain 204",
      "return 204",
      "drain 204",
    ]);
  });

  test("by three tries at most, half a second apart, and a fault then", async () => {
    const told: Told[] = [];
    const life = await live({ env, at: { 100: drain }, world: answering(told, async () => 503) });
    expect(await life.ends()).toBe(240);
    expect(told.map(({ atS }) => atS)).toEqual([120, 120.5, 121]);
    expect(life.told("fault")).toEqual(["121 fault application not-notified"]);
  });

  test("again until it answers", async () => {
    const told: Told[] = [];
    const world = answering(told, async (nth) => {
      if (nth === 1) throw new Error("connection refused");
      return 200;
    });
    const life = await live({ env, at: { 100: drain }, world });
    await life.ends();
    expect(told).toHaveLength(2);
    expect(life.told("fault")).toEqual([]);
  });

  test("for two seconds a try, where it does not answer", async () => {
    const told: Told[] = [];
    const life = await live({
      env,
      at: { 100: drain },
      world: answering(told, () => new Promise(() => {})),
    });
    expect(await life.ends()).toBe(240);
    expect(told.map(({ atS }) => atS)).toEqual([120, 122.5, 125]);
    expect(life.told("fault")).toEqual(["127 fault application not-notified"]);
  });

  test("without delaying the exit, where it does not answer", async () => {
    const told: Told[] = [];
    const life = await live({
      env: { ...env, DEREGISTRATION_WAIT: "1" },
      at: { 100: drain },
      world: answering(told, () => new Promise(() => {})),
    });
    expect(await life.ends()).toBe(121);
  });

  test("no more of the drain, where it is called off before the application answers", async () => {
    const told: Told[] = [];
    const life = await live({
      env: { ...env, POLLING_FREQUENCY: "1" },
      at: {
        100: ({ world, target }) => world.deregisterTarget(target()),
        101: ({ world, target }) => world.registerTarget(target()),
      },
      world: answering(told, async (nth) => (nth === 1 ? new Promise<never>(() => {}) : 200)),
    });
    await life.lives(200);
    expect(told.map(({ url }) => url)).toEqual([drainUrl, returnUrl]);
    life.stop();
    await life.ends();
  });

  test("of nothing in observe mode, and of nothing by a stop signal that ends it at once", async () => {
    const told: Told[] = [];
    const world = answering(told, async () => 200);
    const observing = await live({
      env: { ...env, NLB_SIDECAR_MODE: "observe" },
      at: { 100: drain, 300: stop },
      world,
    });
    await observing.ends();
    const stopping = await live({ env, at: { 100: stop }, world });
    await stopping.ends();
    expect(told).toEqual([]);
  });
});

describe("the status server", () => {
  const env = { NLB_SIDECAR_STATUS_PORT: "9090" };

  test("answers /ready with 200 until the drain at 125, 503 from then on, and is closed with the process", async () => {
    const opened: { port: number; ready: () => number; phase: () => unknown; closed: boolean }[] =
      [];
    const life = await live({
      env,
      // Answered at the second try, at 5.
      faults: [{ action: "metadata:*", kind: "error", toS: 1 }],
      at: { 100: drain },
      world: () => ({
        serve: (port, answer) => {
          const server = {
            port,
            ready: () => answer("/ready").status,
            phase: () => (answer("/status").body as { readonly phase: unknown }).phase,
            closed: false,
          };
          opened.push(server);
          return {
            close: () => {
              server.closed = true;
            },
          };
        },
      }),
    });
    const [server] = opened;
    if (server === undefined) throw new Error("no server was opened");
    expect(server.port).toBe(9090);
    await life.lives(4);
    expect([server.ready(), server.phase()]).toEqual([200, "starting"]);
    await life.lives(119);
    expect([server.ready(), server.phase()]).toEqual([200, "watching"]);
    await life.lives(126);
    expect([server.ready(), server.phase()]).toEqual([503, "draining"]);
    expect(server.closed).toBe(false);
    await life.ends();
    expect(server.closed).toBe(true);
  });

  test("answers 200 again where the drain is called off", async () => {
    let ready = () => 0;
    const life = await live({
      env,
      at: {
        100: ({ world, target }) => world.deregisterTarget(target()),
        140: ({ world, target }) => world.registerTarget(target()),
      },
      world: () => ({
        serve: (_port, answer) => {
          ready = () => answer("/ready").status;
          return { close: () => {} };
        },
      }),
    });
    await life.lives(149);
    expect(ready()).toBe(503);
    await life.lives(151);
    expect(ready()).toBe(200);
    life.stop();
    await life.ends();
  });

  test("whose port is in use is a fault, and the watch goes on", async () => {
    const life = await live({
      env,
      at: { 100: drain },
      world: () => ({
        serve: () => {
          throw new Error("Failed to start server. Is port 9090 in use?");
        },
      }),
    });
    expect(await life.ends()).toBe(240);
    expect(life.told("fault")).toEqual(["0 fault status status-port"]);
  });
});
