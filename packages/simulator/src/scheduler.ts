// Elastic Container Service: starts tasks, replaces them in deployments, and stops them in its sequences.

import type { Agenda } from "./agenda.ts";
import type { LoadBalancerEntry } from "./description.ts";
import type { LoadBalancer } from "./load-balancer.ts";
import { type ResolvedDescription, refuseUnknownTargetGroups } from "./resolved-description.ts";
import {
  bindingsOf,
  type ContainerInstance,
  type ContainerRun,
  statusOf,
  type TaskRun,
  type TaskStatus,
  type TaskTarget,
  targetOf,
} from "./task-run.ts";
import type { Deployment, StopCause } from "./world.ts";
import type { ContainerStatus, WorldEvent } from "./world-event.ts";

/** A deployment (or task set) of the service in the model. */
export interface DeploymentRun {
  /** `ecs-svc/<19 digits>` */
  readonly id: string;
  readonly createdMs: number;
  readonly loadBalancers: readonly LoadBalancerEntry[];
  readonly started: readonly TaskRun[];
  /** Tasks that it has still to stop. */
  readonly toReplace: TaskRun[];
  /** The tasks of `started` that were healthy once. */
  readonly ready: Set<TaskRun>;
  /** Traffic moves at once for all tasks, at a moment that is set when all are ready. */
  shifting: boolean;
  /** The traffic has moved to it. */
  primary: boolean;
}

/** What the scheduler stands on. */
export interface SchedulerMeans {
  readonly description: ResolvedDescription;
  readonly loadBalancer: LoadBalancer;
  readonly nowMs: () => number;
  readonly agenda: Agenda;
  readonly tell: (event: WorldEvent) => void;
  /** So many random hex digits. */
  readonly hex: (length: number) => string;
  /** So many random decimal digits, the first not 0. */
  readonly digits: (length: number) => string;
}

/** ECS in the model. */
export interface Scheduler {
  readonly tasks: readonly TaskRun[];
  readonly deployments: readonly DeploymentRun[];
  readonly instances: readonly ContainerInstance[];
  /** The service's own entries, as they are now. */
  readonly loadBalancers: readonly LoadBalancerEntry[];
  setLoadBalancers(entries: readonly LoadBalancerEntry[]): void;
  deploy(): Deployment;
  start(): TaskRun;
  stop(task: TaskRun, cause: StopCause): void;
  exited(task: TaskRun, container: string, exitCode: number): void;
  /** Goes on wherever something was waited for that has come true. */
  progress(): void;
}

const stopCodes = {
  service: "ServiceSchedulerInitiated",
  "stop-task": "UserInitiated",
  spot: "SpotInterruption",
} as const;

/** ECS with the described service and its first tasks, which run and are healthy. */
export function createScheduler(means: SchedulerMeans): Scheduler {
  const { description, loadBalancer, nowMs, agenda, tell, hex, digits } = means;
  const { networkMode, cluster } = description;
  const arnOf = (resource: string): string =>
    `arn:${description.partition}:ecs:${description.region}:${description.account}:${resource}`;
  const instances: readonly ContainerInstance[] =
    description.launchType === "FARGATE"
      ? []
      : description.containerInstances.map(({ ec2InstanceId, privateIpv4, ipv6 }) => ({
          arn: arnOf(`container-instance/${cluster}/${hex(32)}`),
          ec2InstanceId,
          privateIpv4,
          ipv6,
        }));
  const tasks: TaskRun[] = [];
  const deployments: DeploymentRun[] = [];
  let loadBalancers = description.loadBalancers;
  let dynamicPorts = 0;

  const uuid = (): string => `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`;
  const nextHostPort = (): number => {
    const port = description.hostPorts[dynamicPorts] ?? 32_768 + dynamicPorts;
    dynamicPorts += 1;
    return port;
  };

  const setTask = (task: TaskRun, status: Partial<TaskStatus>): void => {
    const before = statusOf(task);
    const now = { ...before, ...status };
    if (
      task.statuses.length > 0 &&
      now.lastStatus === before.lastStatus &&
      now.desiredStatus === before.desiredStatus
    )
      return;
    const { desiredStatus, lastStatus } = now;
    task.statuses.push({ atMs: nowMs(), desiredStatus, lastStatus });
    tell({ atMs: nowMs(), kind: "task", taskArn: task.arn, desiredStatus, lastStatus });
  };

  const setContainer = (task: TaskRun, container: ContainerRun, status: ContainerStatus): void => {
    container.status = status;
    const { exitCode } = container;
    tell({
      atMs: nowMs(),
      kind: "container",
      taskArn: task.arn,
      container: container.described.name,
      status,
      ...(status === "STOPPED" && exitCode !== undefined && { exitCode }),
    });
  };

  const targetsFor = (task: TaskRun, container: ContainerRun): readonly TaskTarget[] =>
    task.targets.filter(({ containerName }) => containerName === container.described.name);

  const runContainer = (task: TaskRun, container: ContainerRun): void => {
    container.startedMs = nowMs();
    container.exitCode = undefined;
    setContainer(task, container, "RUNNING");
    for (const { target } of targetsFor(task, container))
      loadBalancer.setHealthChecks(target, "passing");
    agenda.add(nowMs() + container.described.healthyAfterMs, () => startContainers(task));
    finishStart(task);
  };

  const wantsToRun = (task: TaskRun): boolean => statusOf(task).desiredStatus === "RUNNING";

  const mayStart = (task: TaskRun, container: ContainerRun): boolean =>
    container.described.dependsOn.every(({ containerName, condition }) => {
      const other = task.containers.find(({ described }) => described.name === containerName);
      if (other?.startedMs === undefined) return false;
      if (condition === "HEALTHY")
        return (
          other.status === "RUNNING" && nowMs() >= other.startedMs + other.described.healthyAfterMs
        );
      if (condition === "START") return true;
      return other.status === "STOPPED" && (condition === "COMPLETE" || other.exitCode === 0);
    });

  const startContainers = (task: TaskRun): void => {
    if (!wantsToRun(task)) return;
    for (const container of task.containers) {
      if (container.status !== "PULLED" || !mayStart(task, container)) continue;
      container.createdMs = nowMs();
      setContainer(task, container, "CREATED");
      agenda.add(nowMs() + container.described.startMs, () => {
        if (container.status === "CREATED") runContainer(task, container);
      });
    }
    finishStart(task);
  };

  const finishStart = (task: TaskRun): void => {
    const started = task.containers.every(({ startedMs }) => startedMs !== undefined);
    if (!started || statusOf(task).lastStatus !== "PENDING") return;
    if (task.targets.length > 0) setTask(task, { lastStatus: "ACTIVATING" });
    agenda.add(nowMs() + description.registrationDelayMs, () => {
      if (!wantsToRun(task)) return;
      for (const { target } of task.targets) loadBalancer.register(target);
      task.startedMs = nowMs();
      setTask(task, { lastStatus: "RUNNING" });
    });
  };

  const createTask = (
    deploymentId: string,
    entries: readonly LoadBalancerEntry[],
    createdMs: number,
  ): TaskRun => {
    const index = tasks.length;
    const id = hex(32);
    const given = description.addresses[index];
    const { addressFamily: family } = description;
    const number = 61 + index;
    const awsvpc = networkMode === "awsvpc";
    const containers = description.containers.map(
      (described): ContainerRun => ({
        described,
        dockerId: description.launchType === "FARGATE" ? `${id}-${digits(10)}` : hex(64),
        arn: arnOf(`container/${cluster}/${id}/${uuid()}`),
        endpointId: description.launchType === "FARGATE" ? `${id}-${digits(10)}` : uuid(),
        bindings: bindingsOf(described, description, nextHostPort),
        status: "NONE",
        exitCode: undefined,
        createdMs: undefined,
        startedMs: undefined,
        finishedMs: undefined,
        restartCount: 0,
        signalled: false,
      }),
    );
    const place = {
      ipv4: !awsvpc
        ? undefined
        : given !== undefined
          ? given.ipv4
          : family === "ipv6"
            ? undefined
            : `10.0.${2 + Math.floor(number / 250)}.${number % 250}`,
      ipv6: !awsvpc
        ? undefined
        : given !== undefined
          ? given.ipv6
          : family === "ipv4"
            ? undefined
            : `2001:db8:1234:1a00::${number.toString(16)}`,
      instance: instances.length === 0 ? undefined : instances[index % instances.length],
      containers,
    };
    const targets = new Map<string, TaskTarget>();
    for (const entry of entries) {
      const group = loadBalancer.groups.find(
        ({ described }) => described.name === entry.targetGroup,
      );
      const target = group && targetOf(entry, group, place, description);
      if (target)
        targets.set(`${target.targetGroupArn} ${target.id} ${target.port}`, {
          target,
          containerName: entry.containerName,
        });
    }
    const task: TaskRun = {
      arn: arnOf(`task/${cluster}/${id}`),
      id,
      credentialsId: uuid(),
      accessKeyId: `ASIA${hex(16).toUpperCase()}`,
      deploymentId,
      attachmentId: uuid(),
      networkInterfaceId: `eni-${hex(17)}`,
      ...place,
      targets: [...targets.values()],
      createdMs,
      statuses: [],
      startedMs: undefined,
      stoppingMs: undefined,
      stoppedMs: undefined,
      stopCode: undefined,
      stoppedReason: undefined,
    };
    tasks.push(task);
    return task;
  };

  const launch = (task: TaskRun): void => {
    setTask(task, { lastStatus: "PROVISIONING" });
    setTask(task, { lastStatus: "PENDING" });
    for (const container of task.containers)
      agenda.add(nowMs() + container.described.pullMs, () => {
        if (container.status !== "NONE" || !wantsToRun(task)) return;
        setContainer(task, container, "PULLED");
        startContainers(task);
      });
  };

  // As if it had been launched long ago.
  const stand = (task: TaskRun): void => {
    for (const container of task.containers) {
      container.createdMs = nowMs();
      container.startedMs = nowMs();
      setContainer(task, container, "RUNNING");
    }
    task.startedMs = nowMs();
    setTask(task, { lastStatus: "RUNNING" });
    for (const { target } of task.targets) {
      const group = loadBalancer.groups.find(({ arn }) => arn === target.targetGroupArn)?.described;
      if (group === undefined) continue;
      const { registrationMs, initialHealthCheckMs, registrationLagMs, healthLagMs } = group;
      const agoMs = registrationMs + initialHealthCheckMs + registrationLagMs + healthLagMs;
      loadBalancer.register(target, agoMs);
    }
  };

  const deregisterAll = (task: TaskRun): void => {
    for (const { target } of task.targets) loadBalancer.deregister(target);
  };

  const finishStop = (task: TaskRun): void => {
    if (statusOf(task).lastStatus !== "STOPPING") return;
    if (task.containers.some(({ status }) => status !== "STOPPED")) return;
    setTask(task, { lastStatus: "DEPROVISIONING" });
    agenda.add(nowMs() + description.deprovisioningMs, () => {
      task.stoppedMs = nowMs();
      setTask(task, { lastStatus: "STOPPED" });
    });
  };

  // The start's order reversed: a container is signalled when none that depends on it is left.
  const signalContainers = (task: TaskRun): void => {
    if (statusOf(task).lastStatus !== "STOPPING") return;
    for (const container of task.containers) {
      const { described } = container;
      if (container.signalled || container.status === "STOPPED") continue;
      const awaited = task.containers.some(
        (other) =>
          other.status !== "STOPPED" &&
          other.described.dependsOn.some(({ containerName }) => containerName === described.name),
      );
      if (awaited) continue;
      container.signalled = true;
      if (container.status !== "RUNNING") {
        endContainer(task, container, undefined);
        continue;
      }
      const send = (signal: "SIGTERM" | "SIGKILL"): void =>
        tell({
          atMs: nowMs(),
          kind: "signal",
          taskArn: task.arn,
          container: described.name,
          signal,
        });
      send("SIGTERM");
      const { stopsAfterMs, stopTimeoutMs } = described;
      if (stopsAfterMs !== undefined)
        agenda.add(nowMs() + stopsAfterMs, () => endContainer(task, container, 0));
      agenda.add(nowMs() + stopTimeoutMs, () => {
        if (container.status === "STOPPED") return;
        send("SIGKILL");
        endContainer(task, container, 137);
      });
    }
    finishStop(task);
  };

  const beginStopping = (task: TaskRun): void => {
    task.stoppingMs ??= nowMs();
    setTask(task, { desiredStatus: "STOPPED", lastStatus: "STOPPING" });
    deregisterAll(task);
    signalContainers(task);
  };

  const endContainer = (
    task: TaskRun,
    container: ContainerRun,
    exitCode: number | undefined,
  ): void => {
    if (container.status === "STOPPED") return;
    container.exitCode = exitCode;
    container.finishedMs = nowMs();
    setContainer(task, container, "STOPPED");
    for (const { target } of targetsFor(task, container)) {
      const group = loadBalancer.groups.find(({ arn }) => arn === target.targetGroupArn);
      agenda.add(nowMs() + (group?.described.unhealthyAfterMs ?? 0), () => {
        if (container.status === "STOPPED") loadBalancer.setHealthChecks(target, "failing");
      });
    }
    if (statusOf(task).lastStatus === "STOPPING") {
      signalContainers(task);
      return;
    }
    const { restartPolicy, essential, startMs } = container.described;
    const ranMs = nowMs() - (container.startedMs ?? nowMs());
    // Not the exit code decides about the task, only the policy's list: an exit with 0 is restarted too.
    if (
      restartPolicy !== undefined &&
      ranMs >= (restartPolicy.restartAttemptPeriodMs ?? 300_000) &&
      !restartPolicy.ignoredExitCodes?.includes(exitCode ?? -1)
    ) {
      container.restartCount += 1;
      agenda.add(nowMs() + startMs, () => {
        if (container.status === "STOPPED" && statusOf(task).lastStatus !== "STOPPING")
          runContainer(task, container);
      });
      return;
    }
    if (!essential) {
      startContainers(task);
      return;
    }
    if (task.stopCode === undefined) {
      task.stopCode = "EssentialContainerExited";
      task.stoppedReason = "Essential container in task exited";
    }
    beginStopping(task);
  };

  const stop = (task: TaskRun, cause: StopCause): void => {
    const { desiredStatus, lastStatus } = statusOf(task);
    if (desiredStatus === "STOPPED" && (cause === "service" || lastStatus !== "DEACTIVATING"))
      return;
    task.stopCode = stopCodes[cause];
    task.stoppedReason = {
      service: `Scaling activity initiated by (deployment ${task.deploymentId})`,
      "stop-task": "Task stopped by user",
      spot: "Your Spot Task was interrupted.",
    }[cause];
    task.stoppingMs = nowMs();
    const registered = task.targets.some(({ target }) => loadBalancer.isRegistered(target));
    if (cause !== "service" || !registered) {
      beginStopping(task);
      return;
    }
    setTask(task, { desiredStatus: "STOPPED", lastStatus: "DEACTIVATING" });
    deregisterAll(task);
  };

  const drained = new Set<TaskRun>();
  const progressDrains = (): void => {
    for (const task of tasks) {
      if (statusOf(task).lastStatus !== "DEACTIVATING" || drained.has(task)) continue;
      const unused = task.targets.every(({ target }) => {
        const truth = loadBalancer.truth(target);
        return truth === undefined || truth.state === "unused";
      });
      if (!unused) continue;
      drained.add(task);
      agenda.add(nowMs() + description.schedulerLagMs, () => {
        if (statusOf(task).lastStatus === "DEACTIVATING") beginStopping(task);
      });
    }
  };

  const isReady = (task: TaskRun): boolean =>
    statusOf(task).lastStatus === "RUNNING" &&
    wantsToRun(task) &&
    task.targets.every(({ target }) => {
      const truth = loadBalancer.truth(target);
      return truth?.state === "healthy" || truth?.reason === "Target.NotInUse";
    });

  const groupsOf = (run: readonly TaskRun[]): ReadonlySet<string> =>
    new Set(run.flatMap(({ targets }) => targets.map(({ target }) => target.targetGroupArn)));

  const shift = (deployment: DeploymentRun): void => {
    const arrives = groupsOf(deployment.started);
    const leaves = groupsOf(deployment.toReplace);
    for (const group of loadBalancer.groups) {
      if (arrives.has(group.arn)) loadBalancer.setInUse(group, true);
      else if (leaves.has(group.arn)) loadBalancer.setInUse(group, false);
    }
    deployment.primary = true;
    agenda.add(nowMs() + description.bakeMs, () => {
      for (const task of deployment.toReplace.splice(0)) stop(task, "service");
    });
  };

  const progressDeployments = (): void => {
    for (const deployment of deployments) {
      if (deployment.toReplace.length === 0 || deployment.shifting) continue;
      for (const task of deployment.started) {
        if (deployment.ready.has(task) || !isReady(task)) continue;
        deployment.ready.add(task);
        if (description.deployment !== "ROLLING") continue;
        const replaced = deployment.toReplace.shift();
        if (replaced !== undefined) stop(replaced, "service");
      }
      if (description.deployment === "ROLLING") continue;
      if (deployment.ready.size < deployment.started.length) continue;
      deployment.shifting = true;
      agenda.add(nowMs() + description.trafficShiftMs, () => shift(deployment));
    }
  };

  const entriesOf = (revision: number): readonly LoadBalancerEntry[] => {
    if (description.service === null) return [];
    if (description.deployment === "ROLLING") return loadBalancers;
    if (description.deployment === "BLUE_GREEN")
      return revision % 2 === 0
        ? loadBalancers
        : loadBalancers.map((entry) => ({
            ...entry,
            ...(entry.alternateTargetGroup !== undefined && {
              targetGroup: entry.alternateTargetGroup,
            }),
          }));
    const entry = loadBalancers[revision % Math.max(1, loadBalancers.length)];
    return entry === undefined ? [] : [entry];
  };

  const begin = (
    count: number,
    toReplace: readonly TaskRun[],
    createdMs: number,
  ): DeploymentRun => {
    const id = `ecs-svc/${digits(19)}`;
    const entries = entriesOf(deployments.length);
    const started = Array.from({ length: count }, () => createTask(id, entries, createdMs));
    const deployment: DeploymentRun = {
      id,
      createdMs,
      loadBalancers: entries,
      started,
      toReplace: [...toReplace],
      ready: new Set(),
      shifting: false,
      // The first one carries the traffic from the beginning.
      primary: deployments.length === 0 || description.deployment === "ROLLING",
    };
    deployments.push(deployment);
    return deployment;
  };

  // Old enough for answers that lag.
  const longAgoMs = nowMs() - description.apiLagMs;
  for (const task of begin(description.tasks, [], longAgoMs).started) stand(task);

  return {
    tasks,
    deployments,
    instances,
    get loadBalancers() {
      return loadBalancers;
    },
    setLoadBalancers(entries) {
      refuseUnknownTargetGroups(entries, description.targetGroups);
      loadBalancers = entries;
    },
    deploy() {
      const pending = new Set(deployments.flatMap(({ toReplace }) => toReplace));
      const replaced = tasks.filter((task) => wantsToRun(task) && !pending.has(task));
      const deployment = begin(Math.max(1, replaced.length), replaced, nowMs());
      for (const task of deployment.started) launch(task);
      return {
        id: deployment.id,
        started: deployment.started.map(({ arn }) => arn),
        replaced: replaced.map(({ arn }) => arn),
      };
    },
    start() {
      const deployment = deployments.at(-1);
      const task = createTask(deployment?.id ?? "", deployment?.loadBalancers ?? [], nowMs());
      launch(task);
      return task;
    },
    stop,
    exited(task, name, exitCode) {
      const container = task.containers.find(({ described }) => described.name === name);
      if (container === undefined)
        throw new RangeError(`The task ${task.id} has no container ${name}`);
      if (container.status === "RUNNING") endContainer(task, container, exitCode);
    },
    progress() {
      progressDrains();
      progressDeployments();
    },
  };
}
