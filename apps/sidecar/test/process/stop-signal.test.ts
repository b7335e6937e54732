// Stop signals: at any moment they end the process with 0, without another call, or are held off for so long and no longer.

import { describe, expect, test } from "bun:test";
import type { Fault } from "@nlb-sidecar/simulator";
import { type Beginning, beginLife, describeTargetHealth, type Life, testMs } from "./life.ts";

// No round falls due on its own within a test: what is called after the signal, the signal has not stopped.
const asleep = { POLLING_FREQUENCY: "300", DEREGISTRATION_WAIT: "600" };

const hang = (action: string): readonly Fault[] => [{ action, kind: "hang" }];

interface Moment extends Beginning {
  readonly reached: (life: Life) => Promise<unknown>;
}

const moments: Readonly<Record<string, Moment>> = {
  "before the metadata endpoint has answered": {
    faults: hang("metadata:*"),
    reached: (life) =>
      Promise.all([life.called("metadata:container"), life.called("metadata:task")]),
  },
  "asleep after a fault of the metadata endpoint": {
    faults: [{ action: "metadata:*", kind: "error" }],
    settings: { ...asleep },
    reached: ({ sidecar }) => sidecar.line("fault"),
  },
  "before the credentials endpoint has answered": {
    faults: hang("credentials:read"),
    reached: (life) => life.called("credentials:read"),
  },
  "before ECS has answered": {
    faults: hang("ecs:*"),
    reached: (life) => life.called("ecs:DescribeTasks"),
  },
  "before Elastic Load Balancing has answered": {
    faults: hang(describeTargetHealth),
    reached: (life) => life.called(describeTargetHealth),
  },
  "in the middle of an answer": {
    faults: [{ action: describeTargetHealth, kind: "stall" }],
    reached: (life) => life.called(describeTargetHealth),
  },
  "asleep between two polls": { reached: (life) => life.healthy() },
  "while the target drains": {
    before: (world, task) => world.stopTask(task.arn, "service"),
    reached: ({ sidecar }) => sidecar.line("drain-began"),
  },
};

// Less than the time-out of a call, which would end a call that hangs too.
const atOnceMs = 3_000;

async function endsAtOnce(life: Life, signal: "SIGTERM" | "SIGINT"): Promise<void> {
  const { sidecar } = life;
  const calls = life.calls().length;
  const killedMs = performance.now();
  sidecar.kill(signal);
  const exit = await sidecar.exit();
  expect(exit).toMatchObject({ code: 0, signal: undefined });
  expect(exit.atMs - killedMs).toBeLessThan(atOnceMs);
  expect(life.calls()).toHaveLength(calls);
  const stopped = sidecar.lines.filter(({ event }) => event === "stopped");
  expect(stopped).toEqual([expect.objectContaining({ signal })]);
  expect(sidecar.lines.at(-1)?.event).toBe("stopped");
}

describe.concurrent("a stop signal ends it with 0 and no further call", () => {
  for (const [moment, { reached, ...beginning }] of Object.entries(moments))
    for (const signal of ["SIGTERM", "SIGINT"] as const)
      test(
        `${signal} ${moment}`,
        async () => {
          await using life = await beginLife({ settings: asleep, ...beginning });
          await reached(life);
          await endsAtOnce(life, signal);
        },
        testMs,
      );
});

const asProcess1 = (() => {
  const ways = [
    ["unshare", "-pf", "--mount-proc", "--kill-child"],
    ["unshare", "-Urpf", "--mount-proc", "--kill-child"],
  ];
  const errors: string[] = [];
  for (const way of ways)
    try {
      const { exitCode, stderr } = Bun.spawnSync([...way, "true"]);
      if (exitCode === 0) return way;
      errors.push(stderr.toString().trim());
    } catch (error) {
      errors.push(String(error));
    }
  console.warn(`no process namespace here, so nothing runs as process 1: ${errors.join("; ")}`);
  return undefined;
})();

describe.concurrent("as process 1, which has no default action on signals", () => {
  if (asProcess1 === undefined) return;
  for (const moment of ["before the metadata endpoint has answered", "asleep between two polls"])
    for (const signal of ["SIGTERM", "SIGINT"] as const)
      test(
        `${signal} ${moment}`,
        async () => {
          const { reached, ...beginning } = moments[moment] ?? { reached: () => Promise.reject() };
          await using life = await beginLife({ settings: asleep, ...beginning, under: asProcess1 });
          await reached(life);
          await endsAtOnce(life, signal);
        },
        testMs,
      );
});

describe.concurrent("a stop signal that is held off", () => {
  const held = (hold: string, settings = {}): Beginning => ({
    settings: { DEREGISTRATION_WAIT: "600", NLB_SIDECAR_STOP_HOLD: hold, ...settings },
  });
  const holdMs = 2_000;
  // Beyond its end: what the process, and a busy machine, may take to leave.
  const leaveMs = 1_500;

  test(
    "keeps the process for the stop hold, and no longer",
    async () => {
      await using life = await beginLife(held("2"));
      const { sidecar } = life;
      await life.healthy();
      const killedMs = performance.now();
      sidecar.kill("SIGTERM");
      expect(await sidecar.line("stop-held")).toMatchObject({
        signal: "SIGTERM",
        stopHoldMs: holdMs,
      });
      expect(await sidecar.line("drain-began")).toMatchObject({ cause: "stop-signal" });
      const { code, atMs } = await sidecar.exit();
      expect(code).toBe(0);
      expect(atMs - killedMs).toBeGreaterThanOrEqual(holdMs);
      expect(atMs - killedMs).toBeLessThan(holdMs + leaveMs);
      expect(sidecar.lines.at(-1)).toMatchObject({ event: "drained", because: "stop-hold" });
    },
    testMs,
  );

  test(
    "ends in time although every call hangs",
    async () => {
      await using life = await beginLife(held("2"));
      const { sidecar, world } = life;
      await life.healthy();
      world.fault({ action: "*", kind: "hang" });
      await life.calledAgain(describeTargetHealth);
      const killedMs = performance.now();
      sidecar.kill("SIGTERM");
      const { code, atMs } = await sidecar.exit();
      expect(code).toBe(0);
      expect(atMs - killedMs).toBeGreaterThanOrEqual(holdMs);
      expect(atMs - killedMs).toBeLessThan(holdMs + leaveMs);
    },
    testMs,
  );

  test(
    "ends with the deregistration wait where that is the shorter one",
    async () => {
      await using life = await beginLife(held("100", { DEREGISTRATION_WAIT: "1" }));
      const { sidecar } = life;
      await life.healthy();
      sidecar.kill("SIGTERM");
      expect((await sidecar.exit()).code).toBe(0);
      const drained = await sidecar.line("drained");
      expect(drained).toMatchObject({ because: "drained" });
      expect(drained.elapsedMs).toBeGreaterThanOrEqual(1_000);
    },
    testMs,
  );

  test(
    "deregisters the targets first, and once, where it is told to",
    async () => {
      await using life = await beginLife(held("3", { NLB_SIDECAR_DEREGISTER_ON_STOP: "true" }));
      const { sidecar, world, target } = life;
      await life.healthy();
      sidecar.kill("SIGTERM");
      await sidecar.line("deregistered");
      expect(world.targetHealth(target.targetGroupArn, target.id, target.port)?.state).toBe(
        "draining",
      );
      expect((await sidecar.exit()).code).toBe(0);
      expect(life.calls("elasticloadbalancing:DeregisterTargets")).toHaveLength(1);
    },
    testMs,
  );

  test(
    "ends when the application has stopped, as there is nobody left to hold for",
    async () => {
      await using life = await beginLife(held("100"));
      const { sidecar, world, task } = life;
      await life.healthy();
      sidecar.kill("SIGTERM");
      await sidecar.line("stop-held");
      world.containerExited(task.arn, "app", 1);
      expect((await sidecar.exit()).code).toBe(0);
      expect(sidecar.lines.at(-1)).toMatchObject({ because: "containers-stopped" });
    },
    testMs,
  );

  for (const second of ["SIGTERM", "SIGINT"] as const)
    test(
      `ends at once with a second signal, ${second}`,
      async () => {
        await using life = await beginLife(held("100"));
        const { sidecar } = life;
        await life.healthy();
        sidecar.kill("SIGTERM");
        await sidecar.line("stop-held");
        const killedMs = performance.now();
        sidecar.kill(second);
        const { code, atMs } = await sidecar.exit();
        expect(code).toBe(0);
        expect(atMs - killedMs).toBeLessThan(atOnceMs);
        expect(sidecar.lines.at(-1)).toMatchObject({ event: "stopped", signal: second });
      },
      testMs,
    );
});
