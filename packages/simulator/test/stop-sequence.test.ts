// How ECS stops a task, by cause, and what its containers are told when.

import { describe, expect, test } from "bun:test";
import type {
  ContainerDefinition,
  TargetGroupDescription,
  WorldDescription,
} from "../src/index.ts";
import { firstTarget, firstTask, healthOf, linesOf, simulatedWorld } from "./simulated-world.ts";

const app: ContainerDefinition = {
  name: "app",
  portMappings: [{ containerPort: 8080 }],
  stopsAfterMs: 3_000,
};
const sidecar: ContainerDefinition = { name: "nlb-sidecar", stopsAfterMs: 0 };
const web: TargetGroupDescription = { name: "web", deregistrationDelayMs: 60_000 };
const description: WorldDescription = { containers: [app, sidecar], targetGroups: [web] };

describe("ECS stops a task", () => {
  test("of a service: deregisters it, waits for unused, signals, and takes it apart", async () => {
    const { world, clock } = simulatedWorld({
      ...description,
      schedulerLagMs: 2_000,
      deprovisioningMs: 5_000,
    });
    const { arn } = firstTask(world);
    await clock.advance(1_000);
    world.stopTask(arn, "service");
    expect(world.taskStatus(arn)).toEqual({ desiredStatus: "STOPPED", lastStatus: "DEACTIVATING" });
    expect(healthOf(world, firstTarget(world))).toBe("draining Target.DeregistrationInProgress");
    await clock.advance(600_000);
    expect(linesOf(world, arn)).toEqual([
      "1 STOPPED DEACTIVATING",
      "63 STOPPED STOPPING",
      "63 app SIGTERM",
      "63 nlb-sidecar SIGTERM",
      "63 nlb-sidecar STOPPED 0",
      "66 app STOPPED 0",
      "66 STOPPED DEPROVISIONING",
      "71 STOPPED STOPPED",
    ]);
    expect(firstTask(world).stopCode).toBe("ServiceSchedulerInitiated");
  });

  test("of a service, and waits for the slowest of its target groups", async () => {
    const { world, clock } = simulatedWorld({
      ...description,
      targetGroups: [web, { name: "slow", deregistrationDelayMs: 300_000 }],
    });
    const { arn } = firstTask(world);
    world.stopTask(arn, "service");
    await clock.advance(299_999);
    expect(world.task(arn).lastStatus).toBe("DEACTIVATING");
    await clock.advance(1);
    expect(world.task(arn).lastStatus).toBe("STOPPING");
  });

  test("of a service without target groups at once", () => {
    const { world } = simulatedWorld({ ...description, targetGroups: [] });
    const { arn } = firstTask(world);
    world.stopTask(arn, "service");
    expect(world.task(arn).lastStatus).toBe("STOPPING");
  });

  test.each([
    ["stop-task", "UserInitiated"],
    ["spot", "SpotInterruption"],
  ] as const)("by %s: signals at once, and deregisters meanwhile", async (cause, stopCode) => {
    const { world, clock } = simulatedWorld(description);
    const { arn } = firstTask(world);
    await clock.advance(1_000);
    world.stopTask(arn, cause);
    expect(healthOf(world, firstTarget(world))).toBe("draining Target.DeregistrationInProgress");
    await clock.advance(600_000);
    expect(linesOf(world, arn).slice(0, 3)).toEqual([
      "1 STOPPED STOPPING",
      "1 app SIGTERM",
      "1 nlb-sidecar SIGTERM",
    ]);
    expect(linesOf(world, arn).at(-1)).toBe("4 STOPPED STOPPED");
    expect(firstTask(world).stopCode).toBe(stopCode);
  });

  test.each([0, 1])(
    "when an essential container exits with %d: the others at once",
    async (code) => {
      const { world, clock } = simulatedWorld(description);
      const { arn } = firstTask(world);
      await clock.advance(1_000);
      world.containerExited(arn, "nlb-sidecar", code);
      expect(healthOf(world, firstTarget(world))).toBe("draining Target.DeregistrationInProgress");
      await clock.advance(600_000);
      expect(linesOf(world, arn)).toEqual([
        `1 nlb-sidecar STOPPED ${code}`,
        "1 STOPPED STOPPING",
        "1 app SIGTERM",
        "4 app STOPPED 0",
        "4 STOPPED DEPROVISIONING",
        "4 STOPPED STOPPED",
      ]);
      expect(firstTask(world).stopCode).toBe("EssentialContainerExited");
    },
  );

  test("sooner than the delay, when an essential container exits while it drains", async () => {
    const { world, clock } = simulatedWorld(description);
    const { arn } = firstTask(world);
    world.stopTask(arn, "service");
    await clock.advance(20_000);
    world.containerExited(arn, "nlb-sidecar", 0);
    await clock.advance(3_000);
    expect(world.task(arn)).toMatchObject({
      lastStatus: "STOPPED",
      stopCode: "ServiceSchedulerInitiated",
    });
    expect(healthOf(world, firstTarget(world))).toBe("draining Target.DeregistrationInProgress");
    await clock.advance(37_000);
    expect(healthOf(world, firstTarget(world))).toBe("unused Target.NotRegistered");
  });

  test("at once, when StopTask comes while it drains", () => {
    const { world } = simulatedWorld(description);
    const { arn } = firstTask(world);
    world.stopTask(arn, "service");
    world.stopTask(arn, "service");
    expect(world.task(arn).lastStatus).toBe("DEACTIVATING");
    world.stopTask(arn, "stop-task");
    expect(world.task(arn).lastStatus).toBe("STOPPING");
  });

  test("whose target group was deleted without waiting for it", () => {
    const { world } = simulatedWorld(description);
    const { arn } = firstTask(world);
    world.deleteTargetGroup("web");
    world.stopTask(arn, "service");
    expect(world.task(arn).lastStatus).toBe("STOPPING");
  });
});

describe("containers are signalled", () => {
  const stopped = async (
    containers: readonly ContainerDefinition[],
  ): Promise<readonly string[]> => {
    const { world, clock } = simulatedWorld({ ...description, containers });
    const { arn } = firstTask(world);
    await clock.advance(1_000);
    world.stopTask(arn, "stop-task");
    await clock.advance(600_000);
    return linesOf(world, arn).filter((line) => /SIG|STOPPED \d+$/.test(line));
  };

  test("in the reverse of their dependencies", async () => {
    const dependsOn = [{ containerName: "app", condition: "START" as const }];
    expect(await stopped([app, { ...sidecar, dependsOn, stopsAfterMs: 10_000 }])).toEqual([
      "1 nlb-sidecar SIGTERM",
      "11 nlb-sidecar STOPPED 0",
      "11 app SIGTERM",
      "14 app STOPPED 0",
    ]);
  });

  test("with SIGKILL when their stop timeout is over", async () => {
    expect(
      await stopped([
        { name: "app", stopTimeoutMs: 7_000 },
        { ...sidecar, stopsAfterMs: 40_000 },
      ]),
    ).toEqual([
      "1 app SIGTERM",
      "1 nlb-sidecar SIGTERM",
      "8 app SIGKILL",
      "8 app STOPPED 137",
      "31 nlb-sidecar SIGKILL",
      "31 nlb-sidecar STOPPED 137",
    ]);
  });

  test("not at all when they have exited by themselves", async () => {
    const { world, clock } = simulatedWorld({
      ...description,
      containers: [app, { ...sidecar, essential: false }],
    });
    const { arn } = firstTask(world);
    await clock.advance(1_000);
    world.containerExited(arn, "nlb-sidecar", 1);
    world.containerExited(arn, "nlb-sidecar", 2);
    expect(world.task(arn).lastStatus).toBe("RUNNING");
    world.stopTask(arn, "stop-task");
    await clock.advance(600_000);
    expect(linesOf(world, arn)).not.toContain("1 nlb-sidecar SIGTERM");
    expect(world.task(arn).containers[1]?.exitCode).toBe(1);
  });
});

describe("a restart policy", () => {
  const restartPolicy = { ignoredExitCodes: [0], restartAttemptPeriodMs: 60_000 };
  test.each([
    ["restarts after an exit that is not ignored", 60_000, 1, "RUNNING"],
    ["lets the task stop after an ignored exit code", 60_000, 0, "STOPPING"],
    ["lets the task stop after an exit that came too soon", 59_999, 1, "STOPPING"],
  ] as const)("%s", async (_title, afterMs, code, lastStatus) => {
    const { world, clock } = simulatedWorld({
      ...description,
      containers: [app, { ...sidecar, restartPolicy }],
    });
    const { arn } = firstTask(world);
    await clock.advance(afterMs);
    world.containerExited(arn, "nlb-sidecar", code);
    expect(world.task(arn).lastStatus).toBe(lastStatus);
    expect(world.task(arn).containers[1]?.status).toBe(
      lastStatus === "RUNNING" ? "RUNNING" : "STOPPED",
    );
  });
});

test("a target turns unhealthy some time after its container stopped", async () => {
  const { world, clock } = simulatedWorld({
    containers: [{ ...app, essential: false }, sidecar],
    targetGroups: [{ ...web, unhealthyAfterMs: 20_000 }],
  });
  world.containerExited(firstTask(world).arn, "app", 1);
  await clock.advance(19_999);
  expect(healthOf(world, firstTarget(world))).toBe("healthy");
  await clock.advance(1);
  expect(healthOf(world, firstTarget(world))).toBe("unhealthy Target.FailedHealthChecks");
});

test("a listener that acts on a signal acts at the signal's moment, however late the world is looked at", async () => {
  const { world, clock } = simulatedWorld({
    ...description,
    containers: [{ name: "app" }, sidecar],
  });
  const { arn } = firstTask(world);
  world.onEvent((event) => {
    if (event.kind === "signal" && event.container === "app") world.containerExited(arn, "app", 0);
  });
  world.stopTask(arn, "service");
  await clock.advance(3_600_000);
  expect(linesOf(world, arn).at(-1)).toBe("60 STOPPED STOPPED");
});

test("run lets changes happen at their time though nobody looks", async () => {
  const { world, clock } = simulatedWorld(description);
  const stop = new AbortController();
  const times: number[] = [];
  world.onEvent((event) => {
    if (event.kind === "signal") times.push(clock.now());
  });
  const running = world.run(stop.signal);
  await clock.advance(10_000);
  world.stopTask(firstTask(world).arn, "service");
  await clock.advance(100_000);
  expect(times).toEqual([70_000, 70_000]);
  stop.abort();
  await running;
  expect(clock.sleeping).toBe(0);
});

test("what a world does not have is refused by name", () => {
  const { world } = simulatedWorld(description);
  expect(() => world.stopTask("nobody", "service")).toThrow("no task nobody");
  expect(() => world.routes("nowhere")).toThrow("no target group nowhere");
  expect(() => world.containerExited(firstTask(world).arn, "other", 0)).toThrow(
    "no container other",
  );
});
