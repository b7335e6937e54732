// Faults of everything that is asked: the process stays, tells of them, and takes the drain up again.

import { describe, expect, test } from "bun:test";
import type { Fault, FaultKind } from "@nlb-sidecar/simulator";
import { beginLife, describeTargetHealth, pace, testMs, wallMsOf } from "./life.ts";

const apis = ["elasticloadbalancing:*", "ecs:*"];

const answers: Readonly<Record<string, FaultKind>> = {
  throttling: { kind: "throttle" },
  "a status of 500": { kind: "error" },
  "a status of 503": { kind: "error", status: 503 },
  "a refusal for want of permission": { kind: "deny" },
  "an expired session": { kind: "expired-token" },
  garbage: { kind: "garbage" },
  "a proxy's page": { kind: "garbage", body: "<html><body>Please log in</body></html>" },
  "an empty body": { kind: "empty" },
  "half a body, and the end of the connection": { kind: "cut" },
  "half a body, and nothing more": { kind: "stall" },
  "nothing at all": { kind: "hang" },
  "a connection that is reset": { kind: "reset" },
  "an answer that comes too late": { kind: "late", ms: 20_000 },
};

describe.concurrent("while both APIs answer with", () => {
  for (const [what, kind] of Object.entries(answers))
    test(
      `${what}, it stays, and drains once they answer again`,
      async () => {
        await using life = await beginLife();
        const { sidecar, world } = life;
        await life.healthy();
        const ends = apis.map((action) => world.fault({ action, ...kind }));
        // A drain that nobody can see is a reason to stay, too.
        life.drain();
        await life.calledAgain(describeTargetHealth);
        await life.calledAgain("ecs:DescribeTasks");
        await sidecar.line("fault", ({ source }) => source === "target-health");
        expect(sidecar.running()).toBe(true);
        expect(sidecar.lines.map(({ event }) => event)).not.toContain("drain-began");
        for (const end of ends) end();
        const { code } = await sidecar.exit();
        expect(code).toBe(0);
        const recovered = await sidecar.line("recovered");
        expect(recovered.times).toBeGreaterThanOrEqual(1);
        expect((await sidecar.line("drained")).elapsedMs).toBeGreaterThanOrEqual(pace.waitMs);
        expect(sidecar.lines.map(({ event }) => event)).not.toContain("defect");
      },
      testMs,
    );
});

describe.concurrent("while Elastic Load Balancing never answers but with", () => {
  for (const what of ["throttling", "nothing at all", "a refusal for want of permission"])
    test(
      `${what}, ECS's word begins the drain`,
      async () => {
        await using life = await beginLife();
        const { sidecar, world } = life;
        await life.healthy();
        world.fault({ action: describeTargetHealth, kind: "hang", ...answers[what] });
        await life.calledAgain("ecs:DescribeTasks");
        expect(sidecar.lines.map(({ event }) => event)).not.toContain("drain-began");
        const drainingMs = life.drain();
        expect((await sidecar.exit()).code).toBe(0);
        const began = await sidecar.line("drain-began");
        expect(began).toMatchObject({ cause: "task-status" });
        expect(wallMsOf(began)).toBeGreaterThanOrEqual(drainingMs - 1);
        expect((await sidecar.line("drained")).elapsedMs).toBeGreaterThanOrEqual(pace.waitMs);
      },
      testMs,
    );
});

describe.concurrent("a credentials endpoint that accepts and says nothing", () => {
  const hang: Fault = { action: "credentials:read", kind: "hang" };

  test(
    "at the start costs rounds, and is asked again",
    async () => {
      await using life = await beginLife();
      const end = life.world.fault(hang);
      const fault = await life.sidecar.line("fault");
      expect(fault).toMatchObject({ source: "targets", transient: true });
      expect(fault.message).toMatch(/credentials/);
      end();
      await life.sidecar.line("recovered", ({ source }) => source === "targets");
      await life.healthy();
      life.drain();
      expect((await life.sidecar.exit()).code).toBe(0);
      await life.sidecar.line("drained");
    },
    testMs,
  );

  test(
    "during the watch costs rounds, and not the watch",
    async () => {
      // Those that hold for hours would outlive any fault of their endpoint.
      await using life = await beginLife({ description: { credentialsLifetimeMs: 2_000 } });
      const { sidecar, world } = life;
      await life.healthy();
      const end = world.fault(hang);
      await sidecar.line("fault", ({ source }) => source === "target-health");
      life.drain();
      end();
      await sidecar.line("recovered", ({ source }) => source === "target-health");
      expect((await sidecar.exit()).code).toBe(0);
      await sidecar.line("drained");
    },
    testMs,
  );
});

describe.concurrent("a task metadata endpoint that begins with", () => {
  const beginnings: Readonly<Record<string, FaultKind>> = {
    "a status of 500": { kind: "error" },
    "a status of 404": { kind: "error", status: 404 },
    "too many requests": { kind: "throttle" },
    garbage: { kind: "garbage" },
    "half a body, and nothing more": { kind: "stall" },
    "nothing at all": { kind: "hang" },
    "a connection that is reset": { kind: "reset" },
  };
  for (const [what, kind] of Object.entries(beginnings))
    test(
      `${what} is asked again, and the target is found`,
      async () => {
        await using life = await beginLife({
          faults: [{ action: "metadata:*", count: 2, ...kind }],
        });
        await life.healthy();
        expect(await life.sidecar.line("fault")).toMatchObject({ source: "task-metadata" });
        expect(await life.sidecar.line("recovered")).toMatchObject({ source: "task-metadata" });
      },
      testMs,
    );
});

describe.concurrent("a fault that will not pass", () => {
  const denied: Fault = { action: "ecs:DescribeTasks", kind: "deny" };

  test(
    "before the watch ends it with 1, where the fault policy says so",
    async () => {
      await using life = await beginLife({
        faults: [denied],
        settings: { NLB_SIDECAR_FAULT_POLICY: "exit" },
      });
      expect((await life.sidecar.exit()).code).toBe(1);
      expect(life.sidecar.lines.at(-1)).toMatchObject({ event: "gave-up", code: "denied" });
      expect(await life.sidecar.line("fault")).toMatchObject({ transient: false });
    },
    testMs,
  );

  test(
    "before the watch keeps it asking otherwise, until it is mended",
    async () => {
      await using life = await beginLife();
      const end = life.world.fault(denied);
      await life.called("ecs:DescribeTasks", 3);
      const faults = life.sidecar.lines.filter(({ event }) => event === "fault");
      expect(faults).toEqual([expect.objectContaining({ code: "denied", level: "error" })]);
      expect(faults[0]?.fix).toMatch(/ecs:DescribeTasks/);
      end();
      await life.healthy();
    },
    testMs,
  );

  test(
    "that may pass keeps it asking under either policy",
    async () => {
      await using life = await beginLife({
        faults: [{ action: "ecs:DescribeTasks", kind: "error", count: 3 }],
        settings: { NLB_SIDECAR_FAULT_POLICY: "exit" },
      });
      await life.healthy();
    },
    testMs,
  );

  test(
    "once it watches ends nothing, whatever the fault policy says",
    async () => {
      await using life = await beginLife({ settings: { NLB_SIDECAR_FAULT_POLICY: "exit" } });
      await life.healthy();
      for (const action of apis) life.world.fault({ action, kind: "deny" });
      await life.calledAgain(describeTargetHealth, 3);
      expect(life.sidecar.running()).toBe(true);
    },
    testMs,
  );
});
