// What holds of the schedule whatever happens: random outcomes from a seed, which a failure names.

import { describe, expect, test } from "bun:test";
import { nextRound, type RoundOutcome, type Schedule, scheduleOf } from "../src/schedule.ts";
import { seeded } from "./fleet.ts";

const minute = 60_000;
const first = Number(process.env.SEED ?? 1);
const seeds = process.env.SEED === undefined ? 100 : 1;

// Each life has its own mixture of outcomes for each source, which changes now and then.
function* life(seed: number): Generator<{
  readonly before: Schedule;
  readonly outcome: RoundOutcome;
  readonly after: Schedule;
  readonly waitMs: number;
}> {
  const random = seeded(seed);
  const outcomes: readonly RoundOutcome[] = ["answered", "throttled", "failed", "refused"];
  const weightsOf = () => outcomes.map(() => random() ** 3);
  const sources = 1 + Math.floor(random() * 3);
  let schedule = scheduleOf(1000 * (1 + Math.floor(random() * 300)), sources);
  let weights = schedule.sources.map(weightsOf);
  for (let round = 0; round < 300; round += 1) {
    if (random() < 0.02) weights = schedule.sources.map(weightsOf);
    const own = weights[schedule.turn] ?? [];
    let drawn = random() * own.reduce((sum, weight) => sum + weight, 0);
    const outcome = outcomes.find((_, index) => {
      drawn -= own[index] ?? 0;
      return drawn < 0;
    });
    if (outcome === undefined) throw new RangeError("no outcome drawn");
    const before = deepFrozen(schedule);
    const next = nextRound(before, outcome, random);
    yield { before, outcome, after: next.schedule, waitMs: next.waitMs };
    schedule = next.schedule;
  }
}

// A frozen object throws when it is changed: modules are strict.
const deepFrozen = (schedule: Schedule): Schedule => {
  for (const pace of schedule.sources) Object.freeze(pace);
  Object.freeze(schedule.sources);
  return Object.freeze(schedule);
};

function forEachLife(check: (rounds: ReturnType<typeof life>) => void): void {
  for (let seed = first; seed < first + seeds; seed += 1) {
    try {
      check(life(seed));
    } catch (error) {
      throw new Error(`SEED=${seed}`, { cause: error });
    }
  }
}

describe("through any outcomes", () => {
  test("two rounds are never closer together than the poll interval less its jitter, nor half an hour and a quarter apart", () => {
    forEachLife((rounds) => {
      for (const { before, waitMs } of rounds) {
        expect(waitMs).toBeGreaterThanOrEqual(0.75 * before.pollIntervalMs);
        expect(waitMs).toBeLessThanOrEqual(1.25 * 30 * minute);
      }
    });
  });
  test("every interval stays between the poll interval and half an hour", () => {
    forEachLife((rounds) => {
      for (const { after } of rounds)
        for (const { intervalMs } of after.sources) {
          expect(intervalMs).toBeGreaterThanOrEqual(after.pollIntervalMs);
          expect(intervalMs).toBeLessThanOrEqual(30 * minute);
        }
    });
  });
  test("the first source is asked again within its own wait, its jitter and one more round", () => {
    forEachLife((rounds) => {
      let sinceMs = 0;
      let withinMs = 0;
      for (const { before, after, outcome, waitMs } of rounds) {
        if (before.turn === 0) {
          const intervalMs = after.sources[0]?.intervalMs ?? 0;
          const refusedMs = outcome === "refused" ? Math.max(intervalMs, 15 * minute) : intervalMs;
          withinMs = 1.25 * refusedMs + 1.25 * after.pollIntervalMs;
          sinceMs = 0;
        }
        sinceMs += waitMs;
        if (after.turn === 0) expect(sinceMs).toBeLessThanOrEqual(withinMs + 1);
      }
    });
  });
  test("somebody is asked within one and a quarter poll intervals, as long as one source answers at the poll interval", () => {
    forEachLife((rounds) => {
      for (const { after, waitMs } of rounds) {
        const free = after.sources.some(
          ({ outcome, intervalMs }) =>
            outcome === "answered" && intervalMs === after.pollIntervalMs,
        );
        if (free) expect(waitMs).toBeLessThanOrEqual(1.25 * after.pollIntervalMs);
      }
    });
  });
  test("a source is never asked before its own time", () => {
    forEachLife((rounds) => {
      for (const { after } of rounds)
        expect(after.sources[after.turn]?.dueMs ?? 1).toBeLessThanOrEqual(1e-6);
    });
  });
  test("only the asked source's pace changes, but for the time that has passed", () => {
    forEachLife((rounds) => {
      for (const { before, after, waitMs } of rounds)
        for (const [index, pace] of before.sources.entries())
          if (index !== before.turn)
            expect(after.sources[index]).toEqual({ ...pace, dueMs: pace.dueMs - waitMs });
    });
  });
  test("the same schedule, outcome and random numbers give the same", () => {
    forEachLife((rounds) => {
      for (const { before, outcome } of rounds)
        expect(nextRound(before, outcome, () => 0.3)).toEqual(
          nextRound(before, outcome, () => 0.3),
        );
    });
  });
});
