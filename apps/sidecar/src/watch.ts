// Rounds in, decisions out: the one loop of the process.

import {
  type Clock,
  labelOf,
  poll,
  type Round,
  type Source,
  type Target,
  type Wish,
} from "@nlb-sidecar/health";
import { countIntervalMs } from "./connections.ts";
import {
  type Decision,
  type DrainCause,
  type DrainPolicy,
  type DrainState,
  decide,
  nothingObserved,
  observe,
  type Reading,
} from "./drain.ts";
import { defectOf, type FaultLog, openFaultLog } from "./fault-log.ts";
import type { Log } from "./log.ts";

/** What the watch may use. */
export interface Watcher {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly pollIntervalMs: number;
  readonly mode: "act" | "observe";
  readonly targetHealth: Source<Reading> & { targets(): readonly Target[] };
  readonly taskStatus: Source<Reading>;
  /** The processor time that this process has used; without it a count is taken to cost all the time that it took. */
  readonly processorMs?: () => number;
  /** Counts open connections on the targets' ports; undefined where they are not to be counted, or cannot be. */
  readonly countConnections?: (signal: AbortSignal) => Promise<number | undefined>;
  /** Whether the containers of the targets have all stopped; false where that is not known. */
  readonly containersStopped?: (signal: AbortSignal) => Promise<boolean>;
  /** Deregisters the targets, once, when a stop signal is held off. Never rejects. */
  readonly deregister?: () => Promise<void>;
  /** Told of each decision that changes the phase. Never throws, and nobody waits for it. */
  readonly changed?: (phase: Decision["phase"], decision: Decision) => void;
}

/** How the watch ended. */
export interface Outcome {
  readonly exitCode: number;
}

const progressMs = 10_000;
const containersMs = 1_000;
const defectPauseMs = 1_000;
const defectPauseMaxMs = 60_000;
// So long after a defect, the next one is another story.
const defectCalmMs = 600_000;

/** What the loop carries from round to round, and from one poll to the next. */
interface Watch {
  state: DrainState;
  decision: Decision;
  toldMs: number;
  toldConnections: number | undefined;
  countedMs: number;
  countCostMs: number;
  wouldExit: boolean;
  /** The phase that the stop signal met; undefined before it. */
  stoppedIn: Decision["phase"] | undefined;
  heldOff: boolean;
  readonly gone: Set<string>;
  desiredStatus: string | undefined;
}

/**
 * Watches until the drain is over or a stop signal ends it. No answer of AWS, no lack of one and no defect of this program
 * ends it otherwise.
 *
 * @param signal aborts when the process is told to stop; its reason is the signal's name.
 */
export async function watch(
  watcher: Watcher,
  policy: DrainPolicy,
  signal: AbortSignal,
): Promise<Outcome> {
  const faults = openFaultLog(watcher.clock, watcher.log);
  const kept: Watch = {
    state: nothingObserved,
    decision: { phase: "watching", askTaskStatus: false },
    toldMs: Number.NEGATIVE_INFINITY,
    toldConnections: undefined,
    countedMs: Number.NEGATIVE_INFINITY,
    countCostMs: 0,
    wouldExit: false,
    stoppedIn: undefined,
    heldOff: false,
    gone: new Set(),
    desiredStatus: undefined,
  };
  let defects = 0;
  let pauseMs = 0;
  let calmMs = Number.NEGATIVE_INFINITY;
  for (;;) {
    // A stop signal ends one poll; while it is held off, the next one is ended by its decision, or with the stop hold.
    const end =
      kept.state.stop === undefined ? undefined : endOf(watcher.clock, policy, kept.state.stop);
    const ended = end?.signal ?? signal;
    try {
      if (end !== undefined && !kept.heldOff) holdOff(watcher, policy, kept);
      if (await follow(watcher, policy, kept, faults, ended)) break;
      kept.stoppedIn ??= kept.decision.phase;
      learn(watcher, kept, [{ stopSignal: stopNameOf(signal) }]);
      if (conclude(watcher, policy, kept)) break;
    } catch (error) {
      // Whatever is broken, a stop hold that is over is over.
      const { stop } = kept.state;
      const nowMs = watcher.clock.now();
      if (stop !== undefined && nowMs >= stop.atMs + policy.stopHoldMs) break;
      defects += 1;
      watcher.log.write(defectOf(error, defects));
      pauseMs = nowMs < calmMs ? Math.min(defectPauseMaxMs, pauseMs * 2) : defectPauseMs;
      calmMs = nowMs + defectCalmMs;
      await watcher.clock.sleep(pauseMs, ended);
    } finally {
      end?.abort();
    }
  }
  return { exitCode: 0 };
}

// Aborts when the stop hold is over, even if a call hangs just then.
function endOf(
  clock: Clock,
  policy: DrainPolicy,
  stop: { readonly atMs: number },
): AbortController {
  const end = new AbortController();
  const leftMs = stop.atMs + policy.stopHoldMs - clock.now();
  void clock.sleep(Math.max(0, leftMs), end.signal).then(() => end.abort());
  return end;
}

/** The name of the stop signal that `signal` aborted with. */
export const stopNameOf = ({ reason }: AbortSignal): string =>
  typeof reason === "string" ? reason : "SIGTERM";

// Follows one poll to the end of the watch (true) or to a stop signal (false).
async function follow(
  watcher: Watcher,
  policy: DrainPolicy,
  kept: Watch,
  faults: FaultLog,
  signal: AbortSignal,
): Promise<boolean> {
  const { clock, random, pollIntervalMs } = watcher;
  const sources = [watcher.targetHealth, watcher.taskStatus];
  const rounds = poll(sources, { clock, random, intervalMs: pollIntervalMs }, signal);
  let wish: Wish | undefined;
  for (;;) {
    const step = wish === undefined ? await rounds.next() : await rounds.next(wish);
    if (step.done) return false;
    told(faults, step.value);
    learn(watcher, kept, readingsOf(step.value, watcher.targetHealth.targets()));
    await lookAround(watcher, policy, kept, faults, signal);
    if (signal.aborted) return false;
    if (conclude(watcher, policy, kept)) return true;
    wish = wishOf(watcher, kept);
  }
}

function told(faults: FaultLog, { source, error }: Round<Reading>): void {
  if (source === undefined) return;
  if (error === undefined) faults.answered(source);
  else faults.failed(source, error);
}

// What a round says, its silence included.
function readingsOf(
  { source, outcome, readings, wished }: Round<Reading>,
  asked: readonly Target[],
): readonly Reading[] {
  if (source === undefined) return [];
  const silent = outcome === "answered" ? [] : [{ unanswered: nameOf(source) } as const];
  // The schedule gives ECS a turn only where the targets' own turn cannot be taken.
  const passed =
    source === "task-status" && !wished ? [{ unanswered: "target-health" } as const] : [];
  return [{ asked }, ...passed, ...readings, ...silent];
}

const nameOf = (source: string): "target-health" | "task-status" =>
  source === "task-status" ? "task-status" : "target-health";

function learn(watcher: Watcher, kept: Watch, readings: readonly Reading[]): void {
  const before = kept.state;
  kept.state = observe(before, readings, watcher.clock.now());
  for (const reading of readings)
    if ("desiredStatus" in reading && reading.desiredStatus !== kept.desiredStatus) {
      const { desiredStatus, lastStatus } = reading;
      const was = kept.desiredStatus;
      watcher.log.write({ event: "task-status", desiredStatus, lastStatus, was });
      kept.desiredStatus = desiredStatus;
    }
  for (const each of kept.state.targets) {
    const { target, last, gone } = each;
    const was = before.targets.find((other) => other.target === target)?.last;
    const label = labelOf(target);
    if (was?.state !== last.state || was.reason !== last.reason)
      watcher.log.write({
        event: "reading",
        target: label,
        state: last.state,
        reason: last.reason,
        was: was?.state,
      });
    if (gone === undefined) kept.gone.delete(label);
    else if (gone.ecs === "wanted" && each.registered && !kept.gone.has(label)) {
      kept.gone.add(label);
      watcher.log.write({
        event: "target-gone",
        target: label,
        message:
          "The target is not registered any more, but ECS still wants the task: nothing ends. Was it deregistered by hand, or its target group deleted?",
      });
    }
  }
}

// What can be seen without AWS: open connections while draining, and whether the application still runs while a stop is held off.
async function lookAround(
  watcher: Watcher,
  policy: DrainPolicy,
  kept: Watch,
  faults: FaultLog,
  signal: AbortSignal,
): Promise<void> {
  const { clock, countConnections, containersStopped } = watcher;
  const spentMs = watcher.processorMs ?? (() => clock.now());
  const nowMs = clock.now();
  const { phase } = decide(kept.state, policy, nowMs);
  if (phase === "watching") return;
  const beforeMs = spentMs();
  // Nothing ends by an old count.
  const due = phase === "exit" || nowMs - kept.countedMs >= countIntervalMs(kept.countCostMs);
  if (countConnections !== undefined && due)
    try {
      const openConnections = await countConnections(signal);
      faults.answered("connections");
      learn(watcher, kept, [{ openConnections }]);
    } catch (error) {
      if (signal.aborted) return;
      faults.failed("connections", error);
    } finally {
      kept.countedMs = clock.now();
      kept.countCostMs = spentMs() - beforeMs;
    }
  if (kept.state.stop !== undefined && containersStopped !== undefined)
    learn(watcher, kept, [{ containersStopped: await containersStopped(signal) }]);
}

// Decides, tells of it, and says whether the process ends.
function conclude(watcher: Watcher, policy: DrainPolicy, kept: Watch): boolean {
  const nowMs = watcher.clock.now();
  const before = kept.decision;
  const decision = decide(kept.state, policy, nowMs);
  kept.decision = decision;
  const { openConnections } = kept.state;
  const began = before.phase === "watching" && decision.phase !== "watching";
  const stopAlone = decision.phase === "exit" && decision.because === "stop-signal";
  if (began && !stopAlone) {
    kept.toldMs = nowMs;
    kept.toldConnections = undefined;
    watcher.log.write(drainBeganOf(kept, policy, decision.cause ?? "readings"));
    watcher.changed?.("draining", decision);
  }
  if (before.phase !== "watching" && decision.phase === "watching") {
    kept.wouldExit = false;
    const sinceMs = before.sinceMs ?? nowMs;
    watcher.log.write({ event: "drain-called-off", elapsedMs: Math.round(nowMs - sinceMs) });
    watcher.changed?.("watching", decision);
  }
  if (decision.phase === "draining") tellProgress(watcher, kept, decision, nowMs);
  if (decision.phase !== "exit") return false;
  const elapsedMs = Math.round(nowMs - (decision.sinceMs ?? nowMs));
  const { because } = decision;
  if (stopAlone) {
    const signal = kept.state.stop?.signal ?? "SIGTERM";
    watcher.log.write({
      event: "stopped",
      signal,
      elapsedMs: decision.sinceMs === undefined ? undefined : elapsedMs,
    });
    return true;
  }
  const over = { because, elapsedMs, openConnections };
  if (watcher.mode === "observe") {
    if (!kept.wouldExit) watcher.log.write({ event: "would-exit", ...over });
    kept.wouldExit = true;
    return false;
  }
  watcher.log.write({ event: "drained", ...over });
  watcher.changed?.("exit", decision);
  return true;
}

function drainBeganOf(kept: Watch, policy: DrainPolicy, cause: DrainCause) {
  return {
    event: "drain-began",
    cause,
    targets: kept.state.targets
      .filter(({ standing, gone }) => standing === "left" || gone !== undefined)
      .map(({ target, last }) => ({
        target: labelOf(target),
        state: last.state,
        reason: last.reason,
      })),
    deregistrationWaitMs: policy.deregistrationWaitMs,
    drainTimeoutMs: policy.drainTimeoutMs,
  } as const;
}

function tellProgress(
  watcher: Watcher,
  kept: Watch,
  decision: Extract<Decision, { phase: "draining" }>,
  nowMs: number,
): void {
  const { openConnections } = kept.state;
  const { toldConnections } = kept;
  // The first count, and then as they fall: by half, and the last one. However many there are, that is a handful of lines.
  const fell =
    openConnections !== undefined &&
    openConnections !== toldConnections &&
    openConnections <= (toldConnections ?? Number.POSITIVE_INFINITY) / 2;
  if (nowMs - kept.toldMs < progressMs && !fell) return;
  kept.toldMs = nowMs;
  kept.toldConnections = openConnections;
  const endMs = nowMs < decision.floorMs ? decision.floorMs : decision.ceilingMs;
  watcher.log.write({
    event: "draining",
    waitsFor: decision.waitsFor,
    elapsedMs: Math.round(nowMs - decision.sinceMs),
    remainingMs: Math.max(0, Math.round(endMs - nowMs)),
    openConnections,
  });
}

// When the next decision may fall without a reading, and whom it would like asked.
function wishOf(watcher: Watcher, kept: Watch): Wish {
  const { decision, state } = kept;
  const nowMs = watcher.clock.now();
  if (decision.phase === "exit") return {};
  const ask = decision.askTaskStatus ? { ask: watcher.taskStatus.name } : {};
  if (decision.phase === "watching") return ask;
  const momentsMs = [kept.toldMs + progressMs];
  if (nowMs < decision.floorMs) momentsMs.push(decision.floorMs);
  else if (nowMs < decision.ceilingMs) momentsMs.push(decision.ceilingMs);
  if (watcher.countConnections !== undefined)
    momentsMs.push(Math.max(kept.countedMs + countIntervalMs(kept.countCostMs), nowMs + 1));
  if (state.stop !== undefined && watcher.containersStopped !== undefined)
    momentsMs.push(nowMs + containersMs);
  return { ...ask, withinMs: Math.max(1, Math.min(...momentsMs) - nowMs) };
}

function holdOff(watcher: Watcher, policy: DrainPolicy, kept: Watch): void {
  // Before anything that may fail: once is enough.
  kept.heldOff = true;
  const name = kept.state.stop?.signal ?? "SIGTERM";
  watcher.log.write({ event: "stop-held", signal: name, stopHoldMs: policy.stopHoldMs });
  // Where a drain preceded, somebody else has deregistered them. Nobody waits for it: the hold is short, and its readings go on.
  if (kept.stoppedIn === "watching") void watcher.deregister?.();
}
