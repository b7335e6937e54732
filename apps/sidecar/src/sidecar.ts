// The sentence: settings, task, targets, watch, exit.

import { ConfigError, loadSettings, type Settings } from "@nlb-sidecar/config";
import { labelOf, type Source } from "@nlb-sidecar/health";
import {
  type Resolution,
  ResolverError,
  readTask,
  readTaskStatus,
  resolutionOf,
  resolveTargets,
  type Task,
} from "@nlb-sidecar/resolver";
import { application } from "./application.ts";
import type { DrainPolicy, Reading } from "./drain.ts";
import { faultOf, openFaultLog } from "./fault-log.ts";
import { notifier } from "./notify.ts";
import { untilAnswered } from "./retry.ts";
import { openStatus, type Status } from "./status.ts";
import { targetSource } from "./target-source.ts";
import { callTimeoutMs, timed, within } from "./time-out.ts";
import { version } from "./version.ts";
import { type Outcome, stopNameOf, watch } from "./watch.ts";
import type { AwsClients, World } from "./world.ts";

/** Exit codes: drained or stopped, a fault that the fault policy ends with, faulty settings (`EX_CONFIG` of sysexits). */
const exitCodes = { ended: 0, fault: 1, faultySettings: 78 } as const;

// The endpoint is local: it may be asked oftener than AWS.
const metadataIntervalMs = 5_000;
const completeMaxMs = 15 * 60_000;
// The SDK's own retries serve while resolving; the poll has a pace of its own, which they would multiply.
const attempts = { resolving: 3, polling: 1 } as const;

/**
 * Reads the settings, finds the task's targets, and watches them until the task may go.
 *
 * @param signal aborts when the process is told to stop; its reason is the signal's name.
 */
export async function sidecar(world: World, signal: AbortSignal): Promise<Outcome> {
  const settings = await loadOwnSettings(world);
  if (settings === undefined) return { exitCode: exitCodes.faultySettings };
  const status = openStatus(world, settings);
  try {
    const found = await findTargets(world, settings, signal);
    if (found === "given-up") return { exitCode: exitCodes.fault };
    if (found === undefined) {
      const name = stopNameOf(signal);
      world.log.write({ event: "stopped", signal: name, elapsedMs: undefined });
      return { exitCode: exitCodes.ended };
    }
    return await watchTargets(world, settings, found, status, signal);
  } finally {
    status.close();
  }
}

async function loadOwnSettings(world: World): Promise<Settings | undefined> {
  try {
    const { settings, file } = await loadSettings(world.env);
    world.log.limitTo(settings.logLevel);
    world.log.write({ event: "started", version, settings: shownOf(settings), file });
    return settings;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const faults = error.faults.map(({ source, message }) => ({ source, message }));
    world.log.write({ event: "faulty-settings", faults, fix: error.fix });
    return undefined;
  }
}

// A URL may carry a token behind its host, and the log is no place for one.
function shownOf(settings: Settings): Readonly<Record<string, unknown>> {
  const masked = (url: string | undefined) => url && `${new URL(url).origin}/...`;
  const { onDrainUrl, onReturnUrl } = settings;
  return { ...settings, onDrainUrl: masked(onDrainUrl), onReturnUrl: masked(onReturnUrl) };
}

interface Found {
  readonly task: Task;
  readonly resolution: Resolution;
  readonly clients: AwsClients;
}

// The task and its targets; undefined once the signal aborts.
async function findTargets(
  world: World,
  settings: Settings,
  signal: AbortSignal,
): Promise<Found | "given-up" | undefined> {
  const faults = openFaultLog(world.clock, world.log);
  let givenUp = false;
  const ask = <Value>(
    source: string,
    intervalMs: number,
    call: (signal: AbortSignal) => Promise<Value>,
  ): Promise<Value | undefined> => {
    const failed = (error: unknown): "again" | "give-up" => {
      faults.failed(source, error);
      const { code, fix, transient } = faultOf(error);
      // In observe mode nothing but a stop signal ends the process.
      givenUp = settings.faultPolicy === "exit" && settings.mode === "act" && !transient;
      if (givenUp) world.log.write({ event: "gave-up", code, fix });
      return givenUp ? "give-up" : "again";
    };
    const pace = { clock: world.clock, random: world.random, intervalMs };
    return untilAnswered(
      pace,
      async (each) => {
        const value = await call(each);
        faults.answered(source);
        return value;
      },
      failed,
      signal,
    );
  };

  const task = await ask(
    "task-metadata",
    Math.min(metadataIntervalMs, settings.pollIntervalMs),
    (each) => readOwnTask(world, each),
  );
  if (task === undefined) return givenUp ? "given-up" : undefined;
  world.log.write({
    event: "task",
    task: task.arn,
    cluster: task.cluster,
    region: task.region,
    networkMode: task.networkMode,
  });
  let tries: number = attempts.resolving;
  const clients = timedClients(world, task, () => tries);
  let read: Task | undefined = task;
  const resolution = await ask("targets", settings.pollIntervalMs, async (each) => {
    // Asked again, containers and host ports may have come since the task was read.
    const latest = read ?? (await readOwnTask(world, each));
    read = undefined;
    return resolveTargets(clients, latest, choiceOf(settings), each);
  });
  if (resolution === undefined) return givenUp ? "given-up" : undefined;
  for (const { code, message, fix } of resolution.notices)
    world.log.write({ event: "notice", code, message, fix });
  tellTargets(world, resolution);
  tries = attempts.polling;
  return { task, resolution, clients };
}

const choiceOf = ({ targetContainer }: Settings) => ({ targetContainer });

async function readOwnTask(world: World, signal: AbortSignal): Promise<Task> {
  const { clock, env } = world;
  const ask = (each: AbortSignal) => readTask(world.fetch, env.ECS_CONTAINER_METADATA_URI_V4, each);
  try {
    return await within(clock, callTimeoutMs, ask, signal);
  } catch (error) {
    const { name, message } = error instanceof Error ? error : { name: "", message: "" };
    if (name !== "TimeoutError" && name !== "AbortError") throw error;
    throw new ResolverError(
      "metadata-unavailable",
      true,
      `the task metadata endpoint: ${message}`,
      "Nothing to change if it passes; otherwise check what ECS_CONTAINER_METADATA_URI_V4 points to.",
      { cause: error },
    );
  }
}

function timedClients(world: World, { region }: Task, tries: () => number): AwsClients {
  const { ecs, elb, ec2 } = world.aws(region, tries);
  return {
    ecs: timed(world.clock, ecs),
    elb: timed(world.clock, elb),
    ec2: ec2 && timed(world.clock, ec2),
  };
}

const tellTargets = (world: World, { targets, pending }: Resolution): void =>
  world.log.write({
    event: "targets",
    targets: targets.map(labelOf),
    pending: pending.map(({ message }) => message),
  });

function watchTargets(
  world: World,
  settings: Settings,
  { task, resolution, clients }: Found,
  status: Status,
  signal: AbortSignal,
): Promise<Outcome> {
  const { clock, random, log } = world;
  const complete = completer(world, settings, clients, resolution);
  const targetHealth = targetSource(clients.elb, resolution.targets, complete);
  const taskStatus: Source<Reading> = {
    name: "task-status",
    // As a witness ECS is asked in any case; in the rounds of the targets only where its word may begin a drain.
    standsIn: settings.taskSignal,
    ask: async (each) => [await readTaskStatus(clients.ecs, task, each)],
  };
  const notify = notifier(world, settings, task);
  const around = application(
    world,
    settings,
    clients,
    resolution,
    {
      networkMode: task.networkMode,
      targets: targetHealth.targets,
      readTask: (each) => readOwnTask(world, each),
    },
    signal,
  );
  status.changed("watching");
  return watch(
    {
      clock,
      random,
      log,
      pollIntervalMs: settings.pollIntervalMs,
      mode: settings.mode,
      targetHealth,
      taskStatus,
      ...around,
      changed: (phase) => {
        status.changed(phase);
        notify(phase);
      },
    },
    policyOf(settings),
    signal,
  );
}

// In observe mode a stop signal ends the process as it would without a sidecar's hold.
const policyOf = (settings: Settings): DrainPolicy => ({
  deregistrationWaitMs: settings.deregistrationWaitMs,
  drainTimeoutMs: settings.drainTimeoutMs,
  drainWhen: settings.drainWhen,
  taskSignal: settings.taskSignal,
  stopHoldMs: settings.mode === "observe" ? 0 : settings.stopHoldMs,
});

// Completes the targets whose containers were not there yet, out of what the metadata endpoint says by then; those that wait for
// an answer of AWS are asked for more and more rarely.
function completer(
  world: World,
  settings: Settings,
  clients: AwsClients,
  first: Resolution,
): (signal: AbortSignal) => Promise<Resolution["targets"] | undefined> {
  const { clock } = world;
  const faults = openFaultLog(clock, world.log);
  let known = first;
  let pauseMs = settings.pollIntervalMs;
  let askedMs = clock.now();
  return async (signal) => {
    if (known.pending.length === 0) return undefined;
    const local = known.pending.every(({ code }) => code.endsWith("-pending"));
    if (!local && clock.now() - askedMs < pauseMs) return known.targets;
    try {
      const task = await readOwnTask(world, signal);
      const next = local
        ? resolutionOf(task, known, choiceOf(settings))
        : await resolveTargets(clients, task, choiceOf(settings), signal);
      if (next.targets.length > known.targets.length) tellTargets(world, next);
      known = next;
      const [fault] = next.pending.filter(({ code }) => !code.endsWith("-pending"));
      if (fault === undefined) faults.answered("targets");
      else faults.failed("targets", fault);
    } catch (error) {
      // The targets that are known are watched all the same.
      if (!(error instanceof ResolverError) && !signal.aborted) throw error;
      if (!signal.aborted) faults.failed("targets", error);
    }
    askedMs = clock.now();
    pauseMs = Math.min(completeMaxMs, pauseMs * 1.5);
    return known.targets;
  };
}
