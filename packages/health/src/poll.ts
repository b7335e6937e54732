// The one loop of readings: asks its sources by their schedule, and yields what they answered.

import { nextRound, type RoundOutcome, type Schedule, scheduleOf } from "./schedule.ts";

/** Something that can be asked for readings. It has a request rate of its own, and times out by itself. */
export interface Source<Reading> {
  /** For logs and for {@link Wish}: `elastic-load-balancing`. */
  readonly name: string;
  /** Whether it is asked in rounds that the first source does not answer at its pace; true by default. Otherwise only a wish asks it. */
  readonly standsIn?: boolean;
  /**
   * Asks once. A rejection whose `code` is `throttled` slows this source down, one whose `transient` is false is asked about
   * more and more rarely, any other leaves the pace; what was answered all the same may come as the error's `readings`.
   */
  ask(signal: AbortSignal): Promise<readonly Reading[]>;
}

/** Time as a parameter. */
export interface Clock {
  /** Milliseconds on a monotonic clock; only differences mean something. */
  now(): number;
  /** Resolves after `ms`, or as soon as the signal aborts; never rejects, and leaves no timer behind. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** What a round brought. */
export interface Round<Reading> {
  /** The source that was asked; undefined where nobody was due and a bounded sleep ended. */
  readonly source: string | undefined;
  /** Undefined where nobody was asked. */
  readonly outcome: RoundOutcome | undefined;
  readonly readings: readonly Reading[];
  /** What the source rejected with. */
  readonly error: unknown;
  /** Whether the source was asked because it was wished for, and not by the schedule. */
  readonly wished: boolean;
}

/** What whoever decides would like of the loop. */
export interface Wish {
  /** Wakes the loop after so many milliseconds, if no round is due before. */
  readonly withinMs?: number;
  /** Asks the source of this name before the schedule would, as soon as its own pace allows. The first source keeps its time. */
  readonly ask?: string;
}

/**
 * Asks `sources` round by round until the signal aborts, and yields each round. The first source is the preferred one; the
 * second stands in while the first does not answer at its pace ({@link nextRound}). Never throws for a source's fault.
 *
 * `next(ms)` bounds the sleep that is coming to `ms`; `next(wish)` can also ask for a source. A sleep that was cut short
 * yields a round without a source, and the schedule goes on as it was.
 *
 * @param pace `intervalMs`: the poll interval, 1 ms or more; `random`: from 0 to below 1.
 */
export async function* poll<Reading>(
  sources: readonly Source<Reading>[],
  pace: { readonly clock: Clock; readonly random: () => number; readonly intervalMs: number },
  signal: AbortSignal,
): AsyncGenerator<Round<Reading>, void, number | Wish | undefined> {
  const { clock, random } = pace;
  if (sources.length === 0) throw new RangeError("poll needs at least one source");
  let schedule = scheduleOf(
    pace.intervalMs,
    sources.length,
    (index) => sources[index]?.standsIn ?? true,
  );
  let wished = false;
  // When the first source would have been asked, had no wish for another come before.
  let plannedMs = Number.POSITIVE_INFINITY;
  while (!signal.aborted) {
    const startedMs = clock.now();
    const source = sources[schedule.turn];
    if (source === undefined) throw new RangeError(`no source ${schedule.turn}`);
    const asked = await ask(source, signal);
    if (signal.aborted) return;
    const round = { source: source.name, wished, ...asked };
    const next = nextRound(schedule, round.outcome, random);
    schedule = next.schedule;
    wished = false;
    // From the start of the round, so that the time an answer takes does not stretch the interval.
    let dueMs = startedMs + next.waitMs;
    if (plannedMs < dueMs) {
      schedule = turnedTo(schedule, 0, dueMs, plannedMs);
      dueMs = plannedMs;
    }
    plannedMs = Number.POSITIVE_INFINITY;
    let wish = wishOf(yield round);
    for (;;) {
      const nowMs = clock.now();
      const index = sources.findIndex(({ name }) => name === wish.ask);
      const early = index < 0 ? undefined : sooner(schedule, index, dueMs, nowMs);
      if (early !== undefined) {
        wished = index !== schedule.turn;
        if (wished && schedule.turn === 0) plannedMs = dueMs;
        schedule = early.schedule;
        dueMs = early.dueMs;
      }
      const wakeMs = Math.min(dueMs, nowMs + (wish.withinMs ?? Number.POSITIVE_INFINITY));
      if (wakeMs > nowMs) await clock.sleep(wakeMs - nowMs, signal);
      if (signal.aborted) return;
      if (clock.now() >= dueMs || wakeMs >= dueMs) break;
      wish = wishOf(yield asleep);
      // Whoever decides may have taken its time, and the signal with it.
      if (signal.aborted) return;
    }
  }
}

const asleep = {
  source: undefined,
  outcome: undefined,
  readings: [],
  error: undefined,
  wished: false,
} as const;

const wishOf = (next: number | Wish | undefined): Wish =>
  typeof next === "number" ? { withinMs: next } : (next ?? {});

// The schedule with the turn of `index` at the soonest that its own pace allows, if that is before the round that is due.
function sooner(
  schedule: Schedule,
  index: number,
  dueMs: number,
  nowMs: number,
): { readonly schedule: Schedule; readonly dueMs: number } | undefined {
  const pace = schedule.sources[index];
  if (pace === undefined) return undefined;
  // The schedule counts each source's due time from the round that is due.
  const askMs = Math.max(nowMs, dueMs + pace.dueMs);
  if (askMs >= dueMs) return undefined;
  return { schedule: turnedTo(schedule, index, dueMs, askMs), dueMs: askMs };
}

// The schedule as it is where the coming round is that of `turn`, at `atMs` and not at `dueMs`.
function turnedTo(schedule: Schedule, turn: number, dueMs: number, atMs: number): Schedule {
  const sources = schedule.sources.map((each) => ({ ...each, dueMs: each.dueMs + dueMs - atMs }));
  return { ...schedule, turn, sources };
}

async function ask<Reading>(
  source: Source<Reading>,
  signal: AbortSignal,
): Promise<{
  readonly outcome: RoundOutcome;
  readonly readings: readonly Reading[];
  readonly error: unknown;
}> {
  try {
    return { outcome: "answered", readings: await source.ask(signal), error: undefined };
  } catch (error) {
    const { code, transient, readings } = (
      typeof error === "object" && error !== null ? error : {}
    ) as { code?: unknown; transient?: unknown; readings?: readonly Reading[] };
    const outcome = code === "throttled" ? "throttled" : transient === false ? "refused" : "failed";
    return { outcome, readings: Array.isArray(readings) ? readings : [], error };
  }
}
