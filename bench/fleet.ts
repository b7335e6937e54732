// Plays fleets through the pace of the poll, beside doubling: what is throttled, how soon a drain is seen, who gets how much.

import { nextRound, type Schedule, scheduleOf } from "../packages/health/src/schedule.ts";
import {
  doubling,
  type FleetReport,
  type Rule,
  simulateFleet,
} from "../packages/health/test/fleet.ts";

const hourMs = 3_600_000;
const pollIntervalMs = 30_000;

const paces: readonly { readonly label: string; readonly rule: Rule; readonly sources: number }[] =
  [
    { label: "doubling (x1.5, x0.95), one API", rule: doubling, sources: 1 },
    { label: "ours, one API", rule: nextRound, sources: 1 },
    { label: "ours, both APIs", rule: nextRound, sources: 2 },
  ];

const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 2 : 1)} %`;
const row = (cells: readonly (string | number)[]): void => console.log(`| ${cells.join(" | ")} |`);
const table = (...heads: readonly string[]): void => {
  row(heads);
  row(heads.map(() => "---"));
};

console.log(
  `Poll interval ${pollIntervalMs / 1000} s, one target group a task, everyone else's calls left out.`,
);
console.log("Request rates as documented: Elastic Load Balancing 10 a second, ECS 20 a second.\n");

console.log("The second hour of a fleet that begins at once:\n");
table("tasks", "rule", "throttled", "seen in 60 s", "seen in 300 s", "fairness");
for (const tasks of [300, 1000, 2000, 5000])
  for (const { label, rule, sources } of paces) {
    const report = simulateFleet({ tasks, rule, sources, pollIntervalMs });
    row([tasks.toLocaleString("en"), label, ...sharesOf(report), report.fairness.toFixed(2)]);
  }

console.log("\nHalf an hour of refusals, then the half hour after it:\n");
table("tasks", "rule", "at their own interval in the end", "throttled");
for (const { label, rule, sources } of paces) {
  const report = simulateFleet({
    tasks: 300,
    rule,
    sources,
    pollIntervalMs,
    refusedUntilMs: hourMs / 2,
    warmUpMs: hourMs / 2,
    lengthMs: hourMs,
  });
  row([300, label, percent(report.atOwnInterval), percent(report.throttled)]);
}

console.log(
  "\nOne task alone, after throttled rounds in a row, until it asks at the poll interval again:\n",
);
table("rule", "1 round", "3 rounds", "12 rounds");
for (const { label, rule } of paces.slice(0, 2))
  row([label, ...[1, 3, 12].map((rounds) => `${minutesBack(rule, rounds).toFixed(1)} min`)]);

function sharesOf({ throttled, seenWithin60, seenWithin300 }: FleetReport): readonly string[] {
  return [throttled, seenWithin60, seenWithin300].map(percent);
}

// Without jitter, an hour after the task began.
function minutesBack(rule: Rule, throttledRounds: number): number {
  const middle = (): number => 0.5;
  let schedule: Schedule = scheduleOf(pollIntervalMs, 1);
  let sinceMs = 0;
  const round = (outcome: "answered" | "throttled"): void => {
    const next = rule(schedule, outcome, middle);
    schedule = next.schedule;
    sinceMs += next.waitMs;
  };
  while (sinceMs < hourMs) round("answered");
  for (let each = 0; each < throttledRounds; each += 1) round("throttled");
  const throttledMs = sinceMs;
  while ((schedule.sources[0]?.intervalMs ?? 0) > 1.01 * pollIntervalMs) round("answered");
  return (sinceMs - throttledMs) / 60_000;
}
