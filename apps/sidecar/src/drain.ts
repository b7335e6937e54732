// The drain, as a pure function of what was read: whether the task is leaving, and whether the process may.

// A target *serves* when its last reading says that it is registered and not leaving; it *left* when it is draining, or is gone
// and ECS confirms it.
//
// | reading of a target                                          | the target                               |
// | initial, healthy, unhealthy, unavailable, unhealthy.draining | serves                                   |
// | draining, or reason Target.DeregistrationInProgress          | left                                     |
// | gone, seen registered before; ECS: desired status STOPPED    | left                                     |
// | gone, seen registered before; ECS: any other desired status  | keeps what it was                        |
// | gone, seen registered before; ECS gives no answer            | left, if each reading of the wait says so |
// | gone, never seen registered                                  | neutral                                  |
// | every target gone, none seen registered; ECS: STOPPED        | left: this process began after the drain |
// | unused, Target.NotInUse                                      | registered, but neutral                  |
// | unused, other reasons; a state that is not in this table     | keeps what it was                        |
// | no reading                                                   | keeps what it was                        |
// | asked about, and never once read                             | may serve: `all` waits for it            |
//
// | phase    | when                                                              | next                                 |
// | watching | one target left and none serves (all), or any left (any)          | draining since it was seen           |
// | watching | no answer about targets, ECS: desired status STOPPED (taskSignal) | draining since then                  |
// | draining | by readings; an answered reading says otherwise                   | watching; the wait starts anew       |
// | draining | by ECS's word or a stop signal                                    | never called off                     |
// | draining | likewise, and a reading still shows it served                     | the wait counts from that reading    |
// | draining | deregistration wait not over                                      | draining                             |
// | draining | over; connections open; drain timeout not reached                 | draining, for them                   |
// | draining | over; none open or not counted, or drain timeout reached          | exit                                 |
// | any      | stop signal, stop hold 0                                          | exit                                 |
// | any      | stop signal, stop hold                                            | draining, to the end of the hold at the latest |
// | stopping | the targets' containers have stopped                              | exit                                 |

import { sameTarget, type Target, type TargetHealth } from "@nlb-sidecar/health";
import type { TaskStatus } from "@nlb-sidecar/resolver";

/** Nothing was heard, where a reading was asked for: the call failed, was throttled, or its turn fell to another source. */
export interface Unanswered {
  readonly unanswered: "target-health" | "task-status";
}

/** The process was told to stop, now. */
export interface StopSignal {
  readonly stopSignal: string;
}

/** Open connections on the targets' ports; undefined where they cannot be counted. */
export interface OpenConnections {
  readonly openConnections: number | undefined;
}

/** Whether the containers behind the targets have all stopped, as the task metadata endpoint says. */
export interface ContainersStopped {
  readonly containersStopped: boolean;
}

/** The targets that a round asked about, whether or not it learnt anything of them. */
export interface Asked {
  readonly asked: readonly Target[];
}

/** Whatever the drain can learn. */
export type Reading =
  | Asked
  | TargetHealth
  | TaskStatus
  | Unanswered
  | StopSignal
  | OpenConnections
  | ContainersStopped;

/** What is known of one target. */
export interface TargetState {
  readonly target: Target;
  /** The last reading that said something. */
  readonly last: TargetHealth;
  /** Whether any reading ever said that it is registered. */
  readonly registered: boolean;
  readonly standing: "serves" | "left" | "neutral";
  /** Since when it has left; undefined while it has not. */
  readonly leftMs: number | undefined;
  /** Undefined unless the last reading says gone: what ECS said of it since then. */
  readonly gone: Gone | undefined;
}

interface Gone {
  /** Readings in a row that say so. */
  readonly readings: number;
  /** `asked`: no word of ECS yet; `silent`: ECS was asked and did not answer. */
  readonly ecs: "asked" | "silent" | "stopped" | "wanted";
}

/** What the drain remembers. All times are of the monotonic clock. */
export interface DrainState {
  readonly targets: readonly TargetState[];
  /** All that are asked about, those of which nothing was learnt yet among them. */
  readonly asked: readonly Target[];
  /** Since when the targets have left, by each rule of `drainWhen`; undefined while they have not. */
  readonly leftMs: { readonly all: number | undefined; readonly any: number | undefined };
  /** When a reading last showed that the load balancer still wants the task, by each rule. */
  readonly servedMs: { readonly all: number | undefined; readonly any: number | undefined };
  /** Since when ECS says, unasked by any reading of a target, that the task's desired status is STOPPED. */
  readonly wordMs: number | undefined;
  /** Whether the last question about the targets was not answered, or not even asked because of its pace. */
  readonly unanswered: boolean;
  readonly stop: { readonly signal: string; readonly atMs: number } | undefined;
  readonly openConnections: number | undefined;
  readonly containersStopped: boolean;
}

/** The settings that decide, in milliseconds. */
export interface DrainPolicy {
  readonly deregistrationWaitMs: number;
  /** At least the deregistration wait. */
  readonly drainTimeoutMs: number;
  readonly drainWhen: "all" | "any";
  readonly taskSignal: boolean;
  readonly stopHoldMs: number;
}

/** What began a drain: readings of targets, ECS's word alone, or a stop signal. */
export type DrainCause = "readings" | "task-status" | "stop-signal";

/** What follows from all that is known. */
export type Decision =
  | { readonly phase: "watching"; readonly askTaskStatus: boolean }
  | {
      readonly phase: "draining";
      readonly askTaskStatus: boolean;
      readonly cause: DrainCause;
      readonly sinceMs: number;
      /** The end of the deregistration wait. */
      readonly floorMs: number;
      /** The latest end, while connections are open. */
      readonly ceilingMs: number;
      /** What is waited for: the wait itself, open connections, or a reading that bears out a target that is gone. */
      readonly waitsFor: "deregistration-wait" | "connections" | "reading";
    }
  | {
      readonly phase: "exit";
      readonly because:
        | "drained"
        | "drain-timeout"
        | "stop-signal"
        | "stop-hold"
        | "containers-stopped";
      /** Undefined, as is the next, where no drain preceded. */
      readonly cause: DrainCause | undefined;
      readonly sinceMs: number | undefined;
    };

/** Before anything was read. */
export const nothingObserved: DrainState = {
  targets: [],
  asked: [],
  leftMs: { all: undefined, any: undefined },
  servedMs: { all: undefined, any: undefined },
  wordMs: undefined,
  unanswered: false,
  stop: undefined,
  openConnections: undefined,
  containersStopped: false,
};

/**
 * The state after `readings`, which were all taken by `nowMs`. Pure.
 *
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
 */
export function observe(
  state: DrainState,
  readings: readonly Reading[],
  nowMs: number,
): DrainState {
  let next = state;
  for (const reading of readings) next = afterReading(next, reading, nowMs);
  return next === state ? state : timed(next, new Set<Reading>(readings), nowMs);
}

function afterReading(state: DrainState, reading: Reading, nowMs: number): DrainState {
  if (isTargetHealth(reading)) return afterTargetHealth(state, reading);
  if ("asked" in reading) return { ...state, asked: reading.asked };
  if ("desiredStatus" in reading) return afterTaskStatus(state, reading, nowMs);
  if ("unanswered" in reading) return afterSilence(state, reading);
  if ("stopSignal" in reading)
    return state.stop === undefined
      ? { ...state, stop: { signal: reading.stopSignal, atMs: nowMs } }
      : state;
  if ("openConnections" in reading) return { ...state, openConnections: reading.openConnections };
  return { ...state, containersStopped: reading.containersStopped };
}

const isTargetHealth = (reading: Reading): reading is TargetHealth => "target" in reading;

function afterTargetHealth(state: DrainState, reading: TargetHealth): DrainState {
  const before = state.targets.find(({ target }) => sameTarget(target, reading.target));
  const after = targetAfter(before, reading);
  return {
    ...state,
    unanswered: false,
    targets:
      before === undefined
        ? [...state.targets, after]
        : state.targets.map((each) => (each === before ? after : each)),
  };
}

function targetAfter(before: TargetState | undefined, reading: TargetHealth): TargetState {
  const { target, state, reason } = reading;
  const known = {
    target,
    last: reading,
    registered: before?.registered ?? false,
    standing: before?.standing ?? "neutral",
    leftMs: before?.leftMs,
    gone: undefined,
  } as const;
  // The reason decides before the state: it names the deregistration whatever the state is called.
  if (state === "draining" || reason === "Target.DeregistrationInProgress")
    return { ...known, registered: true, standing: "left" };
  switch (state) {
    case "initial":
    case "healthy":
    case "unhealthy":
    case "unavailable":
    case "unhealthy.draining":
      return { ...known, registered: true, standing: "serves" };
    case "unused":
      return reason === "Target.NotInUse"
        ? { ...known, registered: true, standing: "neutral" }
        : known;
    case "gone":
      return {
        ...known,
        gone: { readings: (before?.gone?.readings ?? 0) + 1, ecs: before?.gone?.ecs ?? "asked" },
      };
    default:
      // A state that nobody knows yet says nothing, not even that a target is there again.
      return before ?? known;
  }
}

// A target that is gone is ECS's to explain: one that was registered, or all of them where none was (a restart after the drain).
const awaitsEcs = (state: DrainState, { gone, registered }: TargetState): boolean =>
  gone !== undefined && (registered || noneRegistered(state));

const noneRegistered = ({ targets }: DrainState): boolean =>
  targets.every(({ registered, gone }) => !registered && gone !== undefined);

function afterTaskStatus(state: DrainState, status: TaskStatus, nowMs: number): DrainState {
  const stopped = status.desiredStatus === "STOPPED";
  return {
    ...state,
    wordMs: stopped && state.unanswered ? (state.wordMs ?? nowMs) : state.wordMs,
    targets: state.targets.map((each): TargetState => {
      const { gone } = each;
      if (gone === undefined || !awaitsEcs(state, each)) return each;
      return stopped
        ? { ...each, standing: "left", gone: { ...gone, ecs: "stopped" } }
        : { ...each, gone: { ...gone, ecs: "wanted" } };
    }),
  };
}

function afterSilence(state: DrainState, { unanswered }: Unanswered): DrainState {
  if (unanswered === "target-health") return { ...state, unanswered: true };
  return {
    ...state,
    targets: state.targets.map((each): TargetState => {
      const { gone, registered } = each;
      // ECS's last word on a target that is gone stands; only where it never gave one is its silence a silence.
      if (gone === undefined || gone.ecs !== "asked" || !registered) return each;
      return { ...each, gone: { ...gone, ecs: "silent" } };
    }),
  };
}

/** Whether this target has left, a silence of ECS included. */
const hasLeft = ({ standing, gone }: TargetState): boolean =>
  standing === "left" || gone?.ecs === "silent";

/** Whether the load balancer still wants this target. */
const serves = (target: TargetState): boolean => target.standing === "serves" && !hasLeft(target);

// Keeps since when each rule holds, and when it was last seen not to.
function timed(state: DrainState, readings: ReadonlySet<Reading>, nowMs: number): DrainState {
  const { leftMs, servedMs } = state;
  const targets = state.targets.map((each): TargetState => {
    const since = hasLeft(each) ? (each.leftMs ?? nowMs) : undefined;
    return since === each.leftMs ? each : { ...each, leftMs: since };
  });
  const leftsMs = targets.flatMap((each) => each.leftMs ?? []);
  const anyLeft = leftsMs.length > 0;
  // A target of which nothing was ever learnt may serve: its target group may be the one that does not answer.
  const anyUnread = state.asked.some(
    (target) => !targets.some((each) => sameTarget(each.target, target)),
  );
  const anyServes = anyUnread || targets.some(serves);
  // Only what this very round showed: an old reading of a target that answers no more does not move the wait.
  const anyShown = targets.some(
    (each) => serves(each) && each.gone === undefined && readings.has(each.last),
  );
  const last = (holds: boolean, ms: number | undefined) => (holds ? nowMs : ms);
  return {
    ...state,
    targets,
    leftMs: {
      all: anyLeft && !anyServes ? (leftMs.all ?? nowMs) : undefined,
      // The wait for a target that is back is not one for the others.
      any: anyLeft ? Math.min(...leftsMs) : undefined,
    },
    servedMs: {
      all: last(anyShown, servedMs.all),
      any: last(anyShown && !anyLeft, servedMs.any),
    },
  };
}

/** What follows from `state` under `policy` at `nowMs`. Pure. */
export function decide(state: DrainState, policy: DrainPolicy, nowMs: number): Decision {
  const { stop } = state;
  if (stop !== undefined && policy.stopHoldMs === 0) {
    const before = beginningOf({ ...state, stop: undefined }, policy);
    const { cause, sinceMs } = before ?? { cause: undefined, sinceMs: undefined };
    return { phase: "exit", because: "stop-signal", cause, sinceMs };
  }
  const began = beginningOf(state, policy);
  // Of a task that it stops, ECS never says anything else again.
  const askTaskStatus = state.targets.some(
    (each) => awaitsEcs(state, each) && each.gone?.ecs !== "stopped",
  );
  if (began === undefined) return { phase: "watching", askTaskStatus };
  const { cause, sinceMs } = began;
  const exit = (
    because: "drained" | "drain-timeout" | "stop-hold" | "containers-stopped",
  ): Decision => ({ phase: "exit", because, cause, sinceMs });
  if (stop !== undefined && state.containersStopped) return exit("containers-stopped");
  const holdMs = stop === undefined ? Number.POSITIVE_INFINITY : stop.atMs + policy.stopHoldMs;
  const floorMs = Math.min(sinceMs + policy.deregistrationWaitMs, holdMs);
  const ceilingMs = Math.max(floorMs, Math.min(sinceMs + policy.drainTimeoutMs, holdMs));
  const draining = (waitsFor: "deregistration-wait" | "connections" | "reading"): Decision => ({
    phase: "draining",
    askTaskStatus,
    cause,
    sinceMs,
    floorMs,
    ceilingMs,
    waitsFor,
  });
  if (nowMs < floorMs) return draining("deregistration-wait");
  if (nowMs >= holdMs) return exit("stop-hold");
  if (cause === "readings" && inDoubt(state, policy)) return draining("reading");
  if ((state.openConnections ?? 0) === 0) return exit("drained");
  if (nowMs < ceilingMs) return draining("connections");
  return exit("drain-timeout");
}

function beginningOf(
  state: DrainState,
  policy: DrainPolicy,
): { readonly cause: DrainCause; readonly sinceMs: number } | undefined {
  const { stop, wordMs } = state;
  const leftMs = state.leftMs[policy.drainWhen];
  const causes: { cause: DrainCause; sinceMs: number }[] = [];
  if (leftMs !== undefined) causes.push({ cause: "readings", sinceMs: leftMs });
  // ECS's word and a stop signal come before the deregistration: as long as a reading shows the task served, the wait has not
  // begun, and where one shows afterwards that it left, that one tells the moment better.
  const servedMs = state.servedMs[policy.drainWhen];
  const from = (ms: number): number =>
    servedMs !== undefined && servedMs >= ms ? (leftMs ?? servedMs) : ms;
  if (policy.taskSignal && wordMs !== undefined)
    causes.unshift({ cause: "task-status", sinceMs: from(wordMs) });
  if (stop !== undefined) causes.push({ cause: "stop-signal", sinceMs: from(stop.atMs) });
  return causes.reduce<(typeof causes)[number] | undefined>(
    (first, each) => (first === undefined || each.sinceMs < first.sinceMs ? each : first),
    undefined,
  );
}

// A target that is gone, and of which ECS says nothing, is believed only with a second reading, and one that answers the last question.
function inDoubt(state: DrainState, { drainWhen }: DrainPolicy): boolean {
  const { targets, unanswered } = state;
  const borneOut = ({ gone }: TargetState): boolean =>
    gone !== undefined && gone.readings >= 2 && !unanswered;
  const left = targets.filter(hasLeft);
  const doubted = left.filter(
    ({ standing, gone }) => standing !== "left" && gone?.ecs === "silent",
  );
  // One target that left beyond doubt is enough for `any`; for `all`, each that would serve otherwise has to be beyond doubt.
  if (drainWhen === "any" && left.length > doubted.length) return false;
  return drainWhen === "any" ? !doubted.some(borneOut) : !doubted.every(borneOut);
}
