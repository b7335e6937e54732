// Simulated time moves only when everyone waits, and wakes sleepers in the order of their times.

import { describe, expect, test } from "bun:test";
import { realClock, simulatedClock } from "../src/index.ts";

const never = new AbortController().signal;

describe("a simulated clock", () => {
  test("wakes sleepers at their times, in their order, whoever called first", async () => {
    const clock = simulatedClock();
    const woken: string[] = [];
    const sleeper = async (name: string, ms: number): Promise<void> => {
      await clock.sleep(ms, never);
      woken.push(`${name} ${clock.now()}`);
    };
    void sleeper("late", 300);
    void sleeper("early", 100);
    void sleeper("early too", 100);
    await clock.advance(200);
    expect(woken).toEqual(["early 100", "early too 100"]);
    await clock.advance(200);
    expect(woken).toEqual(["early 100", "early too 100", "late 300"]);
    expect(clock.now()).toBe(400);
  });

  test("lets a sleeper sleep again within one advance", async () => {
    const clock = simulatedClock({ startMs: 1000 });
    const ticks: number[] = [];
    void (async () => {
      for (;;) {
        await clock.sleep(10, never);
        ticks.push(clock.now());
      }
    })();
    await clock.advance(35);
    expect(ticks).toEqual([1010, 1020, 1030]);
    expect(clock.sleeping).toBe(1);
  });

  test("lets an answer that is some promises away beat a time-out", async () => {
    const clock = simulatedClock();
    const answer = Promise.resolve("answer")
      .then((value) => value)
      .then((value) => value);
    const raced = Promise.race([clock.sleep(5, never).then(() => "time-out"), answer]);
    expect(await clock.run(raced)).toBe("answer");
    expect(clock.now()).toBe(0);
  });

  test("wakes at once on abort, and forgets the sleeper", async () => {
    const clock = simulatedClock();
    const stop = new AbortController();
    const slept = clock.sleep(1000, stop.signal);
    stop.abort();
    await slept;
    expect(clock.sleeping).toBe(0);
    await clock.sleep(1000, stop.signal);
    expect(clock.now()).toBe(0);
  });

  test("runs until a promise settles, and says at what time", async () => {
    const clock = simulatedClock();
    expect(await clock.run(clock.sleep(3_600_000, never).then(() => clock.now()))).toBe(3_600_000);
    const refused = clock.sleep(1, never).then(() => Promise.reject(new Error("no")));
    expect(clock.run(refused)).rejects.toThrow("no");
  });

  test("refuses to run what can never settle, or not in time", async () => {
    const clock = simulatedClock();
    expect(clock.run(new Promise(() => {}))).rejects.toThrow("Nobody sleeps at 0 ms");
    expect(clock.run(clock.sleep(100, never), 99)).rejects.toThrow("still pending at 99 ms");
  });
});

describe("the real clock", () => {
  test("goes on, and wakes on abort", async () => {
    const stop = new AbortController();
    const before = realClock.now();
    const slept = realClock.sleep(3_600_000, stop.signal);
    stop.abort();
    await slept;
    await realClock.sleep(3_600_000, stop.signal);
    await realClock.sleep(0, never);
    expect(realClock.now()).toBeGreaterThanOrEqual(before);
  });
});
