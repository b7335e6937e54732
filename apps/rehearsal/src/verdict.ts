// The verdict on a life: its numbers, and what the sidecar did that it should not have done.

import type { ConnectionEnd } from "./clients.ts";
import type { Life } from "./life.ts";
import type { Stage } from "./stage.ts";

/** A verdict. Times are on the life's clock, durations in milliseconds; undefined: it did not happen. */
export interface Verdict {
  /** No connection was cut, and nothing stands in `misbehaviour`. */
  readonly passed: boolean;
  readonly opened: number;
  readonly finished: number;
  readonly cut: number;
  /** The cut ones by how they ended. */
  readonly cuts: { readonly [end in Exclude<ConnectionEnd, "finished">]?: number };
  /** New connections to the task's target after its deregistration, and how many of them were cut. */
  readonly late: { readonly opened: number; readonly cut: number };
  readonly drainBeganMs: number | undefined;
  readonly drainSeenMs: number | undefined;
  /** When the application was told to stop: the task needs no more connections from here on. */
  readonly drainEndedMs: number | undefined;
  /** When ECS alone would have told it: at the end of the deregistration delay. Undefined where ECS does not wait for it. */
  readonly aloneEndedMs: number | undefined;
  /** How much sooner than ECS alone. */
  readonly soonerMs: number | undefined;
  /** When the one connection that outlasts the wait ended, and when the sidecar's process did. */
  readonly lastConnectionMs: number | undefined;
  readonly sidecarEndedMs: number | undefined;
  /** Whole sentences. */
  readonly misbehaviour: readonly string[];
}

/** What a verdict needs to know of the stage. */
export type Judged = Pick<
  Stage,
  | "act"
  | "deregistrationDelayMs"
  | "deregistrationWaitMs"
  | "faults"
  | "followsConnections"
  | "sidecar"
  | "stopHoldMs"
>;

// A line of the log reaches the rehearsal later than it was written, and a busy machine starts and ends processes slowly.
const toleranceMs = 300;
const stopToleranceMs = 3_000;
// Connections are counted once a second, and on a busy machine, where a count takes long, more rarely.
const countToleranceMs = 3_000;

/** Judges a life. Pure. */
export function verdictOf(life: Life, stage: Judged): Verdict {
  const cuts: { [end in Exclude<ConnectionEnd, "finished">]?: number } = {};
  for (const { end } of life.connections) if (end !== "finished") cuts[end] = (cuts[end] ?? 0) + 1;
  const cut = Object.values(cuts).reduce((sum, number) => sum + number, 0);
  const late = life.connections.filter(
    ({ target, openedMs }) =>
      target === life.target && life.drainBeganMs !== undefined && openedMs > life.drainBeganMs,
  );
  const waits = stage.act === "deploy" && life.drainBeganMs !== undefined;
  const aloneEndedMs = waits ? (life.drainBeganMs ?? 0) + stage.deregistrationDelayMs : undefined;
  const drainEndedMs = life.applicationToldMs ?? life.applicationEnd?.atMs;
  const misbehaviour = misbehaviourOf(life, stage);
  return {
    passed: cut === 0 && misbehaviour.length === 0,
    opened: life.opened,
    finished: life.connections.length - cut,
    cut,
    cuts,
    late: { opened: late.length, cut: late.filter(({ end }) => end !== "finished").length },
    drainBeganMs: life.drainBeganMs,
    drainSeenMs: life.drainSeenMs,
    drainEndedMs,
    aloneEndedMs,
    soonerMs:
      aloneEndedMs === undefined || drainEndedMs === undefined
        ? undefined
        : aloneEndedMs - drainEndedMs,
    lastConnectionMs: life.connections.find(({ kind }) => kind === "last")?.endedMs,
    sidecarEndedMs: life.sidecarEnd?.atMs,
    misbehaviour,
  };
}

function misbehaviourOf(life: Life, stage: Judged): readonly string[] {
  const found: string[] = [];
  for (const { container, exitCode } of life.otherExits)
    found.push(`${container} of a task that was to go on ended with ${exitCode}.`);
  if (life.timedOut) found.push("The task had not stopped when the time was up.");
  if (life.actMs === undefined) found.push("The task did not live until the rehearsal could act.");
  if (stage.sidecar === undefined) return found;

  const { sidecarEnd: end, drainSeenMs } = life;
  if (end === undefined) {
    found.push("The sidecar did not end.");
    return found;
  }
  if (end.exitCode === 137 && end.toldMs !== undefined)
    found.push("The sidecar had to be killed: it had not ended within its stop timeout.");
  else if (end.exitCode !== 0) found.push(`The sidecar ended with ${end.exitCode}.`);

  if (end.toldMs !== undefined) {
    const heldMs = end.atMs - end.toldMs;
    if (heldMs > stage.stopHoldMs + stopToleranceMs)
      found.push(`The sidecar took ${heldMs.toFixed(0)} ms to end after its stop signal.`);
    if (stage.act === "deploy" && stage.faults.length === 0)
      found.push("The sidecar did not end the drain: ECS alone did.");
    return found;
  }
  if (life.drainBeganMs === undefined || end.atMs < life.drainBeganMs)
    found.push("The sidecar left a task that the load balancer still wanted.");
  else if (drainSeenMs === undefined) found.push("The sidecar left without having seen a drain.");
  else if (end.atMs - drainSeenMs < (stage.deregistrationWaitMs ?? 0) - toleranceMs)
    found.push(
      `The sidecar left ${(end.atMs - drainSeenMs).toFixed(0)} ms after it had seen the drain, before its wait of ${stage.deregistrationWaitMs} ms was over.`,
    );
  else if (stage.followsConnections) {
    const ends = life.connections
      .filter(({ target, endedMs }) => target === life.target && endedMs <= end.atMs)
      .map(({ endedMs }) => endedMs);
    const dueMs = Math.max(drainSeenMs + (stage.deregistrationWaitMs ?? 0), ...ends);
    if (end.atMs - dueMs > countToleranceMs)
      found.push(
        `The sidecar left ${(end.atMs - dueMs).toFixed(0)} ms after the wait was over and the task's last connection had ended.`,
      );
  }
  return found;
}
