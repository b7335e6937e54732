// 2,000 random lives from one seed, held to the project's three promises. `SEED=7` draws others, `SEED=7:123` only the 123rd.

import { expect, setDefaultTimeout, test } from "bun:test";
import {
  type Delivered,
  deregistrationsOf,
  horizonSlackOf,
  type Played,
  planOf,
  play,
  randomOf,
} from "./random-life.ts";

setDefaultTimeout(600_000);

const [seed = 1, only] = (process.env.SEED ?? "1").split(":").map(Number);
const lives = 2_000;

/** The last stretch of a target's readings: from the last that said it serves, that one excluded, to `atMs`. */
interface Stretch {
  readonly served: Delivered | undefined;
  readonly since: readonly Delivered[];
}

function stretchOf({ delivered }: Played, target: number, atMs: number): Stretch {
  const readings = delivered.filter((each) => each.target === target && each.atMs <= atMs);
  const last = readings.findLastIndex(({ says }) => says === "serves");
  return { served: readings[last], since: readings.slice(last + 1) };
}

// A reading `draining`; or gone, at two readings or more, while ECS answered none of the questions about it.
function hasEvidence(played: Played, target: number, atMs: number): boolean {
  const { since } = stretchOf(played, target, atMs);
  if (since.some(({ says }) => says === "draining")) return true;
  const streak = since.slice(since.findLastIndex(({ says }) => says === "not-in-use") + 1);
  const gone = streak.filter(({ says }) => says === "gone");
  const [first] = gone;
  return (
    first !== undefined &&
    gone.length >= 2 &&
    !played.ecsAnsweredMs.some((answeredMs) => answeredMs >= first.atMs && answeredMs <= atMs)
  );
}

/** The first true deregistration after the last reading that said that the target serves; undefined: none. */
function deregisteredMsOf(played: Played, target: number, atMs: number): number | undefined {
  const { served } = stretchOf(played, target, atMs);
  return deregistrationsOf(played.plan, target).find(
    (moment) => moment > (served?.trueMs ?? -1) && moment <= atMs,
  );
}

/** Every promise that a life breaks. */
function faultsOf(played: Played): readonly string[] {
  const { plan, endedMs, exitCode, watchedMs } = played;
  const faults: string[] = [];
  const targets = plan.targets.map((_, index) => index);
  const seen = (index: number) => played.delivered.some(({ target }) => target === index);
  const stopMs =
    plan.stopMs !== undefined && (endedMs === undefined || plan.stopMs <= endedMs)
      ? plan.stopMs
      : undefined;
  if (endedMs !== undefined && exitCode !== 0) faults.push(`it exited with ${exitCode}`);

  if (stopMs !== undefined) {
    const hold =
      plan.mode === "act" && watchedMs !== undefined && watchedMs <= stopMs ? plan.stopHoldMs : 0;
    if (endedMs === undefined) faults.push("it outlived its stop signal");
    else {
      if (endedMs > stopMs + hold)
        faults.push(`it outlasted its stop hold by ${endedMs - stopMs - hold} ms`);
      const sooner = [
        stopMs,
        ...targets.flatMap((each) => deregisteredMsOf(played, each, endedMs) ?? []),
      ];
      const endMs = Math.min(stopMs + hold, Math.min(...sooner) + plan.waitMs);
      const containersMs = plan.containersStoppedMs ?? Number.POSITIVE_INFINITY;
      if (endedMs < Math.min(endMs, containersMs)) faults.push("it gave up its stop hold");
    }
    if (new Set(played.deregisterCalls).size < played.deregisterCalls.length)
      faults.push("it deregistered twice");
  } else if (played.deregisterCalls.length > 0)
    faults.push("it deregistered without a stop signal");
  if (played.deregisterCalls.length > 0 && !(plan.deregisterOnStop && plan.stopHoldMs > 0))
    faults.push("it deregistered without being told to");

  if (endedMs !== undefined && stopMs === undefined) {
    if (plan.mode === "observe") faults.push("it exited in observe mode");
    const wanted = plan.drainMs === undefined || endedMs < plan.drainMs;
    const known = targets.filter(seen);
    const serves = (index: number) => {
      const last = played.delivered.findLast(
        ({ target, says, atMs }) => target === index && says !== "nothing" && atMs <= endedMs,
      );
      return last?.says === "serves";
    };
    if (wanted) {
      // Promise 1.
      const left = known.filter((index) => hasEvidence(played, index, endedMs));
      if (left.length === 0)
        faults.push("it exited while ECS wants the task, without a reading for it");
      if (plan.drainWhen === "all" && known.some(serves))
        faults.push("it exited while a target is shown to serve and ECS wants the task");
    }
    // Promise 2.
    const momentsOf = (indices: readonly number[]) =>
      indices.flatMap((index) => deregisteredMsOf(played, index, endedMs) ?? []);
    // A target that no listener used before is neutral: the wait is not for it, where there is another.
    const used = targets.filter((index) => {
      const { since } = stretchOf(played, index, endedMs);
      return !since.some(({ says }) => says === "not-in-use");
    });
    const all = plan.drainWhen === "all" && momentsOf(used).length > 0;
    const moments = momentsOf(all ? used : targets);
    const beganMs = plan.drainWhen === "any" ? Math.min(...moments) : Math.max(...moments);
    if (moments.length === 0) faults.push("it exited though no target was deregistered");
    else if (endedMs < beganMs + plan.waitMs)
      faults.push(`it exited ${beganMs + plan.waitMs - endedMs} ms before the end of the wait`);
    const counts = plan.counted && plan.drainTimeoutMs > plan.waitMs;
    const firstMs = Math.min(...moments);
    if (counts && endedMs < plan.lastConnectionMs && endedMs < firstMs + plan.drainTimeoutMs)
      faults.push("it exited while connections were open, before the ceiling");
    if (
      plan.restartMs !== undefined &&
      plan.restartMs < endedMs &&
      endedMs < plan.restartMs + plan.waitMs
    )
      faults.push("it did not wait anew after its restart");
  }

  // Promise 3.
  if (plan.drainMs !== undefined && stopMs === undefined && plan.mode === "act") {
    const lastFaultMs = Math.max(0, ...plan.faults.map(({ toMs }) => toMs));
    const from = Math.max(plan.drainMs, lastFaultMs, plan.restartMs ?? 0);
    const lagMs = Math.max(plan.elbLagMs, plan.ecsLagMs) + plan.latencyMs;
    const boundMs =
      from + Math.max(plan.waitMs, plan.drainTimeoutMs) + horizonSlackOf(plan) + lagMs;
    if (endedMs === undefined || endedMs > boundMs)
      faults.push(
        `it had to leave by ${boundMs}, and ${endedMs === undefined ? "never did" : `left at ${endedMs}`}`,
      );
  }
  // A defect starts the loop anew, and so does a stop signal.
  if (plan.defectAtLine === 0 && watchedMs !== undefined)
    for (const of of new Set(played.calls.map((call) => call.of))) {
      const calls = played.calls.filter(
        (call) =>
          call.of === of &&
          call.atMs >= watchedMs &&
          call.atMs < (stopMs ?? Number.POSITIVE_INFINITY),
      );
      // What ECS was asked while resolving is not of the watch.
      const own = of === "ecs" ? calls.filter(({ atMs }) => atMs > watchedMs) : calls;
      const early = own.find(
        ({ atMs }, index) =>
          index > 0 && atMs - (own[index - 1]?.atMs ?? 0) < 0.75 * plan.intervalMs - 1,
      );
      if (early !== undefined) faults.push(`it asked ${of} too early at ${early.atMs}`);
    }
  return faults;
}

test(`${lives} random lives hold the three promises (seed ${seed})`, async () => {
  const counts = { drained: 0, stopped: 0, outlived: 0, wanted: 0 };
  const numbers = only === undefined ? Array.from({ length: lives }, (_, index) => index) : [only];
  for (const number of numbers) {
    const random = randomOf(seed, number);
    const plan = planOf(random);
    const played = await play(plan, random);
    const faults = faultsOf(played);
    if (faults.length > 0)
      throw new Error(
        [
          `SEED=${seed}:${number}`,
          ...faults,
          JSON.stringify(plan, undefined, 1),
          JSON.stringify(played.delivered.slice(-20)),
          ...played.lines.slice(-40),
        ].join("\n"),
      );
    if (played.endedMs === undefined) counts.outlived += 1;
    else if (plan.stopMs !== undefined && plan.stopMs <= played.endedMs) counts.stopped += 1;
    else if (plan.drainMs === undefined || played.endedMs < plan.drainMs) counts.wanted += 1;
    else counts.drained += 1;
  }
  // Lives of every kind, or the invariants were asked of nothing.
  if (only === undefined)
    for (const [kind, count] of Object.entries(counts))
      expect([kind, count > lives / 50]).toEqual([kind, true]);
});
