// The main job, with the compiled executable: in each network mode, and with drains that can hardly be seen.

import { describe, expect, test } from "bun:test";
import type { WorldDescription } from "@nlb-sidecar/simulator";
import { beginLife, describeTargetHealth, pace, testMs, wallMsOf } from "./life.ts";

const callTimeoutMs = 5_000;
// A line is written after what it tells of; what a drain took by the monotonic clock is exact.
const lateMs = 100;

// What ECS and Elastic Load Balancing are asked, and nothing more: the permissions of the mode.
const least = ["ecs:DescribeServices", "ecs:DescribeTasks", describeTargetHealth];
const targetGroups = "elasticloadbalancing:DescribeTargetGroups";
const instance = [...least, "ecs:DescribeContainerInstances", targetGroups];

const modes: Readonly<
  Record<
    string,
    {
      readonly description: WorldDescription;
      readonly label: RegExp;
      readonly asked: readonly string[];
    }
  >
> = {
  "in awsvpc mode": {
    description: {},
    label: / 10\.0\.2\.61:8080$/,
    asked: least,
  },
  "in awsvpc mode, dual-stack with an ipv6 target group": {
    description: {
      addressFamily: "dualstack",
      targetGroups: [{ name: "web", ipAddressType: "ipv6" }],
    },
    label: / \[[0-9a-f:]+\]:8080$/,
    asked: [...least, targetGroups],
  },
  "in awsvpc mode, with two target groups": {
    description: { targetGroups: [{ name: "web" }, { name: "internal" }] },
    label: / 10\.0\.2\.61:8080$/,
    asked: least,
  },
  "in bridge mode": {
    description: { networkMode: "bridge", hostPorts: [49_153] },
    label: / i-[0-9a-f]+:49153$/,
    asked: instance,
  },
  "in bridge mode, with a target group of type ip": {
    description: {
      networkMode: "bridge",
      hostPorts: [49_153],
      targetGroups: [{ name: "web", targetType: "ip" }],
    },
    label: / 10\.[0-9.]+:49153$/,
    asked: [...instance, "ec2:DescribeInstances"],
  },
  "in host mode": {
    description: { networkMode: "host" },
    label: / i-[0-9a-f]+:8080$/,
    asked: instance,
  },
};

describe.concurrent("a deployment", () => {
  for (const [mode, { description, label, asked }] of Object.entries(modes))
    test(
      `${mode} is seen within a poll interval and a call's time-out, and the exit waits for the deregistration wait`,
      async () => {
        await using life = await beginLife({ description });
        const { sidecar, world } = life;
        await life.healthy();
        const drainingMs = life.drain();
        const { code, atMs } = await sidecar.exit();
        expect(code).toBe(0);

        const began = await sidecar.line("drain-began");
        const drained = await sidecar.line("drained");
        const seenMs = wallMsOf(began) - drainingMs;
        // The log's time has whole milliseconds.
        expect(seenMs).toBeGreaterThanOrEqual(-1);
        expect(seenMs).toBeLessThanOrEqual(1.25 * pace.intervalMs + callTimeoutMs);
        expect(world.wallMs(atMs) - drainingMs).toBeGreaterThanOrEqual(pace.waitMs);
        expect(wallMsOf(drained) - wallMsOf(began)).toBeGreaterThanOrEqual(pace.waitMs - lateMs);
        expect(drained).toMatchObject({ because: "drained" });
        expect(drained.elapsedMs).toBeGreaterThanOrEqual(pace.waitMs);

        const { targets } = await sidecar.line("targets");
        expect(targets).toHaveLength(description.targetGroups?.length ?? 1);
        for (const target of Array.isArray(targets) ? targets : []) expect(target).toMatch(label);
        const actions = life.calls().map(({ action }) => action);
        const local = /^(metadata|credentials):/;
        expect([...new Set(actions)].filter((action) => !local.test(action)).sort()).toEqual(
          [...asked].sort(),
        );
        expect(sidecar.lines.at(-1)?.event).toBe("drained");
      },
      testMs,
    );
});

// Shorter than any wait between two rounds, which is three quarters of the interval at least.
const short: WorldDescription = { targetGroups: [{ name: "web", deregistrationDelayMs: 50 }] };

describe.concurrent("a drain that falls between two polls", () => {
  test(
    "is taken from ECS's word on the target that is gone",
    async () => {
      await using life = await beginLife({ description: short });
      const { sidecar } = life;
      await life.healthy();
      await life.calledAgain(describeTargetHealth);
      const drainingMs = life.drain();
      const { code } = await sidecar.exit();
      expect(code).toBe(0);
      const states = sidecar.lines.filter(({ event }) => event === "reading");
      expect(states.map(({ state }) => state)).toEqual(["healthy", "gone"]);
      expect(await sidecar.line("task-status")).toMatchObject({ desiredStatus: "STOPPED" });
      const began = await sidecar.line("drain-began");
      expect(wallMsOf(began)).toBeGreaterThanOrEqual(drainingMs - 1);
      expect((await sidecar.line("drained")).elapsedMs).toBeGreaterThanOrEqual(pace.waitMs);
    },
    testMs,
  );

  test(
    "is known to a sidecar that was restarted after it",
    async () => {
      await using life = await beginLife({
        description: short,
        before: (world, task) => world.stopTask(task.arn, "service"),
      });
      const { code } = await life.sidecar.exit();
      expect(code).toBe(0);
      expect(await life.sidecar.line("drained")).toMatchObject({ because: "drained" });
    },
    testMs,
  );
});

describe.concurrent("while ECS wants the task", () => {
  const rounds = 3;

  test(
    "a deregistration by hand ends nothing, is told once, and what follows is seen",
    async () => {
      await using life = await beginLife({ description: short });
      const { sidecar, world, target } = life;
      await life.healthy();
      await life.calledAgain(describeTargetHealth);
      world.deregisterTarget(target);
      await sidecar.line("target-gone");
      await life.calledAgain(describeTargetHealth, rounds);
      world.registerTarget(target);
      await sidecar.line("reading", ({ was }) => was === "gone");
      expect(sidecar.lines.filter(({ event }) => event === "target-gone")).toHaveLength(1);
      expect(sidecar.lines.map(({ event }) => event)).not.toContain("drain-began");
      life.drain();
      expect((await sidecar.exit()).code).toBe(0);
      await sidecar.line("drained");
    },
    testMs,
  );

  test(
    "a deleted target group ends nothing, is told once, and ECS's word ends it",
    async () => {
      await using life = await beginLife();
      const { sidecar, world, task, target } = life;
      await life.healthy();
      world.deleteTargetGroup(target.targetGroupArn);
      await sidecar.line("target-gone");
      await life.calledAgain(describeTargetHealth, rounds);
      expect(sidecar.lines.filter(({ event }) => event === "target-gone")).toHaveLength(1);
      expect(sidecar.lines.map(({ event }) => event)).not.toContain("drain-began");
      world.stopTask(task.arn, "service");
      expect((await sidecar.exit()).code).toBe(0);
      await sidecar.line("drained");
    },
    testMs,
  );
});

describe.concurrent("in observe mode", () => {
  test(
    "the exit is told once, and only a stop signal ends the process",
    async () => {
      const settings = { NLB_SIDECAR_MODE: "observe", DEREGISTRATION_WAIT: "0" };
      await using life = await beginLife({ settings });
      const { sidecar } = life;
      await life.healthy();
      life.drain();
      await sidecar.line("would-exit");
      await life.calledAgain(describeTargetHealth, 3);
      expect(sidecar.lines.filter(({ event }) => event === "would-exit")).toHaveLength(1);
      sidecar.kill("SIGTERM");
      expect((await sidecar.exit()).code).toBe(0);
      expect(sidecar.lines.at(-1)?.event).toBe("stopped");
    },
    testMs,
  );
});
