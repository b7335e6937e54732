// Whom the schedule asks next, and when, step by step.

import { describe, expect, test } from "bun:test";
import { nextRound, type RoundOutcome, type Schedule, scheduleOf } from "../src/schedule.ts";

const second = 1000;
const minute = 60 * second;
const pollIntervalMs = 30 * second;
// Half of the way from 0 to 1 varies nothing.
const middle = (): number => 0.5;

interface Step {
  /** Who was asked. */
  readonly turn: number;
  /** Who is asked next, and after how long. */
  readonly next: number;
  readonly waitMs: number;
  readonly intervalsMs: readonly number[];
}

/** Plays one outcome after another; a function is told whose turn it is. */
function play(
  sources: number,
  outcomes: readonly RoundOutcome[] | ((turn: number, round: number) => RoundOutcome),
  rounds = outcomes.length,
  from: Schedule = scheduleOf(pollIntervalMs, sources),
): { readonly steps: readonly Step[]; readonly schedule: Schedule } {
  let schedule = from;
  const steps: Step[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const { turn } = schedule;
    const outcome = typeof outcomes === "function" ? outcomes(turn, round) : outcomes[round];
    if (outcome === undefined) throw new RangeError("more rounds than outcomes");
    const next = nextRound(schedule, outcome, middle);
    schedule = next.schedule;
    steps.push({
      turn,
      next: schedule.turn,
      waitMs: Math.round(next.waitMs),
      intervalsMs: schedule.sources.map(({ intervalMs }) => Math.round(intervalMs)),
    });
  }
  return { steps, schedule };
}

const repeated = (outcome: RoundOutcome, times: number): readonly RoundOutcome[] =>
  Array.from({ length: times }, () => outcome);
const waitsOf = (steps: readonly Step[]): readonly number[] =>
  steps.map(({ waitMs }) => waitMs / second);
const lastIntervalOf = (steps: readonly Step[]): number | undefined => steps.at(-1)?.intervalsMs[0];

test("the first round asks the first source at once", () => {
  expect(scheduleOf(pollIntervalMs, 2)).toMatchObject({
    pollIntervalMs,
    turn: 0,
    sources: [{ dueMs: 0 }, { dueMs: 0 }],
  });
});

describe("one source", () => {
  test.each<[string, readonly RoundOutcome[], readonly number[]]>([
    ["answers keep the poll interval", ["answered", "answered", "answered"], [30, 30, 30]],
    ["a throttled round makes it half as long again", ["throttled", "throttled"], [45, 67.5]],
    ["a failure keeps it", ["failed", "failed", "failed"], [30, 30, 30]],
    ["a failure keeps one that is longer", ["throttled", "failed", "failed"], [45, 45, 45]],
    [
      "a refusal is asked about ever more rarely",
      ["refused", "refused", "refused"],
      [45, 67.5, 101.25],
    ],
    [
      "an answer after refusals brings the poll interval back",
      ["refused", "refused", "answered"],
      [45, 67.5, 30],
    ],
    ["a failure after refusals too", ["refused", "refused", "failed"], [45, 67.5, 30]],
    ["a refusal after throttling goes on from there", ["throttled", "refused"], [45, 67.5]],
  ])("%s", (_, outcomes, waits) => {
    expect(waitsOf(play(1, outcomes).steps)).toEqual([...waits]);
  });
  test("throttling stops at half an hour", () => {
    const { steps } = play(1, repeated("throttled", 40));
    expect(waitsOf(steps).slice(8, 13)).toEqual([1153.301, 1729.951, 1800, 1800, 1800]);
    expect(steps.at(-1)?.waitMs).toBe(30 * minute);
  });
  test("refusals stop at a quarter of an hour, however many", () => {
    const { steps } = play(1, repeated("refused", 3000));
    expect(Math.max(...steps.map(({ waitMs }) => waitMs))).toBe(15 * minute);
    expect(steps.at(-1)?.waitMs).toBe(15 * minute);
  });
  test("a refusal does not hasten a source that throttling made slower than that", () => {
    const { steps } = play(1, [...repeated("throttled", 12), "refused"]);
    expect(steps.at(-1)?.waitMs).toBe(30 * minute);
  });
  test("a poll interval beyond half an hour is never shortened", () => {
    const hourly = scheduleOf(60 * minute, 1);
    const { steps } = play(1, ["throttled", "answered"], 2, hourly);
    expect(steps.map(({ waitMs }) => waitMs)).toEqual([60 * minute, 60 * minute]);
  });
});

describe("the jitter is a quarter either way", () => {
  test.each([
    [0, 0.75],
    [0.5, 1],
    [0.999_999, 1.25],
  ])("a random %p makes the wait %p of the interval", (random, share) => {
    const { waitMs } = nextRound(scheduleOf(pollIntervalMs, 1), "answered", () => random);
    expect(waitMs / pollIntervalMs).toBeCloseTo(share, 4);
  });
  test("the stand-in's round too", () => {
    const schedule = scheduleOf(pollIntervalMs, 2);
    const waits = [0, 0.999_999].map(
      (random) => nextRound(schedule, "throttled", () => random).waitMs / pollIntervalMs,
    );
    expect(waits[0]).toBeCloseTo(0.75, 4);
    expect(waits[1]).toBeCloseTo(1.25, 4);
  });
});

describe("the way back", () => {
  test("of a throttled round after ten minutes at the poll interval is one answer", () => {
    const { steps } = play(1, [...repeated("answered", 20), "throttled", "answered"]);
    expect(waitsOf(steps).slice(-2)).toEqual([45, 30]);
  });
  test("of three throttled rounds in a row then is two answers", () => {
    const { steps } = play(1, [
      ...repeated("answered", 20),
      ...repeated("throttled", 3),
      ...repeated("answered", 2),
    ]);
    expect(waitsOf(steps).slice(-3)).toEqual([101.25, 33.75, 30]);
  });
  test("of another throttled round soon after is slow: the rate grows by little", () => {
    const { steps } = play(1, [
      ...repeated("answered", 20),
      "throttled",
      ...repeated("answered", 19),
      "throttled",
      ...repeated("answered", 20),
    ]);
    expect(lastIntervalOf(steps)).toBeGreaterThan(44 * second);
    expect(lastIntervalOf(steps)).toBeLessThan(45 * second);
  });
  test("grows by the same rate in the same time, whatever the interval", () => {
    const gainOf = (throttles: number): number => {
      const slow = play(1, [...repeated("throttled", throttles)]).schedule;
      const before = slow.sources[0]?.intervalMs ?? 0;
      const after = nextRound(slow, "answered", middle).schedule.sources[0]?.intervalMs ?? 0;
      return (1 / after - 1 / before) / before;
    };
    expect(gainOf(1) / gainOf(5)).toBeCloseTo(1, 6);
    expect(gainOf(1)).toBeGreaterThan(0);
  });
  test("of an outage, which is six throttled rounds in a row, is four answers", () => {
    const { steps } = play(1, [...repeated("throttled", 11), ...repeated("answered", 4)]);
    expect(waitsOf(steps).at(10)).toBe(1800);
    expect(waitsOf(steps).slice(-4)).toEqual([600, 200, 66.667, 30]);
  });
  test("of an outage leads to what was held before it, and no further", () => {
    const { steps } = play(1, [
      "throttled",
      "answered",
      ...repeated("throttled", 8),
      ...repeated("answered", 4),
    ]);
    const heldMs = steps[1]?.intervalsMs[0] ?? 0;
    expect(heldMs).toBeGreaterThan(44 * second);
    expect(steps.at(-2)?.intervalsMs[0]).toBe(heldMs);
    expect(lastIntervalOf(steps)).toBeLessThan(heldMs);
    expect(lastIntervalOf(steps)).toBeGreaterThan(heldMs - second);
  });
  test("of five throttled rounds in a row of a task that just began is slow", () => {
    const { steps } = play(1, [...repeated("throttled", 5), "answered"]);
    expect(lastIntervalOf(steps)).toBeGreaterThan(200 * second);
  });
  test("ends with the next throttled round, which is no outage yet", () => {
    const { steps } = play(1, [...repeated("throttled", 11), "answered", "throttled", "answered"]);
    expect(lastIntervalOf(steps)).toBeGreaterThan(800 * second);
  });
  test("is not mistaken for that of an outage long ago, where a failure came between", () => {
    const { steps } = play(1, [
      ...repeated("throttled", 6),
      ...repeated("answered", 10),
      "failed",
      "throttled",
      "answered",
    ]);
    expect(lastIntervalOf(steps)).toBeGreaterThan(44 * second);
  });
});

describe("the second source stands in", () => {
  const turns = (steps: readonly Step[]): string => steps.map(({ turn }) => turn).join("");

  test("never, while the first answers at the poll interval", () => {
    expect(turns(play(2, repeated("answered", 10)).steps)).toBe("0000000000");
  });
  test("never where it does not stand in", () => {
    const alone = scheduleOf(pollIntervalMs, 2, (index) => index === 0);
    for (const outcome of ["throttled", "failed", "refused"] as const) {
      const { steps } = play(2, repeated(outcome, 12), 12, alone);
      expect(steps.map(({ next }) => next)).toEqual(Array(12).fill(0));
    }
  });

  test("a poll interval after a throttled round, then alternates, as the first one has become slower", () => {
    const { steps } = play(
      2,
      (turn, round) => (turn === 0 && round === 0 ? "throttled" : "answered"),
      9,
    );
    expect(turns(steps)).toBe("010101010");
    expect(steps[0]).toMatchObject({ next: 1, waitMs: 30 * second });
  });
  test("and the first one has every round again as soon as it is no slower", () => {
    const settled = play(2, repeated("answered", 20)).schedule;
    const outcomes = (turn: number, round: number) =>
      turn === 0 && round === 0 ? "throttled" : "answered";
    expect(turns(play(2, outcomes, 8, settled).steps)).toBe("01000000");
  });
  test("every second round while the first one fails, which keeps its interval", () => {
    const { steps } = play(2, (turn) => (turn === 0 ? "failed" : "answered"), 8);
    expect(turns(steps)).toBe("01010101");
    expect(new Set(waitsOf(steps))).toEqual(new Set([30]));
  });
  test("more and more while the first one is throttled again and again", () => {
    const { steps } = play(2, (turn) => (turn === 0 ? "throttled" : "answered"), 40);
    expect(turns(steps)).toBe("0101101110111110111111101111111111101111");
    expect(new Set(waitsOf(steps))).toEqual(new Set([30]));
  });
  test("ever less, the slower it becomes itself", () => {
    const { steps } = play(2, (turn) => (turn === 1 ? "throttled" : "failed"), 9);
    expect(turns(steps)).toBe("010100100");
    expect(new Set(waitsOf(steps))).toEqual(new Set([30]));
  });
  test("but never makes the first one wait longer than for its own time, however rarely it is asked itself", () => {
    const { steps } = play(2, (turn) => (turn === 1 ? "refused" : "failed"), 30);
    expect(steps.filter(({ turn }) => turn === 1).length).toBeGreaterThan(3);
    expect(new Set(waitsOf(steps))).toEqual(new Set([30]));
  });
  test("a third one has its turn where the second fails as well", () => {
    const { steps } = play(3, (turn) => (turn === 2 ? "answered" : "throttled"), 8);
    expect(turns(steps)).toBe("01012012");
  });
});
