// The log: whole lines in order, whatever the pipe does, and nothing that waits for it.

import { describe, expect, test } from "bun:test";
import { lineOf, type OpenLog, openLog, type WriteBytes } from "../src/log.ts";

const decoder = new TextDecoder();

/** Takes all bytes at once. */
function collector(): { readonly writeBytes: WriteBytes; readonly text: () => string } {
  let text = "";
  return {
    writeBytes: (bytes, done) => {
      text += decoder.decode(bytes);
      queueMicrotask(() => done(null, bytes.length));
    },
    text: () => text,
  };
}

const write = (log: OpenLog, status: number): void =>
  log.write({ event: "notified", of: "drain", status });

const statusesOf = (text: string): readonly number[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))
    .filter(({ event }) => event === "notified")
    .map(({ status }) => status);

describe("a line", () => {
  test("is JSON that begins with its time, its level and its event", () => {
    const line = lineOf(
      { event: "notice", code: "target-groups-denied", message: "a\nb", fix: "c" },
      new Date(0),
    );
    expect(line).toBe(
      '{"time":"1970-01-01T00:00:00.000Z","level":"warn","event":"notice","code":"target-groups-denied","message":"a\\nb","fix":"c"}',
    );
  });

  for (const [transient, level] of [
    [true, "warn"],
    [false, "error"],
  ] as const)
    test(`of a fault that ${transient ? "passes is a warning" : "will not pass is an error"}`, () => {
      const fault = {
        source: "targets",
        code: "denied",
        message: "",
        fix: "",
        blindMs: 0,
        times: 1,
      };
      expect(JSON.parse(lineOf({ event: "fault", transient, ...fault }, new Date(0))).level).toBe(
        level,
      );
    });
});

describe("writing", () => {
  test("keeps the order of a thousand lines, one write at a time", async () => {
    const { writeBytes, text } = collector();
    const log = openLog(writeBytes);
    for (let nth = 0; nth < 1_000; nth += 1) {
      write(log, nth);
      if (nth % 100 === 99) await log.flush(1_000);
    }
    await log.flush(1_000);
    expect(statusesOf(text())).toEqual(Array.from({ length: 1_000 }, (_, nth) => nth));
  });

  test("goes on where a write took only a part, in whole lines", async () => {
    let text = "";
    const log = openLog((bytes, done) => {
      const taken = bytes.subarray(0, 7);
      text += decoder.decode(taken);
      queueMicrotask(() => done(null, taken.length));
    });
    for (const nth of [1, 2, 3]) write(log, nth);
    await log.flush(1_000);
    expect(statusesOf(text)).toEqual([1, 2, 3]);
  });

  test("tries again where the pipe is full, and loses nothing", async () => {
    let text = "";
    let refusals = 2;
    const log = openLog((bytes, done) => {
      if (refusals > 0) {
        refusals -= 1;
        queueMicrotask(() => done({ code: "EAGAIN" }, 0));
        return;
      }
      text += decoder.decode(bytes);
      queueMicrotask(() => done(null, bytes.length));
    });
    for (const nth of [1, 2]) write(log, nth);
    await log.flush(60_000);
    expect(refusals).toBe(0);
    expect(statusesOf(text)).toEqual([1, 2]);
  });

  test("counts a line that nobody takes as lost, and says so before the next", async () => {
    let text = "";
    let broken = true;
    const log = openLog((bytes, done) => {
      if (!broken) text += decoder.decode(bytes);
      const error = broken ? { code: "EPIPE" } : null;
      queueMicrotask(() => done(error, broken ? 0 : bytes.length));
    });
    for (const nth of [1, 2, 3]) write(log, nth);
    await log.flush(1_000);
    broken = false;
    write(log, 4);
    await log.flush(1_000);
    const lines = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.map(({ event, lines: lost }) => [event, lost])).toEqual([
      ["lines-lost", 3],
      ["notified", undefined],
    ]);
  });

  test("never waits for a pipe that nobody reads: lines beyond a bound are counted, not kept", async () => {
    let text = "";
    let held: (() => void) | undefined;
    const log = openLog((bytes, done) => {
      const take = () => {
        text += decoder.decode(bytes);
        done(null, bytes.length);
      };
      if (text === "" && held === undefined) held = take;
      else queueMicrotask(take);
    });
    for (let nth = 0; nth < 10_000; nth += 1) write(log, nth);
    expect(text).toBe("");
    held?.();
    await log.flush(1_000);
    write(log, 10_000);
    await log.flush(1_000);
    const kept = statusesOf(text);
    expect(kept.length).toBeLessThan(1_000);
    expect(kept.slice(0, -1)).toEqual(Array.from({ length: kept.length - 1 }, (_, nth) => nth));
    expect(kept.at(-1)).toBe(10_000);
    const [lost] = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line))
      .filter(({ event }) => event === "lines-lost");
    expect(lost.lines + kept.length).toBe(10_001);
  });

  test("leaves out what is less important than its level", async () => {
    const { writeBytes, text } = collector();
    const log = openLog(writeBytes);
    log.limitTo("error");
    write(log, 1);
    log.write({ event: "defect", message: "m", stack: undefined, times: 1 });
    log.limitTo("info");
    write(log, 2);
    await log.flush(1_000);
    expect(text().match(/"event":"[a-z]+"/g)).toEqual(['"event":"defect"', '"event":"notified"']);
  });
});

describe("flushing", () => {
  test("resolves at once where nothing waits", async () => {
    await openLog(collector().writeBytes).flush(1e9);
    expect(true).toBe(true);
  });

  test("resolves after its bound where the writer never calls back", async () => {
    let calls = 0;
    const log = openLog(() => {
      calls += 1;
    });
    write(log, 1);
    write(log, 2);
    await log.flush(1);
    expect(calls).toBe(1);
  });
});
