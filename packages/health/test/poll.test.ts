// The loop of readings on a clock of its own: who is asked, when, and how it ends.

import { describe, expect, test } from "bun:test";
import { poll, type Round, type Source, type Wish } from "../src/poll.ts";
import { seeded } from "./fleet.ts";
import { type SteppedClock, steppedClock } from "./stepped-clock.ts";

const second = 1000;
const intervalMs = 30 * second;

/** A call that was made: of whom, and when. */
type Call = readonly [name: string, atSecond: number];

type Answer = readonly string[] | Error;

const throttled = Object.assign(new Error("Rate exceeded"), { code: "throttled", transient: true });
const failed = Object.assign(new Error("503"), { code: "unavailable", transient: true });
const refused = Object.assign(new Error("denied"), { code: "denied", transient: false });

interface Stage {
  readonly clock: SteppedClock;
  readonly calls: readonly Call[];
  readonly abort: AbortController;
  readonly rounds: AsyncGenerator<Round<string>, void, number | Wish | undefined>;
  /** The next round, however long it takes; undefined once the loop has ended. */
  next(wish?: number | Wish): Promise<Round<string> | undefined>;
  nowInSeconds(): number;
}

/** Polls sources that answer as told, each call taking `takesMs`. */
function stage(
  answers: Readonly<Record<string, (count: number) => Answer>>,
  { random = () => 0.5, takesMs = 0 }: { random?: () => number; takesMs?: number } = {},
): Stage {
  const clock = steppedClock();
  const abort = new AbortController();
  const calls: Call[] = [];
  const sources = Object.entries(answers).map(([name, answerOf]): Source<string> => {
    let count = 0;
    return {
      name,
      async ask(signal) {
        calls.push([name, clock.now() / second]);
        const answer = answerOf(count++);
        if (takesMs > 0) await clock.sleep(takesMs, signal);
        if (answer instanceof Error) throw answer;
        return answer;
      },
    };
  });
  const rounds = poll(sources, { clock, random, intervalMs }, abort.signal);
  return {
    clock,
    calls,
    abort,
    rounds,
    nowInSeconds: () => clock.now() / second,
    async next(...wish) {
      const { done, value } = await clock.until(
        wish.length === 0 ? rounds.next() : rounds.next(wish[0]),
      );
      return done === true ? undefined : (value as Round<string>);
    },
  };
}

const healthy = (): Answer => ["healthy"];

describe("the pace", () => {
  test("the first round is at once, and the next ones a poll interval apart", async () => {
    const { calls, next } = stage({ elb: healthy });
    for (let round = 0; round < 4; round += 1)
      expect(await next()).toEqual({
        source: "elb",
        outcome: "answered",
        readings: ["healthy"],
        error: undefined,
        wished: false,
      });
    expect(calls).toEqual([
      ["elb", 0],
      ["elb", 30],
      ["elb", 60],
      ["elb", 90],
    ]);
  });
  test.each([
    [0, 22.5],
    [0.999_999_9, 37.5],
  ])("a random %p makes the wait %p s", async (random, waitSeconds) => {
    const { calls, next } = stage({ elb: healthy }, { random: () => random });
    await next();
    await next();
    expect(calls[1]?.[1]).toBeCloseTo(waitSeconds, 3);
  });
  test("the time that an answer takes does not stretch the interval", async () => {
    const { calls, next } = stage({ elb: healthy }, { takesMs: 4 * second });
    await next();
    await next();
    expect(calls).toEqual([
      ["elb", 0],
      ["elb", 30],
    ]);
  });
  test("an answer that takes longer than the interval is followed at once, and by one question", async () => {
    const { calls, next } = stage({ elb: healthy }, { takesMs: 70 * second });
    await next();
    await next();
    await next();
    expect(calls.map(([, at]) => at)).toEqual([0, 70, 140]);
  });
  test("nobody is asked, and no time begins, before the first round is wanted", () => {
    const { calls, clock } = stage({ elb: healthy });
    expect(calls).toEqual([]);
    expect(clock.sleeping).toBe(0);
  });
  test("poll needs a source", async () => {
    const { next } = stage({});
    await expect(next()).rejects.toThrow(RangeError);
  });
});

describe("next(ms) bounds the sleep", () => {
  test("and yields a round without a source, asking nobody; the schedule goes on as it was", async () => {
    const { calls, next, nowInSeconds } = stage({ elb: healthy });
    await next();
    const asleep = {
      source: undefined,
      outcome: undefined,
      readings: [],
      error: undefined,
      wished: false,
    };
    expect(await next(7 * second)).toEqual(asleep);
    expect(nowInSeconds()).toBe(7);
    expect(await next({ withinMs: 8 * second })).toEqual(asleep);
    expect(nowInSeconds()).toBe(15);
    expect(calls.length).toBe(1);
    expect(await next(60 * second)).toMatchObject({ source: "elb" });
    expect(calls).toEqual([
      ["elb", 0],
      ["elb", 30],
    ]);
  });
  test("to nothing: the loop comes back at the same moment", async () => {
    const { next, nowInSeconds } = stage({ elb: healthy });
    await next();
    expect(await next(0)).toMatchObject({ source: undefined });
    expect(nowInSeconds()).toBe(0);
  });
  test("and the bound of the very moment of the round is the round", async () => {
    const { calls, next } = stage({ elb: healthy });
    await next();
    expect(await next(30 * second)).toMatchObject({ source: "elb" });
    expect(calls.length).toBe(2);
  });
});

describe("a wish", () => {
  test("asks the named source at once where it was never asked, and says so", async () => {
    const { calls, next } = stage({ elb: healthy, ecs: () => ["RUNNING"] });
    await next();
    expect(await next({ ask: "ecs" })).toEqual({
      source: "ecs",
      outcome: "answered",
      readings: ["RUNNING"],
      error: undefined,
      wished: true,
    });
    expect(calls).toEqual([
      ["elb", 0],
      ["ecs", 0],
    ]);
  });
  test("leaves the first source its time", async () => {
    const { calls, next } = stage({ elb: healthy, ecs: healthy });
    await next();
    await next(10 * second);
    await next({ ask: "ecs" });
    expect(await next()).toMatchObject({ source: "elb", wished: false });
    expect(calls).toEqual([
      ["elb", 0],
      ["ecs", 10],
      ["elb", 30],
    ]);
  });
  test("with every round does not put the first source off, nor ask anybody more often than its pace", async () => {
    const random = seeded(1);
    const { calls, next } = stage({ elb: healthy, ecs: healthy }, { random });
    for (let round = 0; round < 400; round += 1) await next({ ask: "ecs" });
    for (const name of ["elb", "ecs"]) {
      const times = calls.flatMap(([asked, at]) => (asked === name ? [at] : []));
      const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
      expect(times.length).toBeGreaterThan(190);
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(22.5);
      expect(Math.max(...gaps)).toBeLessThanOrEqual(37.5);
    }
  });
  test("for a stand-in that is throttled leaves the first source its time too", async () => {
    const { calls, next } = stage({ elb: healthy, ecs: () => throttled });
    await next();
    await next(10 * second);
    await next({ ask: "ecs" });
    await next();
    await next();
    expect(calls).toEqual([
      ["elb", 0],
      ["ecs", 10],
      ["elb", 30],
      ["elb", 60],
    ]);
  });
  test("is no sooner than the named source's own pace allows, however often it is repeated", async () => {
    const { calls, next } = stage({ elb: healthy, ecs: () => throttled });
    await next();
    for (let round = 0; round < 8; round += 1) await next({ ask: "ecs" });
    const asked = calls.flatMap(([name, at]) => (name === "ecs" ? [at] : []));
    // 45 s, then 67.5 s, then 101.25 s after each throttled answer.
    expect(asked.slice(0, 3)).toEqual([0, 45, 112.5]);
    expect(calls.filter(([name]) => name === "elb").length).toBeGreaterThan(3);
  });
  test("does not ask the first source sooner than its pace either", async () => {
    const { calls, next } = stage({ elb: healthy });
    await next();
    await next({ ask: "elb" });
    expect(calls).toEqual([
      ["elb", 0],
      ["elb", 30],
    ]);
  });
  test("for a source that there is not changes nothing", async () => {
    const { calls, next } = stage({ elb: healthy });
    await next();
    expect(await next({ ask: "ec2" })).toMatchObject({ source: "elb", wished: false });
    expect(calls.length).toBe(2);
  });
  test("can be bounded in time as well", async () => {
    const { calls, next, nowInSeconds } = stage({ elb: healthy, ecs: () => throttled });
    await next();
    await next({ ask: "ecs" });
    expect(await next({ ask: "ecs", withinMs: 5 * second })).toMatchObject({ source: undefined });
    expect(nowInSeconds()).toBe(5);
    expect(calls.length).toBe(2);
  });
});

describe("a source that does not answer", () => {
  test.each([
    ["throttled", throttled, "throttled"],
    ["failed", failed, "failed"],
    ["refused", refused, "refused"],
    ["an error of no kind", new Error("?"), "failed"],
  ] as const)("%s: the round says so, and the loop goes on", async (_, error, outcome) => {
    const { calls, next } = stage({ elb: () => error });
    expect(await next()).toEqual({ source: "elb", outcome, readings: [], error, wished: false });
    expect(await next()).toMatchObject({ source: "elb" });
    expect(calls[1]?.[1]).toBe(outcome === "failed" ? 30 : 45);
  });
  test("what it rejects with need not be an error", async () => {
    const clock = steppedClock();
    const source = { name: "elb", ask: () => Promise.reject("no") };
    const pace = { clock, random: () => 0.5, intervalMs };
    const rounds = poll([source], pace, new AbortController().signal);
    const { value } = await clock.until(rounds.next());
    expect(value).toMatchObject({ outcome: "failed", error: "no" });
  });
  test("one that throws instead of rejecting is no different", async () => {
    const clock = steppedClock();
    const source: Source<string> = {
      name: "elb",
      ask() {
        throw refused;
      },
    };
    const pace = { clock, random: () => 0.5, intervalMs };
    const rounds = poll([source], pace, new AbortController().signal);
    const { value } = await clock.until(rounds.next());
    expect(value).toMatchObject({ outcome: "refused", error: refused });
  });
  test("hands on what was answered all the same", async () => {
    const partly = Object.assign(new Error("Rate exceeded"), {
      code: "throttled",
      transient: true,
      readings: ["draining"],
    });
    const { next } = stage({ elb: () => partly });
    expect(await next()).toMatchObject({
      outcome: "throttled",
      readings: ["draining"],
      error: partly,
    });
  });
  test("throttled, it leaves its rounds to the second, and has them back when it answers at its pace", async () => {
    const answers = (count: number): Answer => (count === 20 ? throttled : ["healthy"]);
    const { calls, next } = stage({ elb: answers, ecs: () => ["RUNNING"] });
    for (let round = 0; round < 26; round += 1) await next();
    expect(calls.slice(19)).toEqual([
      ["elb", 570],
      ["elb", 600],
      ["ecs", 630],
      ["elb", 660],
      ["elb", 690],
      ["elb", 720],
      ["elb", 750],
    ]);
  });
});

describe("an abort ends the loop without another call, and leaves no timer", () => {
  test("before it began", async () => {
    const { calls, abort, clock, next } = stage({ elb: healthy });
    abort.abort();
    expect(await next()).toBeUndefined();
    expect(calls).toEqual([]);
    expect(clock.sleeping).toBe(0);
  });
  test("during a call, whose answer is not told any more", async () => {
    const { calls, abort, clock, next } = stage({ elb: healthy }, { takesMs: 5 * second });
    clock.sleep(2 * second, new AbortController().signal).then(() => abort.abort());
    expect(await next()).toBeUndefined();
    expect(clock.now()).toBe(2 * second);
    expect(calls.length).toBe(1);
    expect(clock.sleeping).toBe(0);
  });
  test("asleep, at once", async () => {
    const { calls, abort, clock, next } = stage({ elb: healthy });
    await next();
    clock.sleep(2 * second, new AbortController().signal).then(() => abort.abort());
    expect(await next()).toBeUndefined();
    expect(clock.now()).toBe(2 * second);
    expect(calls.length).toBe(1);
    expect(clock.sleeping).toBe(0);
  });
  test("between two rounds, whatever is wished for", async () => {
    for (const wish of [undefined, 0, { ask: "ecs" }]) {
      const { calls, abort, clock, next } = stage({ elb: healthy, ecs: healthy });
      await next();
      abort.abort();
      expect(await next(wish)).toBeUndefined();
      expect(calls.length).toBe(1);
      expect(clock.now()).toBe(0);
    }
  });
  test("between a bounded sleep and the next", async () => {
    const { calls, abort, next } = stage({ elb: healthy, ecs: healthy });
    await next();
    await next(second);
    abort.abort();
    expect(await next({ ask: "ecs" })).toBeUndefined();
    expect(calls.length).toBe(1);
  });
  test("and a consumer that leaves ends it as well", async () => {
    const { calls, clock, rounds } = stage({ elb: healthy });
    const consumed = (async () => {
      for await (const round of rounds) return round.source;
    })();
    expect(await clock.until(consumed)).toBe("elb");
    expect(await rounds.next()).toEqual({ done: true, value: undefined });
    expect(calls.length).toBe(1);
    expect(clock.sleeping).toBe(0);
  });
});
