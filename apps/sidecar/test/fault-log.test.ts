// The fault log: loud, but not more often than once a minute for the same fault of a source; and its end.

import { describe, expect, test } from "bun:test";
import { faultOf, openFaultLog } from "../src/fault-log.ts";
import type { LogEvent } from "../src/log-event.ts";

interface Heard {
  readonly at: (atS: number) => void;
  readonly fail: (code: string, source?: string) => void;
  readonly answer: (source?: string) => void;
  readonly lines: readonly string[];
  readonly events: readonly LogEvent[];
}

function listen(): Heard {
  let nowMs = 0;
  const events: LogEvent[] = [];
  const lines: string[] = [];
  const faults = openFaultLog(
    { now: () => nowMs, sleep: () => Promise.resolve() },
    {
      write: (event) => {
        events.push(event);
        if (event.event === "fault") lines.push(`${nowMs / 1000} ${event.source} ${event.code}`);
        if (event.event === "recovered") lines.push(`${nowMs / 1000} ${event.source} recovered`);
      },
    },
  );
  return {
    at: (atS) => {
      nowMs = atS * 1000;
    },
    fail: (code, source = "targets") =>
      faults.failed(source, { code, message: "m", fix: "f", transient: true }),
    answer: (source = "targets") => faults.answered(source),
    lines,
    events,
  };
}

describe("a fault", () => {
  test("is told at once, and again after a minute, with how long it lasts and how often it was", () => {
    const heard = listen();
    for (let atS = 0; atS <= 130; atS += 10) {
      heard.at(atS);
      heard.fail("throttled");
    }
    expect(heard.lines).toEqual([
      "0 targets throttled",
      "60 targets throttled",
      "120 targets throttled",
    ]);
    expect(heard.events.at(-1)).toMatchObject({ blindMs: 120_000, times: 13 });
  });

  test("of another code, or of another source, is another fault", () => {
    const heard = listen();
    heard.fail("throttled");
    heard.fail("denied");
    heard.fail("throttled", "task-status");
    heard.at(30);
    heard.fail("throttled");
    heard.fail("denied");
    expect(heard.lines).toEqual([
      "0 targets throttled",
      "0 targets denied",
      "0 task-status throttled",
    ]);
  });

  test("that nothing but a person will change is told once", () => {
    const heard = listen();
    for (const atS of [0, 60, 3_600, 86_400]) {
      heard.at(atS);
      heard.fail("not-in-a-service");
    }
    expect(heard.lines).toEqual(["0 targets not-in-a-service"]);
  });

  test("that comes and goes is told once a minute, and its ends no more often", () => {
    const heard = listen();
    for (let atS = 0; atS < 120; atS += 2) {
      heard.at(atS);
      heard.fail("unavailable");
      heard.at(atS + 1);
      heard.answer();
    }
    expect(heard.lines).toEqual([
      "0 targets unavailable",
      "1 targets recovered",
      "60 targets unavailable",
      "61 targets recovered",
    ]);
  });
});

describe("an answer", () => {
  test("ends what was told, once, with how long it lasted", () => {
    const heard = listen();
    heard.fail("throttled");
    heard.at(45);
    heard.fail("denied");
    heard.at(50);
    heard.answer();
    heard.answer();
    expect(heard.lines.slice(2)).toEqual(["50 targets recovered"]);
    expect(heard.events.at(-1)).toMatchObject({ blindMs: 50_000, times: 2 });
  });

  test("of another source, or without a fault, ends nothing", () => {
    const heard = listen();
    heard.answer();
    heard.fail("throttled");
    heard.answer("task-status");
    expect(heard.lines).toEqual(["0 targets throttled"]);
  });
});

describe("the parts of an error", () => {
  test("are those of our own classes", () => {
    const own = Object.assign(new Error("m"), { code: "denied", fix: "f", transient: false });
    expect(faultOf(own)).toEqual({ code: "denied", message: "m", fix: "f", transient: false });
  });

  for (const [what, value, message] of [
    ["an error of nobody's class", new TypeError("m"), "m"],
    ["a text", "m", "m"],
    ["nothing", undefined, "undefined"],
    ["null", null, "null"],
  ] as const)
    test(`are made up for ${what}, which may pass`, () => {
      expect(faultOf(value)).toMatchObject({ code: "unexpected", message, transient: true });
    });
});
