// What the drain can see of, and do for, the application beside it: connections, containers, registrations.

import type { Settings } from "@nlb-sidecar/config";
import {
  deregisterTargets,
  labelOf,
  readDeregistrationDelay,
  sameTarget,
  type Target,
} from "@nlb-sidecar/health";
import { type Resolution, type Task, targetsOf } from "@nlb-sidecar/resolver";
import { faultOf, openFaultLog } from "./fault-log.ts";
import type { Watcher } from "./watch.ts";
import type { AwsClients, World } from "./world.ts";

/** What is known of the task from elsewhere. */
interface Ground {
  readonly networkMode: Task["networkMode"];
  readonly targets: () => readonly Target[];
  readonly readTask: (signal: AbortSignal) => Promise<Task>;
}

/**
 * The capabilities that the settings ask for, and the network mode allows.
 *
 * @param signal the stop signal: what is only asked for a warning is not asked any more.
 */
export function application(
  world: World,
  settings: Settings,
  clients: AwsClients,
  resolution: Resolution,
  ground: Ground,
  signal: AbortSignal,
): Pick<Watcher, "countConnections" | "processorMs" | "containersStopped" | "deregister"> {
  const acts = settings.mode === "act";
  if (ground.networkMode === "bridge") tellOfLoopback(world, settings);
  return {
    ...(settings.drainTimeoutMs > settings.deregistrationWaitMs
      ? counting(world, settings, clients, ground, signal)
      : {}),
    ...(acts && settings.stopHoldMs > 0
      ? { containersStopped: containersOf(world, settings, resolution, ground) }
      : {}),
    ...(acts && settings.deregisterOnStop
      ? { deregister: deregistrar(world, settings, clients, resolution, ground) }
      : {}),
  };
}

// In bridge mode each container has a loopback address of its own: nobody is told, and nobody asks, by way of it.
function tellOfLoopback(world: World, { statusPort, onDrainUrl, onReturnUrl }: Settings): void {
  const local = [onDrainUrl, onReturnUrl].some(
    (url) => url !== undefined && /^(127\.|localhost$|\[::1\]$)/.test(new URL(url).hostname),
  );
  if (statusPort === undefined && !local) return;
  world.log.write({
    event: "notice",
    code: "loopback-not-shared",
    message:
      "In bridge mode the loopback address is each container's own: the application reaches no status port there, and is not told by a URL of it.",
    fix: "Use the network mode awsvpc or host, or a URL by the application's link or name.",
  });
}

function counting(
  world: World,
  settings: Settings,
  clients: AwsClients,
  ground: Ground,
  signal: AbortSignal,
): Pick<Watcher, "countConnections" | "processorMs"> {
  const { connections } = world;
  // Only in bridge mode there is a binding of host ports, and no network namespace in common.
  if (connections === undefined || ground.networkMode === "bridge") {
    world.log.write({
      event: "notice",
      code: "connections-not-counted",
      message:
        "In bridge mode the containers of a task share no network namespace: open connections cannot be counted, and the drain ends with the deregistration wait.",
      fix: "Use the network mode awsvpc or host, or unset the drain timeout.",
    });
    return {};
  }
  void warnOfDelay(world, settings, clients, ground, signal);
  let told = false;
  return {
    ...(world.processorMs === undefined ? {} : { processorMs: world.processorMs }),
    countConnections: async (signal) => {
      const ports = new Set(ground.targets().map(({ port }) => port));
      const open = await connections.count(ports, signal);
      if (open === undefined && !told) {
        told = true;
        world.log.write({
          event: "notice",
          code: "connections-not-counted",
          message:
            "The table of connections cannot be read here: the drain ends with the deregistration wait.",
          fix: "Let the container read /proc/net/tcp, or unset the drain timeout.",
        });
      }
      return open;
    },
  };
}

// Past the deregistration delay ECS stops the task, whatever this process waits for.
async function warnOfDelay(
  world: World,
  settings: Settings,
  clients: AwsClients,
  { targets }: Ground,
  signal: AbortSignal,
): Promise<void> {
  for (const targetGroupArn of new Set(targets().map((target) => target.targetGroupArn)))
    try {
      const delayMs = await readDeregistrationDelay(clients.elb, targetGroupArn, signal);
      if (delayMs === undefined || delayMs >= settings.drainTimeoutMs) continue;
      world.log.write({
        event: "notice",
        code: "drain-timeout-beyond-delay",
        message: `The drain timeout of ${settings.drainTimeoutMs / 1000} s is longer than the deregistration delay of ${delayMs / 1000} s of ${targetGroupArn}: ECS stops the task at the end of the delay.`,
        fix: "Raise the target group's deregistration delay, or lower the drain timeout.",
      });
    } catch (error) {
      if (signal.aborted) return;
      const { message } = faultOf(error);
      world.log.write({
        event: "notice",
        code: "deregistration-delay-unknown",
        message: `Whether the deregistration delay allows for the drain timeout could not be checked: ${message}`,
        fix: "Allow elasticloadbalancing:DescribeTargetGroupAttributes, or compare the two yourself.",
      });
      return;
    }
}

function namesOf({ targetContainer }: Settings, { placement }: Resolution): ReadonlySet<string> {
  const entries = [
    ...placement.loadBalancers,
    ...placement.taskSets.flatMap(({ loadBalancers }) => loadBalancers),
  ];
  const names = new Set(entries.map(({ containerName }) => containerName));
  return targetContainer !== undefined && names.has(targetContainer)
    ? new Set([targetContainer])
    : names;
}

function containersOf(
  world: World,
  settings: Settings,
  resolution: Resolution,
  { readTask }: Ground,
): (signal: AbortSignal) => Promise<boolean> {
  const names = namesOf(settings, resolution);
  const faults = openFaultLog(world.clock, world.log);
  return async (signal) => {
    try {
      const { containers } = await readTask(signal);
      faults.answered("task-metadata");
      const own = containers.filter(({ name, type }) => names.has(name) && type === "NORMAL");
      return own.length > 0 && own.every(({ knownStatus }) => knownStatus === "STOPPED");
    } catch (error) {
      if (!signal.aborted) faults.failed("task-metadata", error);
      return false;
    }
  };
}

function deregistrar(
  world: World,
  settings: Settings,
  clients: AwsClients,
  resolution: Resolution,
  { networkMode, targets, readTask }: Ground,
): () => Promise<void> {
  const faults = openFaultLog(world.clock, world.log);
  const never = new AbortController().signal;
  const own = async (): Promise<readonly Target[]> => {
    if (networkMode !== "bridge") return targets();
    // A dead container's host port may be another task's by now: only what runs, and has that port, is deregistered.
    const task = await readTask(never);
    const containers = task.containers.filter(({ knownStatus }) => knownStatus === "RUNNING");
    const { placement, targetGroups } = resolution;
    const choice = { targetContainer: settings.targetContainer };
    const bound = targetsOf({ ...task, containers }, placement, targetGroups, choice);
    return targets().filter((each) => bound.some((one) => sameTarget(one, each)));
  };
  return async () => {
    try {
      const groups = Map.groupBy(await own(), ({ targetGroupArn }) => targetGroupArn);
      await Promise.all(
        [...groups.values()].map(async (group) => {
          try {
            await deregisterTargets(clients.elb, group, never);
            world.log.write({ event: "deregistered", targets: group.map(labelOf) });
          } catch (error) {
            faults.failed("deregistration", error);
          }
        }),
      );
    } catch (error) {
      faults.failed("deregistration", error);
    }
  };
}
