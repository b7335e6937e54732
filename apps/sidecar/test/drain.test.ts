// The drain, row by row: what a reading makes of a target, and what follows from all of them.

import { describe, expect, test } from "bun:test";
import type { Target, TargetHealth } from "@nlb-sidecar/health";
import type { TaskStatus } from "@nlb-sidecar/resolver";
import {
  type Decision,
  type DrainPolicy,
  type DrainState,
  decide,
  nothingObserved,
  observe,
  type Reading,
  type TargetState,
} from "../src/drain.ts";

const groupArn = (name: string): string =>
  `arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/${name}/1a2b3c4d5e6f7a8b`;
const web: Target = { targetGroupArn: groupArn("web"), id: "10.0.0.1", port: 80 };
const admin: Target = { targetGroupArn: groupArn("admin"), id: "10.0.0.1", port: 8080 };

const reading = (state: string, reason?: string, target: Target = web): TargetHealth => ({
  target,
  state: state as TargetHealth["state"],
  reason: reason as TargetHealth["reason"],
});
const healthy = reading("healthy");
const draining = reading("draining", "Target.DeregistrationInProgress");
const gone = reading("gone", "Target.NotRegistered");
const notInUse = reading("unused", "Target.NotInUse");
const of = (target: Target, { state, reason }: TargetHealth): TargetHealth => ({
  target,
  state,
  reason,
});

const word = (desiredStatus: string): TaskStatus => ({
  taskArn: "arn:aws:ecs:eu-west-1:111122223333:task/default/158d1c8083dd49d6b527399fd6414f5c",
  desiredStatus,
  lastStatus: desiredStatus === "STOPPED" ? "DEACTIVATING" : "RUNNING",
  stopCode: undefined,
});
const ecsStops = word("STOPPED");
const ecsRuns = word("RUNNING");
const ecsSilent = { unanswered: "task-status" } as const;
const elbSilent = { unanswered: "target-health" } as const;
const signalled = { stopSignal: "SIGTERM" } as const;
const open = (openConnections: number | undefined) => ({ openConnections }) as const;

const frozen = <Value>(value: Value): Value => {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const each of Object.values(value)) frozen(each);
  }
  return value;
};

type Step = readonly [atSeconds: number, ...readings: Reading[]];

// Every state and reading on the way is frozen: whatever writes to one throws.
const lived = (...steps: readonly Step[]): DrainState =>
  steps.reduce<DrainState>(
    (state, [atSeconds, ...readings]) => frozen(observe(state, frozen(readings), atSeconds * 1000)),
    frozen(nothingObserved),
  );

const usual: DrainPolicy = {
  deregistrationWaitMs: 120_000,
  drainTimeoutMs: 300_000,
  drainWhen: "all",
  taskSignal: true,
  stopHoldMs: 0,
};
const any = { drainWhen: "any" } as const;
const hold = (seconds: number) => ({ stopHoldMs: seconds * 1000 });

const decided = (
  state: DrainState,
  atSeconds: number,
  policy: Partial<DrainPolicy> = {},
): Decision => decide(state, frozen({ ...usual, ...policy }), atSeconds * 1000);

/** `watching`, `draining for deregistration-wait since 30`, `exit: drained`. */
const said = (state: DrainState, atSeconds: number, policy: Partial<DrainPolicy> = {}): string => {
  const decision = decided(state, atSeconds, policy);
  if (decision.phase === "watching") return "watching";
  if (decision.phase === "exit") return `exit: ${decision.because}`;
  return `draining for ${decision.waitsFor} since ${decision.sinceMs / 1000}`;
};

const onlyTargetOf = ({ targets }: DrainState): TargetState => {
  const [target] = targets;
  if (target === undefined || targets.length > 1) throw new Error("not one target");
  return target;
};

// How each standing came about, for the rows that keep it.
const befores = {
  serves: [healthy],
  left: [draining],
  neutral: [notInUse],
} as const;

describe("a target", () => {
  const serving: readonly (readonly [string, string | undefined])[] = [
    ["initial", "Elb.RegistrationInProgress"],
    ["initial", "Elb.InitialHealthChecking"],
    ["healthy", undefined],
    ["unhealthy", "Target.FailedHealthChecks"],
    ["unhealthy", "Target.Timeout"],
    ["unavailable", "Target.HealthCheckDisabled"],
    ["unavailable", "Elb.InternalError"],
    ["unhealthy.draining", "Target.FailedHealthChecks"],
  ];
  for (const [state, reason] of serving)
    for (const [before, readings] of Object.entries(befores))
      test(`that reads ${state} ${reason ?? "without a reason"} serves, whether before it ${before} or not`, () => {
        const target = onlyTargetOf(lived([0, ...readings], [30, reading(state, reason)]));
        expect(target).toMatchObject({ standing: "serves", registered: true, gone: undefined });
      });

  for (const [state, reason] of [
    ["draining", "Target.DeregistrationInProgress"],
    ["draining", undefined],
    ["unhealthy.draining", "Target.DeregistrationInProgress"],
    ["unused", "Target.DeregistrationInProgress"],
  ] as const)
    test(`that reads ${state} ${reason ?? "without a reason"} left`, () => {
      for (const before of [[], [healthy], [notInUse], [gone]] as const) {
        const target = onlyTargetOf(lived([0, ...before], [30, reading(state, reason)]));
        expect(target).toMatchObject({ standing: "left", registered: true, gone: undefined });
      }
    });

  test("that is gone after it was seen registered has ECS asked", () => {
    for (const before of [healthy, draining, notInUse, reading("unhealthy", "Target.Timeout")])
      expect(decided(lived([0, before], [30, gone]), 30)).toMatchObject({ askTaskStatus: true });
  });

  test("that is gone after it was seen registered, ECS: desired status STOPPED, left", () => {
    for (const before of [healthy, notInUse])
      expect(onlyTargetOf(lived([0, before], [30, gone], [31, ecsStops])).standing).toBe("left");
  });

  for (const desired of ["RUNNING", "PENDING"])
    for (const [before, readings] of Object.entries(befores))
      test(`that is gone after it was seen registered, ECS: ${desired}, keeps what it was: ${before}`, () => {
        const state = lived([0, ...readings], [30, gone], [31, word(desired)]);
        expect(onlyTargetOf(state)).toMatchObject({ standing: before, gone: { ecs: "wanted" } });
        expect(said(state, 31)).toBe(
          before === "left" ? "draining for deregistration-wait since 0" : "watching",
        );
      });

  test("that is gone and that ECS wanted at first left when ECS says STOPPED later", () => {
    const state = lived([0, healthy], [30, gone], [31, ecsRuns], [60, gone], [61, ecsStops]);
    expect(said(state, 61)).toBe("draining for deregistration-wait since 61");
  });

  test("that is gone and that ECS wanted keeps what it was while ECS is silent later", () => {
    const state = lived([0, healthy], [30, gone], [31, ecsRuns], [60, gone], [61, ecsSilent]);
    expect(said(state, 1000)).toBe("watching");
  });

  test("that is gone is watched until ECS answered or did not", () => {
    expect(said(lived([0, healthy], [30, gone]), 1000)).toBe("watching");
  });

  test("that is gone, and ECS silent, left if each reading of the wait says so and the last question was answered", () => {
    const seen = lived([0, healthy], [30, gone], [31, ecsSilent]);
    expect(said(seen, 31)).toBe("draining for deregistration-wait since 31");
    expect(said(seen, 151)).toBe("draining for reading since 31");
    expect(said(observe(seen, [gone], 60_000), 151)).toBe("exit: drained");
  });

  test("that is gone, and ECS silent, is in doubt while the last question about targets is not answered", () => {
    const seen = lived([0, healthy], [30, gone], [31, ecsSilent], [60, gone], [90, elbSilent]);
    expect(said(seen, 151)).toBe("draining for reading since 31");
    expect(said(observe(seen, [gone], 155_000), 155)).toBe("exit: drained");
  });

  test("that is gone, and ECS silent, serves again with the first reading that says so", () => {
    const seen = lived([0, healthy], [30, gone], [31, ecsSilent], [60, gone], [90, healthy]);
    expect(said(seen, 90)).toBe("watching");
    // and two readings more are needed the next time
    const next = lived([0, healthy], [30, gone], [31, ecsSilent], [60, healthy], [90, gone]);
    expect(said(observe(next, [ecsSilent], 91_000), 300)).toBe("draining for reading since 91");
  });

  test("that is gone, and ECS silent at first, is watched again when ECS says RUNNING, and left when it says STOPPED", () => {
    const seen = lived([0, healthy], [30, gone], [31, ecsSilent], [60, gone]);
    expect(said(observe(seen, [ecsRuns], 61_000), 1000)).toBe("watching");
    expect(said(observe(seen, [ecsStops], 61_000), 151)).toBe("exit: drained");
  });

  test("that is gone and was never seen registered is neutral, and ECS is asked where no target was", () => {
    const state = lived([0, gone], [30, gone]);
    expect(onlyTargetOf(state)).toMatchObject({ standing: "neutral", registered: false });
    expect(decided(state, 30)).toEqual({ phase: "watching", askTaskStatus: true });
    expect(said(observe(state, [ecsSilent], 31_000), 1000)).toBe("watching");
    expect(said(observe(state, [ecsRuns], 31_000), 1000)).toBe("watching");
  });

  test("that was never seen registered is neutral beside one that serves, and ECS is not asked", () => {
    const state = lived([0, healthy, of(admin, gone)]);
    expect(decided(state, 0)).toEqual({ phase: "watching", askTaskStatus: false });
    expect(said(observe(state, [ecsStops], 1000), 1)).toBe("watching");
  });

  test("left where every target is gone, none was seen registered, and ECS says STOPPED: this process began after the drain", () => {
    const state = lived([0, gone, of(admin, gone)], [1, ecsStops]);
    expect(state.targets.map(({ standing }) => standing)).toEqual(["left", "left"]);
    expect(said(state, 1)).toBe("draining for deregistration-wait since 1");
    expect(said(state, 121)).toBe("exit: drained");
  });

  test("that reads unused Target.NotInUse is registered, but neutral", () => {
    for (const before of [[], [healthy], [draining], [gone]] as const)
      expect(onlyTargetOf(lived([0, ...before], [30, notInUse]))).toMatchObject({
        standing: "neutral",
        registered: true,
        gone: undefined,
      });
  });

  test("that read Target.NotInUse and is gone then, ECS: STOPPED, left", () => {
    expect(said(lived([0, notInUse], [30, gone], [31, ecsStops]), 31)).toBe(
      "draining for deregistration-wait since 31",
    );
  });

  for (const reason of ["Target.InvalidState", "Target.IpUnusable"])
    for (const [before, readings] of Object.entries(befores))
      test(`that reads unused ${reason} keeps what it was: ${before}`, () => {
        const state = lived([0, ...readings], [30, reading("unused", reason)]);
        expect(onlyTargetOf(state).standing).toBe(before as TargetState["standing"]);
      });

  for (const [before, readings] of Object.entries(befores)) {
    test(`in a state that the table does not have keeps what it was: ${before}`, () => {
      const state = lived([0, ...readings], [30, reading("resting", "Target.Asleep")]);
      expect(onlyTargetOf(state).standing).toBe(before as TargetState["standing"]);
    });
    test(`without a reading keeps what it was: ${before}`, () => {
      const state = lived([0, ...readings], [30, of(admin, gone)], [60, elbSilent]);
      expect(state.targets[0]?.standing).toBe(before as TargetState["standing"]);
    });
  }

  test("that is gone in doubt stays so through a state that the table does not have", () => {
    const seen = lived([0, healthy], [30, gone], [31, ecsSilent], [60, reading("resting")]);
    expect(said(seen, 60)).toBe("draining for deregistration-wait since 31");
    expect(said(seen, 151)).toBe("draining for reading since 31");
  });

  test("in an unknown state at first is neutral, and not taken for registered", () => {
    expect(onlyTargetOf(lived([0, reading("resting")]))).toMatchObject({
      standing: "neutral",
      registered: false,
    });
  });
});

describe("watching", () => {
  test("goes on before anything is read", () => {
    expect(decided(nothingObserved, 1000)).toEqual({ phase: "watching", askTaskStatus: false });
  });

  test("one target left and none serves (all): draining since it was seen", () => {
    expect(said(lived([0, healthy], [30, draining], [60, draining]), 60)).toBe(
      "draining for deregistration-wait since 30",
    );
    expect(said(lived([0, draining, of(admin, notInUse)]), 0)).toBe(
      "draining for deregistration-wait since 0",
    );
  });

  test("one of two left and the other serves (all): watching, until the other left, too", () => {
    const one = lived([0, draining, of(admin, healthy)]);
    expect(said(one, 1000)).toBe("watching");
    expect(said(observe(one, [of(admin, draining)], 30_000), 40)).toBe(
      "draining for deregistration-wait since 30",
    );
  });

  test("one of two left and the other serves (any): draining since the first was seen", () => {
    const one = lived([0, draining, of(admin, healthy)]);
    expect(said(one, 10, any)).toBe("draining for deregistration-wait since 0");
    expect(said(observe(one, [of(admin, draining)], 30_000), 40, any)).toBe(
      "draining for deregistration-wait since 0",
    );
  });

  test("one of two left, then the other, and the first is back (any): the wait counts for the one that left", () => {
    const state = lived(
      [0, draining, of(admin, healthy)],
      [30, draining, of(admin, draining)],
      [60, healthy, of(admin, draining)],
    );
    expect(said(state, 149, any)).toBe("draining for deregistration-wait since 30");
    expect(said(state, 150, any)).toBe("exit: drained");
    expect(said(state, 1000)).toBe("watching");
  });

  test("one of two gone in doubt and the other serves: watching (all), in doubt to a second reading (any)", () => {
    const one = lived([0, healthy, of(admin, healthy)], [30, gone], [31, ecsSilent]);
    expect(said(one, 1000)).toBe("watching");
    expect(said(one, 1000, any)).toBe("draining for reading since 31");
    expect(said(observe(one, [gone], 60_000), 1000, any)).toBe("exit: drained");
  });

  test("two gone in doubt: both have to be borne out (all), one is enough (any)", () => {
    const both = lived(
      [0, healthy, of(admin, healthy)],
      [30, gone, of(admin, gone)],
      [31, ecsSilent],
      [60, gone],
    );
    expect(said(both, 1000)).toBe("draining for reading since 31");
    expect(said(both, 1000, any)).toBe("exit: drained");
    expect(said(observe(both, [of(admin, gone)], 61_000), 1000)).toBe("exit: drained");
  });

  test("one left beyond doubt and one gone in doubt: no doubt (any), in doubt (all)", () => {
    const state = lived(
      [0, healthy, of(admin, healthy)],
      [30, draining, of(admin, gone)],
      [31, ecsSilent],
    );
    expect(said(state, 1000, any)).toBe("exit: drained");
    expect(said(state, 1000)).toBe("draining for reading since 31");
  });

  test("a blue/green pair of which one was never registered drains by the other alone", () => {
    const state = lived([0, healthy, of(admin, gone)], [30, draining, of(admin, gone)]);
    expect(said(state, 30)).toBe("draining for deregistration-wait since 30");
    expect(said(state, 150)).toBe("exit: drained");
  });

  test("no answer about targets, ECS: desired status STOPPED: draining since then", () => {
    const state = lived([0, healthy], [30, elbSilent], [60, ecsStops]);
    expect(decided(state, 60)).toMatchObject({ cause: "task-status", sinceMs: 60_000 });
    expect(said(state, 180)).toBe("exit: drained");
  });

  test("no answer about targets, ECS: STOPPED, taskSignal false: watching", () => {
    const state = lived([0, healthy], [30, elbSilent], [60, ecsStops]);
    expect(said(state, 1000, { taskSignal: false })).toBe("watching");
  });

  test("no answer about targets, ECS: any other desired status: watching", () => {
    expect(said(lived([0, healthy], [30, elbSilent], [60, ecsRuns]), 1000)).toBe("watching");
    expect(said(lived([0, healthy], [30, elbSilent], [60, ecsSilent]), 1000)).toBe("watching");
  });

  test("an answer about targets, ECS: STOPPED: the readings decide", () => {
    expect(said(lived([0, healthy], [30, ecsStops]), 1000)).toBe("watching");
    expect(said(lived([0, elbSilent], [30, healthy], [60, ecsStops]), 1000)).toBe("watching");
  });

  test("no answer ever about targets, ECS: STOPPED: draining since then", () => {
    expect(said(lived([0, elbSilent], [30, ecsStops]), 30)).toBe(
      "draining for deregistration-wait since 30",
    );
  });
});

describe("draining, begun by readings", () => {
  const began = lived([0, healthy], [30, draining]);

  test("an answered reading says otherwise: watching, and the wait starts anew the next time", () => {
    const back = observe(began, [healthy], 60_000);
    expect(said(back, 60)).toBe("watching");
    expect(said(observe(back, [draining], 90_000), 160)).toBe(
      "draining for deregistration-wait since 90",
    );
  });

  test("another target serves (all): watching", () => {
    expect(said(observe(began, [of(admin, reading("initial"))], 60_000), 1000)).toBe("watching");
  });

  test("another target serves (any): draining as before", () => {
    expect(said(observe(began, [of(admin, healthy)], 60_000), 150, any)).toBe("exit: drained");
  });

  test("no answer is no reading that says otherwise", () => {
    const silent = lived([0, healthy], [30, draining], [60, elbSilent], [90, ecsSilent]);
    expect(said(silent, 149)).toBe("draining for deregistration-wait since 30");
    expect(said(silent, 150)).toBe("exit: drained");
  });

  test("gone then, and ECS silent: beyond doubt, as draining was read", () => {
    const state = lived([0, draining], [30, gone], [31, ecsSilent]);
    expect(said(state, 119)).toBe("draining for deregistration-wait since 0");
    expect(said(state, 120)).toBe("exit: drained");
  });

  test("deregistration wait not over: draining", () => {
    expect(decided(began, 149.999)).toEqual({
      phase: "draining",
      askTaskStatus: false,
      cause: "readings",
      sinceMs: 30_000,
      floorMs: 150_000,
      ceilingMs: 330_000,
      waitsFor: "deregistration-wait",
    });
  });

  test("deregistration wait not over, no connections open: draining all the same", () => {
    expect(said(observe(began, [open(0)], 31_000), 149.999)).toBe(
      "draining for deregistration-wait since 30",
    );
  });

  test("wait over, connections open, drain timeout not reached: draining, for them", () => {
    const state = observe(began, [open(1)], 149_000);
    expect(said(state, 150)).toBe("draining for connections since 30");
    expect(said(state, 329.999)).toBe("draining for connections since 30");
  });

  test("wait over, none open: exit", () => {
    expect(said(observe(began, [open(0)], 149_000), 150)).toBe("exit: drained");
    expect(said(observe(observe(began, [open(7)], 149_000), [open(0)], 200_000), 200)).toBe(
      "exit: drained",
    );
  });

  test("wait over, not counted: exit", () => {
    expect(decided(began, 150)).toMatchObject({
      phase: "exit",
      because: "drained",
      sinceMs: 30_000,
    });
    expect(said(observe(observe(began, [open(7)], 149_000), [open(undefined)], 149_500), 150)).toBe(
      "exit: drained",
    );
  });

  test("wait over, connections open, drain timeout reached: exit", () => {
    expect(said(observe(began, [open(7)], 149_000), 330)).toBe("exit: drain-timeout");
  });

  test("wait over, connections open, drain timeout no longer than the wait: exit", () => {
    const state = observe(began, [open(7)], 149_000);
    expect(said(state, 150, { drainTimeoutMs: 120_000 })).toBe("exit: drain-timeout");
  });

  test("a wait of 0: exit with the reading that says draining", () => {
    expect(said(began, 30, { deregistrationWaitMs: 0 })).toBe("exit: drained");
  });

  test("a wait of 0, gone, ECS silent: draining to a second reading that bears it out", () => {
    const state = lived([0, healthy], [30, gone], [31, ecsSilent]);
    const none = { deregistrationWaitMs: 0 };
    expect(said(state, 31, none)).toBe("draining for reading since 31");
    expect(said(observe(state, [elbSilent], 60_000), 60, none)).toBe(
      "draining for reading since 31",
    );
    expect(said(observe(state, [gone], 60_000), 60, none)).toBe("exit: drained");
    expect(said(observe(state, [healthy], 60_000), 60, none)).toBe("watching");
  });

  test("a wait of 0, gone, ECS: STOPPED: exit at once", () => {
    expect(
      said(lived([0, healthy], [30, gone], [31, ecsStops]), 31, { deregistrationWaitMs: 0 }),
    ).toBe("exit: drained");
  });

  test("ECS is asked no more once it has said STOPPED of every target that is gone", () => {
    const state = lived([0, healthy], [30, gone], [31, ecsStops], [60, gone]);
    expect(decided(state, 60)).toMatchObject({ phase: "draining", askTaskStatus: false });
  });
});

describe("draining, begun by ECS's word", () => {
  const began = lived([0, healthy], [30, elbSilent], [60, ecsStops]);

  test("is never called off, whatever Elastic Load Balancing and ECS say later", () => {
    const later = observe(observe(began, [healthy], 90_000), [ecsRuns], 91_000);
    expect(said(later, 91)).toBe("draining for deregistration-wait since 90");
  });

  test("while a reading still shows the task served, the wait counts from the last such reading", () => {
    const served = observe(observe(began, [healthy], 90_000), [healthy], 120_000);
    expect(said(served, 120)).toBe("draining for deregistration-wait since 120");
    const silent = observe(served, [elbSilent], 150_000);
    expect(said(silent, 239)).toBe("draining for deregistration-wait since 120");
    expect(said(silent, 240)).toBe("exit: drained");
  });

  test("a reading from before the word does not move the wait", () => {
    expect(decided(began, 100)).toMatchObject({ sinceMs: 60_000, floorMs: 180_000 });
  });

  test("a task that was served after the word, and left then: the wait counts from the reading that says left", () => {
    const left = observe(observe(began, [healthy], 90_000), [draining], 120_000);
    expect(said(left, 239)).toBe("draining for deregistration-wait since 120");
    expect(said(left, 240)).toBe("exit: drained");
  });

  test("readings that say left do not begin the wait anew", () => {
    expect(said(observe(began, [draining], 90_000), 179)).toBe(
      "draining for deregistration-wait since 60",
    );
    expect(said(observe(began, [draining], 90_000), 180)).toBe("exit: drained");
  });

  test("a target that is gone needs no bearing out", () => {
    const state = observe(observe(began, [gone], 90_000), [ecsSilent], 91_000);
    expect(said(state, 180)).toBe("exit: drained");
  });

  test("one of two served (any): the wait counts on where the other left", () => {
    const state = observe(began, [of(admin, draining), healthy], 90_000);
    expect(said(state, 180, any)).toBe("exit: drained");
    expect(said(state, 180)).toBe("draining for deregistration-wait since 90");
  });
});

describe("a stop signal", () => {
  const watching = lived([0, healthy]);
  const drains = lived([0, healthy], [30, draining]);
  const stop = (state: DrainState, atSeconds: number): DrainState =>
    observe(state, [signalled], atSeconds * 1000);

  for (const [phase, state] of [
    ["before anything is read", nothingObserved],
    ["watching", watching],
    ["draining", drains],
    ["draining, held for connections", observe(drains, [open(3)], 40_000)],
    ["draining by ECS's word", lived([0, elbSilent], [30, ecsStops])],
  ] as const)
    test(`${phase}, stop hold 0: exit at once`, () => {
      expect(said(stop(state, 50), 50)).toBe("exit: stop-signal");
    });

  test("tells since when a drain went on, if one did", () => {
    expect(decided(stop(drains, 50), 50)).toMatchObject({ sinceMs: 30_000 });
    expect(decided(stop(watching, 50), 50)).toMatchObject({ sinceMs: undefined });
  });

  test("watching, stop hold: draining, cut to the stop hold", () => {
    const held = stop(watching, 50);
    expect(decided(held, 50, hold(100))).toMatchObject({
      phase: "draining",
      cause: "stop-signal",
      sinceMs: 50_000,
      floorMs: 150_000,
      ceilingMs: 150_000,
    });
    expect(said(held, 149.999, hold(100))).toBe("draining for deregistration-wait since 50");
    expect(said(held, 150, hold(100))).toBe("exit: stop-hold");
  });

  test("watching, a stop hold longer than the wait: exit after the wait, or with the last connection, or at the end of the hold", () => {
    const held = stop(watching, 50);
    const short = { ...hold(100), deregistrationWaitMs: 30_000 };
    expect(said(held, 79.999, short)).toBe("draining for deregistration-wait since 50");
    expect(said(held, 80, short)).toBe("exit: drained");
    const busy = observe(held, [open(2)], 60_000);
    expect(said(busy, 80, short)).toBe("draining for connections since 50");
    expect(said(observe(busy, [open(0)], 90_000), 90, short)).toBe("exit: drained");
    expect(said(busy, 150, short)).toBe("exit: stop-hold");
    expect(said(busy, 90, { ...short, drainTimeoutMs: 40_000 })).toBe("exit: drain-timeout");
  });

  test("is not called off by a target that serves: the wait counts from the last such reading", () => {
    const served = observe(stop(watching, 50), [healthy], 60_000);
    expect(said(served, 60, hold(100))).toBe("draining for deregistration-wait since 60");
    expect(said(served, 150, hold(100))).toBe("exit: stop-hold");
  });

  test("and a target that leaves then: the wait counts from the reading that says so", () => {
    const served = observe(stop(watching, 50), [healthy], 50_000);
    const left = observe(served, [draining], 80_000);
    expect(decided(left, 80, hold(118))).toMatchObject({ cause: "readings", sinceMs: 80_000 });
  });

  test("draining: the wait goes on from its beginning, cut to the stop hold", () => {
    const held = stop(drains, 50);
    expect(decided(held, 50, hold(118))).toMatchObject({
      cause: "readings",
      sinceMs: 30_000,
      floorMs: 150_000,
      ceilingMs: 168_000,
    });
    expect(said(held, 150, hold(118))).toBe("exit: drained");
    expect(decided(held, 50, hold(60))).toMatchObject({ floorMs: 110_000, ceilingMs: 110_000 });
    expect(said(held, 110, hold(60))).toBe("exit: stop-hold");
  });

  test("draining, held for connections: to the end of the stop hold at the latest", () => {
    const held = stop(observe(drains, [open(5)], 149_000), 160);
    expect(said(held, 160, hold(60))).toBe("draining for connections since 30");
    expect(said(held, 219.999, hold(60))).toBe("draining for connections since 30");
    expect(said(held, 220, hold(60))).toBe("exit: stop-hold");
  });

  test("draining, held for connections: to the drain timeout, where that comes first", () => {
    const held = stop(observe(drains, [open(5)], 149_000), 300);
    expect(said(held, 329, hold(60))).toBe("draining for connections since 30");
    expect(said(held, 330, hold(60))).toBe("exit: drain-timeout");
  });

  test("draining in doubt: to the end of the stop hold at the latest", () => {
    const held = stop(lived([0, healthy], [30, gone], [31, ecsSilent]), 100);
    expect(said(held, 151, hold(60))).toBe("draining for reading since 31");
    expect(said(held, 160, hold(60))).toBe("exit: stop-hold");
  });

  test("stopping, the targets' containers have stopped: exit", () => {
    for (const state of [watching, drains, observe(drains, [open(5)], 40_000)]) {
      const stopped = observe(stop(state, 50), [{ containersStopped: true }], 51_000);
      expect(said(stopped, 51, hold(100))).toBe("exit: containers-stopped");
      const running = observe(stop(state, 50), [{ containersStopped: false }], 51_000);
      expect(said(running, 51, hold(100))).toStartWith("draining");
    }
  });

  test("is what makes stopped containers matter: without one they end nothing", () => {
    expect(said(observe(drains, [{ containersStopped: true }], 40_000), 40)).toBe(
      "draining for deregistration-wait since 30",
    );
    expect(said(observe(watching, [{ containersStopped: true }], 40_000), 40)).toBe("watching");
  });

  test("counts once: a later one does not prolong the hold", () => {
    const twice = observe(stop(watching, 50), [{ stopSignal: "SIGINT" }], 100_000);
    expect(twice.stop).toEqual({ signal: "SIGTERM", atMs: 50_000 });
  });
});

describe("observing is pure", () => {
  const readings: readonly Reading[] = [
    healthy,
    draining,
    gone,
    notInUse,
    of(admin, gone),
    ecsStops,
    ecsRuns,
    ecsSilent,
    elbSilent,
    signalled,
    open(3),
    open(undefined),
    { containersStopped: true },
  ];

  test("neither the state nor the readings are changed, and equal inputs give equal states", () => {
    for (const first of readings)
      for (const second of readings) {
        const state = lived([0, healthy, of(admin, healthy)], [10, first]);
        const before = structuredClone(state);
        const next = observe(state, [second], 20_000);
        expect(state).toEqual(before);
        expect(observe(structuredClone(state), [structuredClone(second)], 20_000)).toEqual(next);
      }
  });

  test("no readings give the very state", () => {
    const state = lived([0, healthy]);
    expect(observe(state, [], 99_000)).toBe(state);
  });

  test("a decision changes nothing, and depends on nothing but its inputs", () => {
    for (const first of readings) {
      const state = lived([0, healthy], [10, first]);
      expect(decided(state, 500, hold(60))).toEqual(decided(structuredClone(state), 500, hold(60)));
    }
  });
});

describe("a target of which nothing was ever learnt", () => {
  const asked = { asked: [web, admin] } as const;

  test("may serve: a task whose other target group never answered is not ended", () => {
    const state = lived([0, asked, draining, elbSilent]);
    expect(decide(state, usual, 3_600_000).phase).toBe("watching");
  });

  test("does not keep a task that ECS says is to stop", () => {
    const state = lived([0, asked, draining, elbSilent], [1, ecsStops]);
    expect(decide(state, usual, 120_999).phase).toBe("draining");
    expect(decide(state, usual, 121_000).phase).toBe("exit");
  });

  test("an old reading of a target that answers no more does not move the wait of ECS's word", () => {
    const state = lived(
      [0, asked, healthy, of(admin, healthy)],
      [30, asked, draining, elbSilent],
      [60, elbSilent, ecsStops],
      [90, asked, draining, elbSilent],
      [120, asked, draining, elbSilent],
      [150, asked, draining, elbSilent],
    );
    expect(decide(state, usual, 179_999).phase).toBe("draining");
    expect(decide(state, usual, 180_000).phase).toBe("exit");
  });
});
