// The arithmetic of the verdict, and what it takes for misbehaviour.

import { describe, expect, test } from "bun:test";
import type { ConnectionEnd } from "../src/clients.ts";
import type { Life } from "../src/life.ts";
import { presentOf, reportOf } from "../src/report.ts";
import { type Judged, verdictOf } from "../src/verdict.ts";

const stage: Judged = {
  act: "deploy",
  deregistrationDelayMs: 15_000,
  deregistrationWaitMs: 6_000,
  faults: [],
  followsConnections: false,
  sidecar: ["nlb-sidecar"],
  stopHoldMs: 0,
};

const connection = (
  end: ConnectionEnd,
  openedMs: number,
  target: string,
): Life["connections"][number] => ({
  kind: "short",
  openedMs,
  endedMs: openedMs + 5,
  address: "127.0.0.1:50000",
  end,
  target,
});

const good: Life = {
  target: "10.0.2.61:8080",
  actMs: 1_500,
  drainBeganMs: 2_500,
  drainSeenMs: 3_300,
  routingEndedMs: 6_500,
  applicationToldMs: 9_400,
  applicationEnd: { atMs: 9_500, exitCode: 0, toldMs: 9_400 },
  sidecarEnd: { atMs: 9_380, exitCode: 0, toldMs: undefined },
  taskStoppedMs: 9_500,
  otherExits: [],
  opened: 3,
  connections: [
    connection("finished", 2_000, "10.0.2.61:8080"),
    connection("finished", 3_000, "10.0.2.61:8080"),
    connection("finished", 7_000, "10.0.2.62:8080"),
  ],
  timedOut: false,
  endedMs: 14_000,
};

test("a drain is measured from its beginning, and against the deregistration delay", () => {
  expect(verdictOf(good, stage)).toEqual({
    passed: true,
    opened: 3,
    finished: 3,
    cut: 0,
    cuts: {},
    late: { opened: 1, cut: 0 },
    drainBeganMs: 2_500,
    drainSeenMs: 3_300,
    drainEndedMs: 9_400,
    aloneEndedMs: 17_500,
    soonerMs: 8_100,
    lastConnectionMs: undefined,
    sidecarEndedMs: 9_380,
    misbehaviour: [],
  });
});

test("each way for a connection to be cut is counted, and one is enough to fail", () => {
  const verdict = verdictOf(
    {
      ...good,
      opened: 5,
      connections: [
        connection("finished", 2_000, "10.0.2.61:8080"),
        connection("reset", 3_000, "10.0.2.61:8080"),
        connection("reset", 4_000, "10.0.2.62:8080"),
        connection("closed-early", 1_000, "10.0.2.61:8080"),
        connection("stalled", 3_500, "10.0.2.61:8080"),
      ],
    },
    stage,
  );
  expect(verdict).toMatchObject({
    passed: false,
    finished: 1,
    cut: 4,
    cuts: { reset: 2, "closed-early": 1, stalled: 1 },
    late: { opened: 2, cut: 2 },
    misbehaviour: [],
  });
  expect(verdictOf({ ...good, connections: [connection("refused", 1, "")] }, stage).passed).toBe(
    false,
  );
});

test("ECS alone is never sooner than itself", () => {
  const alone = { ...good, sidecarEnd: undefined, drainSeenMs: undefined };
  expect(
    verdictOf({ ...alone, applicationToldMs: 17_500 }, { ...stage, sidecar: undefined }),
  ).toMatchObject({ passed: true, soonerMs: 0 });
});

test("a stop that does not wait for the load balancer is compared with no delay", () => {
  expect(verdictOf(good, { ...stage, act: "stop-task" })).toMatchObject({
    aloneEndedMs: undefined,
    soonerMs: undefined,
  });
});

describe("misbehaviour", () => {
  const left = (atMs: number, exitCode = 0): Partial<Life> => ({
    sidecarEnd: { atMs, exitCode, toldMs: undefined },
  });
  const told = (toldMs: number, atMs: number, exitCode = 0): Partial<Life> => ({
    sidecarEnd: { atMs, exitCode, toldMs },
  });
  const rows: readonly (readonly [string, Partial<Life>, Partial<Judged>, string | undefined])[] = [
    ["leaving when the wait is over", left(9_300), {}, undefined],
    ["leaving before the wait is over", left(8_900), {}, "before its wait of 6000 ms was over"],
    [
      "leaving at once where that is the setting",
      left(3_310),
      { deregistrationWaitMs: 0 },
      undefined,
    ],
    ["leaving before the drain", left(2_000), {}, "that the load balancer still wanted"],
    [
      "leaving where no drain began",
      { ...left(2_000), drainBeganMs: undefined, drainSeenMs: undefined },
      {},
      "that the load balancer still wanted",
    ],
    [
      "leaving without having seen the drain",
      { ...left(9_400), drainSeenMs: undefined },
      {},
      "without having seen a drain",
    ],
    ["leaving with another exit code", left(9_400, 1), {}, "ended with 1"],
    ["not leaving", { sidecarEnd: undefined }, {}, "did not end"],
    ["waiting for ECS", told(17_500, 17_510), {}, "ECS alone did"],
    ["waiting for ECS under a fault", told(17_500, 17_510), { faults: ["deny-all"] }, undefined],
    ["being killed", told(17_500, 23_500, 137), { faults: ["hang"] }, "had to be killed"],
    [
      "ending slowly after a stop signal",
      told(3_000, 6_500),
      { act: "stop-task" },
      "took 3500 ms to end",
    ],
    [
      "holding a stop signal as long as it may",
      told(3_000, 8_500),
      { act: "stop-task", stopHoldMs: 5_500 },
      undefined,
    ],
    [
      "leaving a second after the last connection",
      {
        ...left(11_900),
        connections: [{ ...connection("finished", 3_000, good.target), endedMs: 10_500 }],
      },
      { followsConnections: true },
      undefined,
    ],
    [
      "leaving long after the last connection",
      {
        ...left(14_700),
        connections: [{ ...connection("finished", 3_000, good.target), endedMs: 10_500 }],
      },
      { followsConnections: true },
      "left 4200 ms after the wait was over and the task's last connection had ended",
    ],
    ["not ending in time", { timedOut: true }, {}, "had not stopped"],
    ["dying before the deployment", { actMs: undefined }, {}, "did not live"],
    [
      "ending a task that was to go on",
      {
        otherExits: [
          { taskArn: "arn", container: "nlb-sidecar", atMs: 1, exitCode: 1, signalled: false },
        ],
      },
      {},
      "nlb-sidecar of a task that was to go on ended with 1",
    ],
  ];
  test.each(rows)("%s", (_title, life, how, sentence) => {
    const { misbehaviour, passed } = verdictOf({ ...good, ...life }, { ...stage, ...how });
    expect(passed).toBe(sentence === undefined);
    if (sentence === undefined) expect(misbehaviour).toEqual([]);
    else expect(misbehaviour.join("\n")).toContain(sentence);
  });
});

describe("the present", () => {
  const present = { atMs: 5_010, opened: 9, finished: 6, cut: 1, openToTask: 2 };

  test("of one life tells how many connections are open to the task", () => {
    expect(presentOf([{ title: "", present }])).toBe(
      "  5.0 s  connections: 9 opened, 6 finished, 1 cut; 2 open to the task",
    );
  });

  test("of two lives stands side by side, within 80 columns", () => {
    const wide = { ...present, opened: 1_234, finished: 1_200, cut: 34 };
    const line = presentOf([
      { title: "with X", present },
      { title: "without X", present: wide },
    ]);
    expect(line).toBe("  5.0 s  opened/finished/cut: with 9/6/1  without 1234/1200/34");
  });
});

describe("the report", () => {
  test("says in one line what came of it", () => {
    const lines = reportOf([{ title: "", verdict: verdictOf(good, stage) }]);
    expect(lines.at(-1)).toBe(
      "VERDICT: no connection was cut. The application was told 162 s sooner, at full length, than by ECS alone.",
    );
    expect(lines.find((line) => line.includes("sooner"))).toContain("8.1 s (162 s at full length)");
  });

  test("sets two lives side by side", () => {
    const cut = { ...good, connections: [connection("reset", 3_000, good.target)], opened: 1 };
    const lines = reportOf([
      { title: "with", verdict: verdictOf(good, stage) },
      { title: "without", verdict: verdictOf(cut, stage) },
    ]);
    expect(lines.find((line) => line.includes("  cut "))).toMatch(/cut +0 +1 \(1 reset\)$/);
    expect(lines.slice(-2)).toEqual([
      "with: no connection was cut.",
      "without: 1 of 1 connections was cut.",
    ]);
  });
});
