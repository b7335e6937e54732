// Asking until it is answered: at the pace of the poll, and no longer than anybody wants it.

import { describe, expect, test } from "bun:test";
import { simulatedClock } from "@nlb-sidecar/simulator";
import { untilAnswered } from "../src/retry.ts";

const never = new AbortController().signal;

function asking(fails: number, error: unknown = new Error("m")) {
  const clock = simulatedClock();
  const askedMs: number[] = [];
  return {
    clock,
    askedMs,
    pace: { clock, random: () => 0.5, intervalMs: 10_000 },
    call: async () => {
      askedMs.push(clock.now());
      if (askedMs.length <= fails) throw error;
      return "v";
    },
  };
}

describe("asking until it is answered", () => {
  test("gives what the first answer gives", async () => {
    const { clock, pace, call, askedMs } = asking(0);
    expect(await clock.run(untilAnswered(pace, call, () => "again", never))).toBe("v");
    expect(askedMs).toEqual([0]);
    expect(clock.sleeping).toBe(0);
  });

  test("asks again once an interval while it fails, and tells of each fault", async () => {
    const { clock, pace, call, askedMs } = asking(3);
    let faults = 0;
    const failed = () => {
      faults += 1;
      return "again" as const;
    };
    expect(await clock.run(untilAnswered(pace, call, failed, never))).toBe("v");
    expect(askedMs).toEqual([0, 10_000, 20_000, 30_000]);
    expect(faults).toBe(3);
  });

  test("asks more and more rarely where it will not pass", async () => {
    const { clock, pace, call, askedMs } = asking(4, { transient: false });
    await clock.run(untilAnswered(pace, call, () => "again", never));
    const pausesMs = askedMs.slice(1).map((atMs, index) => atMs - (askedMs[index] ?? 0));
    expect(pausesMs).toEqual(pausesMs.toSorted((a, b) => a - b));
    expect(pausesMs[0]).toBeLessThan(pausesMs.at(-1) ?? 0);
  });

  test("gives nothing where it is given up, and asks no more", async () => {
    const { clock, pace, call, askedMs } = asking(9);
    expect(await clock.run(untilAnswered(pace, call, () => "give-up", never))).toBeUndefined();
    expect(askedMs).toEqual([0]);
  });

  test("gives nothing once the signal aborts, in a call or asleep, and asks no more", async () => {
    const { clock, pace, call, askedMs } = asking(9);
    const stop = new AbortController();
    const answer = untilAnswered(pace, call, () => "again", stop.signal);
    await clock.advance(15_000);
    stop.abort();
    expect(await clock.run(answer)).toBeUndefined();
    expect([askedMs.length, clock.sleeping]).toEqual([2, 0]);
  });
});
