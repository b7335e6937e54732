// Durations: what holds for any of them. SEED=<n> plays a failed run again.

import { describe, expect, test } from "bun:test";
import { durationLabelOf, durationMsOf, durationPattern } from "../src/duration.ts";

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const rounds = 5000;

// Mulberry32: small, and the same on every machine.
function chance(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const upTo = (random: () => number, bound: number): number => Math.floor(random() * (bound + 1));

describe(`with seed ${seed}`, () => {
  test("any whole number of milliseconds is written, read and comes back", () => {
    const random = chance(seed);
    for (let round = 0; round < rounds; round++) {
      const ms = upTo(random, 3_600_000);
      expect(durationLabelOf(ms)).toMatch(durationPattern);
      expect(durationMsOf(durationLabelOf(ms))).toBe(ms);
    }
  });

  test("plain seconds to the millisecond are exact, as text and as number", () => {
    const random = chance(seed);
    for (let round = 0; round < rounds; round++) {
      const ms = upTo(random, 3_600_000);
      const seconds = `${Math.floor(ms / 1000)}.${`${ms % 1000}`.padStart(3, "0")}`;
      expect(durationMsOf(seconds)).toBe(ms);
      expect(durationMsOf(`${seconds}s`)).toBe(ms);
      expect(durationMsOf(Number(seconds))).toBe(ms);
      expect(durationMsOf(`${ms}ms`)).toBe(ms);
    }
  });

  test("an hour is sixty minutes, a minute sixty seconds, a second a thousand milliseconds", () => {
    const random = chance(seed);
    for (let round = 0; round < rounds; round++) {
      const count = upTo(random, 60);
      expect(durationMsOf(`${count}h`)).toBe(durationMsOf(`${count * 60}m`));
      expect(durationMsOf(`${count}m`)).toBe(durationMsOf(`${count * 60}s`));
      expect(durationMsOf(`${count}s`)).toBe(durationMsOf(`${count * 1000}ms`));
    }
  });

  test("a text of any other form is no duration, however near it comes", () => {
    const random = chance(seed);
    const alphabet = [..."0123456789.smhSM +-eExX_,²٣\n\t", "\u00a0", "ms"];
    let accepted = 0;
    for (let round = 0; round < rounds * 4; round++) {
      const text = Array.from(
        { length: 1 + upTo(random, 5) },
        () => alphabet[upTo(random, alphabet.length - 1)],
      ).join("");
      // An oracle that is no regular expression: digits, one inner dot, then at most one unit.
      const unit = ["ms", "s", "m", "h"].find((ending) => text.endsWith(ending)) ?? "";
      const parts = text.slice(0, text.length - unit.length).split(".");
      const right =
        parts.length <= 2 &&
        parts.every((part) => part !== "" && [...part].every((one) => "0123456789".includes(one)));
      accepted += right ? 1 : 0;
      expect([text, !Number.isNaN(durationMsOf(text))]).toEqual([text, right]);
    }
    expect(accepted).toBeGreaterThan(0);
  });
});

test("finer than a millisecond is not whole", () => {
  expect(Number.isInteger(durationMsOf("0.0005"))).toBe(false);
  expect(Number.isInteger(durationMsOf("0.5ms"))).toBe(false);
});
