// Makes a world: recorded changes, and an agenda that is worked off whenever somebody looks.

import { createAgenda } from "./agenda.ts";
import { createApiThrottle } from "./api-throttle.ts";
import type { Call } from "./call.ts";
import { processStartMs } from "./clock.ts";
import type { WorldDescription } from "./description.ts";
import type { Fault } from "./fault.ts";
import { createLoadBalancer, type TargetGroup } from "./load-balancer.ts";
import { keepModel } from "./model.ts";
import { resolveDescription } from "./resolved-description.ts";
import { createScheduler } from "./scheduler.ts";
import { statusOf, type TaskRun, viewOf } from "./task-run.ts";
import { createTokenBucket, type TokenBucket } from "./token-bucket.ts";
import type { World, WorldMeans } from "./world.ts";
import type { WorldEvent } from "./world-event.ts";

/**
 * Makes a world. Equal means and descriptions, and equal acts at equal times, give equal worlds.
 *
 * @throws RangeError for a description that contradicts itself: names that mean nothing, or containers that depend on each other in a circle.
 */
export function createWorld(given: WorldMeans & WorldDescription): World {
  const { clock, random, epochMs = processStartMs, ...described } = given;
  const description = resolveDescription(described);
  const agenda = createAgenda();
  const events: WorldEvent[] = [];
  const calls: Call[] = [];
  const listeners = new Set<(event: WorldEvent) => void>();
  const faults: { readonly fault: Fault; left: number; readonly fromMs: number }[] = [];
  const changed = new Set<() => void>();

  // The model's present: the clock's, or while it catches up the time of the act that is being caught up.
  let presentMs = clock.now();
  let settling = false;
  const nowMs = (): number => presentMs;
  const tell = (event: WorldEvent): void => {
    events.push(event);
    for (const listener of [...listeners]) listener(event);
  };
  const digitsOf = (alphabet: string, length: number): string =>
    Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)]).join("");
  const hex = (length: number): string => digitsOf("0123456789abcdef", length);
  const digits = (length: number): string =>
    digitsOf("123456789", 1) + digitsOf("0123456789", length - 1);

  const arnOf = (service: string, resource: string): string =>
    `arn:${description.partition}:${service}:${description.region}:${description.account}:${resource}`;
  const groups = description.targetGroups.map((group) => ({
    arn: arnOf("elasticloadbalancing", `targetgroup/${group.name}/${hex(16)}`),
    described: group,
  }));
  const loadBalancer = createLoadBalancer({ nowMs, agenda, tell }, groups);
  const scheduler = createScheduler({
    description,
    loadBalancer,
    nowMs,
    agenda,
    tell,
    hex,
    digits,
  });

  const progress = (): void => {
    scheduler.progress();
    loadBalancer.progress();
  };
  const workOff = (): void => {
    const untilMs = clock.now();
    for (let due = agenda.take(untilMs); due !== undefined; due = agenda.take(untilMs)) {
      presentMs = due.atMs;
      due.act();
      // Once for a moment, however many tasks change at it.
      if (agenda.nextMs() !== presentMs) progress();
    }
    presentMs = untilMs;
  };
  // A listener that acts while the world catches up acts at the moment that it was told of.
  const settle = (): void => {
    if (settling) return;
    settling = true;
    try {
      workOff();
    } finally {
      settling = false;
    }
  };
  const act = <Result>(change: () => Result): Result => {
    settle();
    const nested = settling;
    settling = true;
    try {
      const result = change();
      progress();
      if (!nested) workOff();
      return result;
    } finally {
      settling = nested;
      for (const wake of [...changed]) wake();
    }
  };
  const look = <Result>(read: () => Result): Result => {
    settle();
    return read();
  };

  const taskOf = (taskArn: string): TaskRun => {
    const task = scheduler.tasks.find(({ arn, id }) => arn === taskArn || id === taskArn);
    if (task === undefined) throw new RangeError(`This world has no task ${taskArn}`);
    return task;
  };
  const groupOf = (targetGroupArn: string): TargetGroup => {
    const group = loadBalancer.groups.find(
      ({ arn, described: { name } }) => arn === targetGroupArn || name === targetGroupArn,
    );
    if (group === undefined)
      throw new RangeError(`This world has no target group ${targetGroupArn}`);
    return group;
  };
  const known = <T extends { readonly targetGroupArn: string }>(target: T): T => ({
    ...target,
    targetGroupArn: groupOf(target.targetGroupArn).arn,
  });

  const strike = (action: string, taskArn: string | undefined): Fault | undefined => {
    const [service] = action.split(":");
    const struck = faults.find(
      ({ fault, left, fromMs }) =>
        left > 0 &&
        (fault.action === "*" || fault.action === action || fault.action === `${service}:*`) &&
        fromMs <= presentMs &&
        presentMs < (fault.toMs ?? Number.POSITIVE_INFINITY) &&
        (fault.taskArn === undefined || fault.taskArn === taskArn) &&
        (fault.share === undefined || random() < fault.share),
    );
    if (struck === undefined) return undefined;
    struck.left -= 1;
    return struck.fault;
  };

  const metadataBuckets = new Map<string, TokenBucket>();
  const admitsMetadata = (path: string): boolean => {
    const limit = description.metadataRateLimit;
    if (limit === null) return true;
    const bucket =
      metadataBuckets.get(path) ??
      createTokenBucket(
        { capacity: limit.burst, refillPerSecond: limit.perSecond, otherCallsPerSecond: 0 },
        random,
      );
    metadataBuckets.set(path, bucket);
    return bucket.take(presentMs);
  };

  const clusterArn = arnOf("ecs", `cluster/${description.cluster}`);
  const world: World = {
    clock,
    random,
    wallMs: (atMs) => epochMs + atMs,
    description: described,
    clusterArn,
    serviceArn:
      description.service === null
        ? undefined
        : arnOf("ecs", `service/${description.cluster}/${description.service}`),
    targetGroupArns: Object.fromEntries(groups.map(({ arn, described: { name } }) => [name, arn])),
    calls,
    events: () => look(() => events),
    onEvent(listener) {
      settle();
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    nextChangeMs: () => look(() => agenda.nextMs()),
    async run(signal) {
      while (!signal.aborted) {
        settle();
        const woken = new AbortController();
        const wake = (): void => woken.abort();
        changed.add(wake);
        signal.addEventListener("abort", wake, { once: true });
        const nextMs = agenda.nextMs();
        // Without anything due it waits for an act, a day at a time.
        const sleepMs = nextMs === undefined ? 86_400_000 : Math.max(0, nextMs - clock.now());
        await clock.sleep(Math.ceil(sleepMs), woken.signal);
        changed.delete(wake);
        signal.removeEventListener("abort", wake);
      }
    },
    tasks: () => look(() => scheduler.tasks.map((task) => viewOf(task, description))),
    task: (taskArn) => look(() => viewOf(taskOf(taskArn), description)),
    taskStatus: (taskArn) =>
      look(() => statusOf(taskOf(taskArn), presentMs - description.apiLagMs)),
    targetHealth: (targetGroupArn, id, port) =>
      look(() => loadBalancer.told(known({ targetGroupArn, id, port }))),
    targets: (targetGroupArn) => look(() => loadBalancer.listed(groupOf(targetGroupArn))),
    routes: (targetGroupArn) => look(() => loadBalancer.routes(groupOf(targetGroupArn))),
    deploy: () => act(() => scheduler.deploy()),
    startTask: () => {
      const task = act(() => scheduler.start());
      return viewOf(task, description);
    },
    stopTask: (taskArn, cause) => act(() => scheduler.stop(taskOf(taskArn), cause)),
    containerExited: (taskArn, container, exitCode) =>
      act(() => scheduler.exited(taskOf(taskArn), container, exitCode)),
    registerTarget: (target) => act(() => loadBalancer.register(known(target))),
    deregisterTarget: (target) => act(() => loadBalancer.deregister(known(target))),
    setHealthChecks: (target, finding) =>
      act(() => loadBalancer.setHealthChecks(known(target), finding)),
    setTargetHealth: (target, health) => act(() => loadBalancer.setScripted(known(target), health)),
    setInUse: (targetGroupArn, inUse) =>
      act(() => loadBalancer.setInUse(groupOf(targetGroupArn), inUse)),
    deleteTargetGroup: (targetGroupArn) => act(() => loadBalancer.remove(groupOf(targetGroupArn))),
    setLoadBalancers: (entries) => act(() => scheduler.setLoadBalancers(entries)),
    fault(fault) {
      settle();
      const set = {
        fault,
        left: fault.count ?? Number.POSITIVE_INFINITY,
        fromMs: fault.fromMs ?? presentMs,
      };
      faults.push(set);
      return () => {
        set.left = 0;
      };
    },
  };
  keepModel(world, {
    description,
    scheduler,
    loadBalancer,
    nowMs,
    settle,
    act,
    strike,
    throttle: createApiThrottle(description, random),
    admitsMetadata,
    hex,
    record: (call) => void calls.push(call),
  });
  progress();
  settle();
  return world;
}
