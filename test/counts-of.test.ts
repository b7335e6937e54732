// The closing line of `verify` says what happened, also where a suite crashed or came out of the cache.

import { describe, expect, test } from "bun:test";
import { countsOf } from "./counts-of.ts";

const closing = (pass: number, fail: number, ...more: readonly string[]) => [
  "",
  " --seed=2946502267",
  ` ${pass} pass`,
  ...more,
  ` ${fail} fail`,
  ` ${pass + fail} expect() calls`,
  `Ran ${pass + fail} tests across 2 files. [5.00ms]`,
];

const log = (suite: string, lines: readonly string[]) =>
  lines.map((line) => `${suite}: ${line}`.trimEnd()).join("\n");

describe("countsOf", () => {
  const suites = ["@x/a:test", "@x/b:test", "//:test:house"];
  const a = log("@x/a:test", ["cache hit, replaying logs 1b8bdc", "$ bun test", ...closing(3, 0)]);
  const b = log("@x/b:test", closing(5, 2));
  const house = log("//:test:house", closing(1, 0));

  test("sums every suite, replayed ones too", () => {
    expect(countsOf([a, b, house].join("\n"), suites)).toEqual({
      passed: 9,
      failed: 2,
      unclosed: [],
    });
  });

  test("tells suites apart whose lines are mixed", () => {
    const mixed = a.split("\n").flatMap((line, at) => [line, b.split("\n")[at] ?? ""]);
    expect(countsOf(mixed.join("\n"), suites.slice(0, 2))).toMatchObject({ passed: 8, failed: 2 });
  });

  test.each([
    ["says nothing", ""],
    [
      "ends in the midst, as when a test ends the process",
      log("@x/b:test", ["(pass) a", " 5 pass"]),
    ],
    ["is not there at all", log("@x/c:test", closing(5, 0))],
  ])("counts a suite that %s as one failed test", (_, b) => {
    expect(countsOf([a, b, house].join("\n"), suites)).toEqual({
      passed: 4,
      failed: 1,
      unclosed: ["@x/b:test"],
    });
  });

  test("does not count what a test prints", () => {
    const printed = log("@x/a:test", [" 7 pass", " 1 fail", ...closing(3, 0)]);
    expect(countsOf(printed, ["@x/a:test"])).toMatchObject({ passed: 3, failed: 0 });
  });

  test("counts an error outside of a test as failed, once", () => {
    const alone = log("@x/a:test", closing(3, 0, " 1 error"));
    expect(countsOf(alone, ["@x/a:test"])).toMatchObject({ passed: 3, failed: 1 });
    const counted = log("@x/a:test", closing(3, 1, " 1 error"));
    expect(countsOf(counted, ["@x/a:test"])).toMatchObject({ passed: 3, failed: 1 });
  });

  test("counts no skipped test as passed", () => {
    const skipped = log("@x/a:test", closing(3, 0, " 2 skip", " 1 todo"));
    expect(countsOf(skipped, ["@x/a:test"])).toMatchObject({ passed: 3, failed: 0 });
  });
});
