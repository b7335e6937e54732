// Targets over time: what Elastic Load Balancing tells of them, and where new connections go.

import { describe, expect, test } from "bun:test";
import type { Target, TargetGroupDescription, World } from "../src/index.ts";
import { firstTarget, healthOf, simulatedWorld } from "./simulated-world.ts";

const group: TargetGroupDescription = {
  name: "web",
  deregistrationDelayMs: 300_000,
  registrationMs: 5_000,
  initialHealthCheckMs: 10_000,
  registrationLagMs: 30_000,
  deregistrationLagMs: 120_000,
};
const withGroup = (change: Partial<TargetGroupDescription>, tasks = 1) =>
  simulatedWorld({ tasks, targetGroups: [{ ...group, ...change }] });
const other = (world: World): Target => ({ ...firstTarget(world), id: "10.0.9.9" });
const isRouted = (world: World, target: Target): boolean =>
  world
    .routes(target.targetGroupArn)
    .some(({ id, port }) => id === target.id && port === target.port);

describe("a target's state", () => {
  test.each([
    [0, "initial Elb.RegistrationInProgress", false],
    [4_999, "initial Elb.RegistrationInProgress", false],
    [5_000, "initial Elb.InitialHealthChecking", false],
    [14_999, "initial Elb.InitialHealthChecking", false],
    [15_000, "healthy", false],
    [44_999, "healthy", false],
    [45_000, "healthy", true],
  ])("%d ms after its registration is %s", async (ms, state, routed) => {
    const { world, clock } = withGroup({});
    const target = other(world);
    world.registerTarget(target);
    await clock.advance(ms);
    expect(healthOf(world, target)).toBe(state);
    expect(isRouted(world, target)).toBe(routed);
  });

  test.each([
    [0, "draining Target.DeregistrationInProgress", true],
    [119_999, "draining Target.DeregistrationInProgress", true],
    [120_000, "draining Target.DeregistrationInProgress", false],
    [299_999, "draining Target.DeregistrationInProgress", false],
    [300_000, "unused Target.NotRegistered", false],
  ])("%d ms after its deregistration is %s", async (ms, state, routed) => {
    const { world, clock } = withGroup({});
    const target = firstTarget(world);
    world.deregisterTarget(target);
    await clock.advance(ms);
    expect(healthOf(world, target)).toBe(state);
    expect(isRouted(world, target)).toBe(routed);
    expect(world.targets("web")).toHaveLength(state.startsWith("unused") ? 0 : 1);
  });

  test.each([
    ["failing, with connection termination", true, 0, "unhealthy Target.FailedHealthChecks"],
    [
      "failing, without it, in the interval",
      false,
      59_999,
      "unhealthy.draining Target.FailedHealthChecks",
    ],
    [
      "failing, without it, after the interval",
      false,
      60_000,
      "unhealthy Target.FailedHealthChecks",
    ],
  ])("%s", async (_title, unhealthyConnectionTermination, ms, state) => {
    const { world, clock } = withGroup({
      unhealthyConnectionTermination,
      unhealthyDrainingIntervalMs: 60_000,
    });
    const target = firstTarget(world);
    world.setHealthChecks(target, "failing");
    await clock.advance(ms);
    expect(healthOf(world, target)).toBe(state);
    world.setHealthChecks(target, "passing");
    expect(healthOf(world, target)).toBe("healthy");
    world.setHealthChecks(target, "failing");
    world.deregisterTarget(target);
    expect(healthOf(world, target)).toBe("draining Target.DeregistrationInProgress");
  });

  test("is told as it was so long ago, where DescribeTargetHealth lags", async () => {
    const { world, clock } = withGroup({ healthLagMs: 20_000 });
    const target = firstTarget(world);
    expect(healthOf(world, target)).toBe("healthy");
    await clock.advance(60_000);
    world.deregisterTarget(target);
    await clock.advance(19_999);
    expect(healthOf(world, target)).toBe("healthy");
    await clock.advance(1);
    expect(healthOf(world, target)).toBe("draining Target.DeregistrationInProgress");
  });

  test("is whatever a script says, until it says nothing any more", () => {
    const { world } = withGroup({});
    const target = firstTarget(world);
    world.setTargetHealth(target, { state: "unavailable", reason: "Target.HealthCheckDisabled" });
    expect(healthOf(world, target)).toBe("unavailable Target.HealthCheckDisabled");
    world.setTargetHealth(target, { state: "a-new-state" });
    expect(healthOf(world, target)).toBe("a-new-state");
    world.setTargetHealth(target, undefined);
    expect(healthOf(world, target)).toBe("healthy");
  });

  test("is unused while no listener forwards to the group, and connections lag behind", async () => {
    const { world, clock } = withGroup({});
    const target = firstTarget(world);
    world.setInUse("web", false);
    expect(healthOf(world, target)).toBe("unused Target.NotInUse");
    expect(isRouted(world, target)).toBe(true);
    await clock.advance(120_000);
    expect(isRouted(world, target)).toBe(false);
    world.setInUse("web", true);
    expect(healthOf(world, target)).toBe("healthy");
    expect(isRouted(world, target)).toBe(false);
    await clock.advance(30_000);
    expect(isRouted(world, target)).toBe(true);
  });

  test("has nothing to drain where no listener forwards to the group", () => {
    const { world } = withGroup({ inUse: false });
    const target = firstTarget(world);
    expect(healthOf(world, target)).toBe("unused Target.NotInUse");
    world.deregisterTarget(target);
    expect(healthOf(world, target)).toBe("unused Target.NotRegistered");
  });

  test("is gone with its target group, and connections lag behind", async () => {
    const { world, clock } = withGroup({});
    const target = firstTarget(world);
    world.deleteTargetGroup("web");
    expect(healthOf(world, target)).toBe("deleted");
    expect(isRouted(world, target)).toBe(true);
    await clock.advance(120_000);
    expect(isRouted(world, target)).toBe(false);
    world.registerTarget(target);
    expect(healthOf(world, target)).toBe("deleted");
  });

  test("begins anew when it is registered again while it drains", async () => {
    const { world, clock } = withGroup({ connectionTermination: true });
    const target = firstTarget(world);
    world.deregisterTarget(target);
    await clock.advance(60_000);
    world.registerTarget(target);
    expect(healthOf(world, target)).toBe("initial Elb.RegistrationInProgress");
    await clock.advance(300_000);
    expect(healthOf(world, target)).toBe("healthy");
    expect(world.events().filter(({ kind }) => kind === "flows-reset")).toEqual([]);
  });
});

describe("new connections", () => {
  test("go to the healthy targets alone", () => {
    const { world } = withGroup({}, 3);
    const [first, second, third] = world.routes("web");
    if (!first || !second || !third) throw new Error("Three are routed to");
    world.setHealthChecks(second, "failing");
    expect(world.routes("web")).toEqual([first, third]);
  });

  test("go to all where none is healthy", () => {
    const { world } = withGroup({}, 2);
    const targets = world.routes("web");
    for (const target of targets) world.setHealthChecks(target, "failing");
    expect(world.routes("web")).toEqual(targets);
    expect(targets).toHaveLength(2);
  });
});

describe("open connections", () => {
  const resets = (world: World): readonly number[] =>
    world.events().flatMap((event) => (event.kind === "flows-reset" ? [event.atMs] : []));

  test.each([
    ["are reset at the end of the delay, with connection termination", true, [300_000]],
    ["are kept, without it", false, []],
  ])("%s", async (_title, connectionTermination, expected) => {
    const { world, clock } = withGroup({ connectionTermination });
    world.deregisterTarget(firstTarget(world));
    await clock.advance(299_999);
    expect(resets(world)).toEqual([]);
    await clock.advance(1_000);
    expect(resets(world)).toEqual(expected);
  });

  test.each([
    ["are reset when the target turns unhealthy, by default", true, [7_000]],
    ["are kept then, where that is switched off", false, []],
  ])("%s", async (_title, unhealthyConnectionTermination, expected) => {
    const { world, clock } = withGroup({ unhealthyConnectionTermination });
    await clock.advance(7_000);
    world.setHealthChecks(firstTarget(world), "failing");
    await clock.advance(100_000);
    expect(resets(world)).toEqual(expected);
  });

  test.each(["UDP", "TCP_UDP", "TCP", "TLS"] as const)(
    "of a new %s group have AWS's default",
    async (protocol) => {
      const { world, clock } = withGroup({ protocol });
      world.deregisterTarget(firstTarget(world));
      await clock.advance(400_000);
      expect(resets(world)).toHaveLength(protocol.endsWith("UDP") ? 1 : 0);
    },
  );
});

test("every change is told once, at its time, whenever somebody looks", async () => {
  const { world, clock } = withGroup({ connectionTermination: true });
  const heard: string[] = [];
  const end = world.onEvent((event) => {
    if (event.kind === "target") heard.push(`${event.atMs} ${event.health.state}`);
    if (event.kind === "routing") heard.push(`${event.atMs} routed ${event.routed}`);
    if (event.kind === "flows-reset") heard.push(`${event.atMs} reset`);
  });
  world.deregisterTarget(firstTarget(world));
  world.deregisterTarget(firstTarget(world));
  await clock.advance(1_000_000);
  expect(heard).toEqual(["0 draining"]);
  expect(world.nextChangeMs()).toBeUndefined();
  expect(heard).toEqual(["0 draining", "120000 routed false", "300000 unused", "300000 reset"]);
  end();
  world.registerTarget(firstTarget(world));
  expect(heard).toHaveLength(4);
});
