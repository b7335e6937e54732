// What the pace promises of a whole fleet, by simulation; the figures have margins, the exact ones are printed by bench/fleet.ts.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { doubling, simulateFleet } from "./fleet.ts";

// A slow machine is no failure: a limit on the time would be a timing assertion.
setDefaultTimeout(120_000);

const halfHourMs = 30 * 60_000;

test("300 tasks fit: hardly a call is throttled, and every drain is seen within a minute", () => {
  const report = simulateFleet({ tasks: 300 });
  expect(report.throttled).toBeLessThan(0.001);
  expect(report.seenWithin60).toBeGreaterThan(0.99);
  expect(report.atOwnInterval).toBeGreaterThan(0.95);
});

test("1,000 tasks: at most 0.5 % throttled, 97 % seen within 60 s and all within 300 s", () => {
  const report = simulateFleet({ tasks: 1000 });
  expect(report.throttled).toBeLessThan(0.005);
  expect(report.seenWithin60).toBeGreaterThan(0.97);
  expect(report.seenWithin300).toBeGreaterThan(0.999);
  expect(report.fairness).toBeGreaterThan(0.9);
});

test("5,000 tasks: at most 10 % throttled, 30 % seen within 60 s and 90 % within 300 s", () => {
  const report = simulateFleet({ tasks: 5000 });
  expect(report.throttled).toBeLessThan(0.1);
  expect(report.seenWithin60).toBeGreaterThan(0.3);
  expect(report.seenWithin300).toBeGreaterThan(0.9);
});

describe("beside doubling, on one API each", () => {
  const ours = simulateFleet({ tasks: 1000, sources: 1 });
  const other = simulateFleet({ tasks: 1000, sources: 1, rule: doubling });
  test("a tenth of the calls or fewer are throttled", () => {
    expect(ours.throttled).toBeLessThan(other.throttled / 10);
  });
  test("more is seen, soon and late", () => {
    expect(ours.seenWithin60).toBeGreaterThan(other.seenWithin60);
    expect(ours.seenWithin300).toBeGreaterThan(other.seenWithin300);
  });
  test("the shares are more equal", () => {
    expect(ours.fairness).toBeGreaterThan(other.fairness + 0.1);
  });
});

test.each([1, 2])(
  "300 tasks with %p source(s) are back at the poll interval half an hour after half an hour of refusals",
  (sources) => {
    const report = simulateFleet({
      tasks: 300,
      sources,
      refusedUntilMs: halfHourMs,
      warmUpMs: halfHourMs,
      lengthMs: 2 * halfHourMs,
    });
    expect(report.atOwnInterval).toBeGreaterThan(0.95);
    expect(report.throttled).toBeLessThan(0.01);
  },
);

test("a fleet that just fits stays at the poll interval for hours, as a throttled round is soon forgotten", () => {
  const report = simulateFleet({ tasks: 300, sources: 1, lengthMs: 3 * 3_600_000 });
  expect(report.atOwnInterval).toBeGreaterThan(0.97);
  expect(report.throttled).toBeLessThan(0.005);
});

test("the same seed gives the same report, another one another", () => {
  const reportOf = (seed: number) => simulateFleet({ tasks: 400, lengthMs: 4_000_000, seed });
  expect(reportOf(7)).toEqual(reportOf(7));
  expect(reportOf(8)).not.toEqual(reportOf(7));
});
