// A fleet of tasks that share an account's request rates: the simulation behind the claims on the pace.

import { nextRound, type RoundOutcome, type Schedule, scheduleOf } from "../src/schedule.ts";

/** The same shape as `nextRound`, so that another rule can stand beside it. */
export type Rule = (
  schedule: Schedule,
  outcome: RoundOutcome,
  random: () => number,
) => { readonly schedule: Schedule; readonly waitMs: number };

/** Doubling, on Elastic Load Balancing alone: x1.5 when throttled, x0.95 when answered. */
export const doubling: Rule = (schedule, outcome, random) => {
  const [pace] = schedule.sources;
  if (pace === undefined) throw new RangeError("a schedule without a source");
  const factor = outcome === "throttled" ? 1.5 : 0.95;
  const intervalMs = Math.min(
    1_800_000,
    Math.max(schedule.pollIntervalMs, pace.intervalMs * factor),
  );
  return {
    schedule: { ...schedule, turn: 0, sources: [{ ...pace, intervalMs }] },
    waitMs: intervalMs * (0.75 + 0.5 * random()),
  };
};

/** A seeded random source: mulberry32. */
export const seeded = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};

/** What a run of a fleet showed, from the end of its warm-up on. */
export interface FleetReport {
  readonly calls: number;
  /** Share of the calls that were throttled, 0 to 1. */
  readonly throttled: number;
  /** Share of all moments at which a drain that began then was seen within 60 s. */
  readonly seenWithin60: number;
  readonly seenWithin300: number;
  /** Share of the tasks whose preferred source is back at its own interval (within 5 %) at the end. */
  readonly atOwnInterval: number;
  /** Jain's index of the tasks' answered rates: 1 is equal shares. */
  readonly fairness: number;
}

/** A token bucket: AWS's documented form of a request rate. */
interface Bucket {
  readonly capacity: number;
  readonly perMs: number;
  tokens: number;
  atMs: number;
}

// Elastic Load Balancing: 40 and 10 a second. ECS cluster reads: 100 and 20 a second.
const buckets = (): readonly Bucket[] => [
  { capacity: 40, perMs: 10 / 1000, tokens: 40, atMs: 0 },
  { capacity: 100, perMs: 20 / 1000, tokens: 100, atMs: 0 },
];

const taken = (bucket: Bucket, nowMs: number): boolean => {
  bucket.tokens = Math.min(bucket.capacity, bucket.tokens + (nowMs - bucket.atMs) * bucket.perMs);
  bucket.atMs = nowMs;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
};

/** Plays a fleet of `tasks` through `hours`, of which the first is a warm-up. */
export function simulateFleet(options: {
  readonly tasks: number;
  readonly rule?: Rule;
  readonly sources?: number;
  readonly pollIntervalMs?: number;
  readonly warmUpMs?: number;
  readonly lengthMs?: number;
  /** From the start until then, every call is throttled. */
  readonly refusedUntilMs?: number;
  readonly seed?: number;
}): FleetReport {
  const { tasks, rule = nextRound, sources = 2, pollIntervalMs = 30_000 } = options;
  const { warmUpMs = 3_600_000, lengthMs = 2 * 3_600_000, refusedUntilMs = 0 } = options;
  const random = seeded(options.seed ?? 1);
  const shared = buckets();
  const schedules = Array.from({ length: tasks }, () => scheduleOf(pollIntervalMs, sources));
  const answeredAt = new Float64Array(tasks).fill(warmUpMs);
  const answers = new Float64Array(tasks);
  let calls = 0;
  let throttled = 0;
  let within60 = 0;
  let within300 = 0;
  const queue = heap(tasks, () => random() * pollIntervalMs);
  for (;;) {
    const { task, atMs } = queue.first();
    if (atMs >= lengthMs) break;
    const schedule = schedules[task];
    const bucket = shared[schedule?.turn ?? 0];
    if (schedule === undefined || bucket === undefined) throw new RangeError("no such task");
    const outcome = atMs >= refusedUntilMs && taken(bucket, atMs) ? "answered" : "throttled";
    if (atMs >= warmUpMs) {
      calls += 1;
      if (outcome === "throttled") throttled += 1;
      else {
        const gapMs = atMs - (answeredAt[task] ?? 0);
        within60 += Math.min(gapMs, 60_000);
        within300 += Math.min(gapMs, 300_000);
        answeredAt[task] = atMs;
        answers[task] = (answers[task] ?? 0) + 1;
      }
    }
    const next = rule(schedule, outcome, random);
    schedules[task] = next.schedule;
    queue.moveFirst(atMs + next.waitMs);
  }
  const measuredMs = tasks * (lengthMs - warmUpMs);
  for (const at of answeredAt) {
    within60 += Math.min(lengthMs - at, 60_000);
    within300 += Math.min(lengthMs - at, 300_000);
  }
  const own = schedules.filter(
    ({ sources: [pace] }) => (pace?.intervalMs ?? 0) <= 1.05 * pollIntervalMs,
  );
  const sum = answers.reduce((total, count) => total + count, 0);
  const squares = answers.reduce((total, count) => total + count * count, 0);
  return {
    calls,
    throttled: throttled / Math.max(1, calls),
    seenWithin60: within60 / measuredMs,
    seenWithin300: within300 / measuredMs,
    atOwnInterval: own.length / tasks,
    fairness: (sum * sum) / (tasks * squares),
  };
}

// A binary heap of the tasks by the time of their next round; only the first one ever moves.
function heap(tasks: number, startOf: () => number) {
  const entries = Array.from({ length: tasks }, (_, task) => ({ task, atMs: startOf() })).sort(
    (a, b) => a.atMs - b.atMs,
  );
  const at = (index: number) => entries[index]?.atMs ?? Number.POSITIVE_INFINITY;
  return {
    first: (): { readonly task: number; readonly atMs: number } =>
      entries[0] as { task: number; atMs: number },
    moveFirst(atMs: number): void {
      const moved = entries[0];
      if (moved === undefined) return;
      moved.atMs = atMs;
      let index = 0;
      for (;;) {
        const left = 2 * index + 1;
        const child = at(left + 1) < at(left) ? left + 1 : left;
        if (at(child) >= atMs) break;
        entries[index] = entries[child] as { task: number; atMs: number };
        index = child;
      }
      entries[index] = moved;
    },
  };
}
