// ECS's API, over JSON 1.1.

import { ApiError } from "./api-error.ts";
import type { LoadBalancerEntry } from "./description.ts";
import type { Model } from "./model.ts";
import type { DeploymentRun } from "./scheduler.ts";
import { type ContainerRun, statusOf, type TaskRun } from "./task-run.ts";
import type { World } from "./world.ts";

/** What an action gives: JSON, without what is undefined. */
export type EcsAction = (
  world: World,
  model: Model,
  input: { readonly [member: string]: unknown },
) => object;

interface Failure {
  readonly arn: string;
  readonly reason: "MISSING";
}

// ECS forgets a stopped task after an hour.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
const remembersStoppedMs = 3_600_000;

const invalid = (message: string): ApiError =>
  new ApiError(400, "InvalidParameterException", message);

function requireCluster(
  world: World,
  model: Model,
  input: { readonly [member: string]: unknown },
): void {
  const cluster = input.cluster ?? "default";
  if (cluster !== model.description.cluster && cluster !== world.clusterArn)
    throw new ApiError(400, "ClusterNotFoundException", "Cluster not found.");
}

function requireNames(
  input: { readonly [member: string]: unknown },
  member: string,
  limit: number,
): readonly string[] {
  const given = input[member];
  const label = `${member.charAt(0).toUpperCase()}${member.slice(1)}`;
  if (!Array.isArray(given) || given.length === 0) throw invalid(`${label} cannot be empty.`);
  if (given.length > limit) throw invalid(`${label} cannot have more than ${limit} entries.`);
  return given.map(String);
}

// Each name either means one thing that there is, or becomes a failure with its whole ARN.
function sort<Thing>(
  names: readonly string[],
  find: (name: string) => Thing | undefined,
  arnOf: (name: string) => string,
): { readonly found: readonly Thing[]; readonly failures: readonly Failure[] } {
  const found: Thing[] = [];
  const failures: Failure[] = [];
  for (const name of names) {
    const thing = find(name);
    if (thing !== undefined) found.push(thing);
    else failures.push({ arn: arnOf(name), reason: "MISSING" });
  }
  return { found, failures };
}

const describeTasks: EcsAction = (world, model, input) => {
  requireCluster(world, model, input);
  const { cluster, apiLagMs } = model.description;
  const names = requireNames(input, "tasks", 100);
  for (const name of names) {
    const other = /:task\/([^/]+)\/[^/]+$/.exec(name)?.[1];
    if (other !== undefined && other !== cluster)
      throw invalid(
        `Invalid identifier: Identifier is for cluster ${other}. Your cluster is ${cluster}`,
      );
  }
  const atMs = model.nowMs() - apiLagMs;
  const { found, failures } = sort(
    names,
    (name) =>
      model.scheduler.tasks.find(
        ({ arn, id, createdMs, stoppedMs }) =>
          (arn === name || id === name) &&
          createdMs <= atMs &&
          (stoppedMs === undefined || atMs < stoppedMs + remembersStoppedMs),
      ),
    (name) =>
      name.includes(":") ? name : `${world.clusterArn.replace(":cluster/", ":task/")}/${name}`,
  );
  return { tasks: found.map((task) => taskOf(world, model, task)), failures };
};

function taskOf(world: World, model: Model, task: TaskRun): object {
  const { service, family, launchType, networkMode, account, region, partition } =
    model.description;
  const seconds = (atMs: number | undefined): number | undefined =>
    atMs === undefined ? undefined : world.wallMs(atMs) / 1000;
  const attachment = {
    id: task.attachmentId,
    type: "ElasticNetworkInterface",
    status: statusOf(task).lastStatus === "STOPPED" ? "DELETED" : "ATTACHED",
    details: [
      { name: "subnetId", value: "subnet-0a1b2c3d4e5f60718" },
      { name: "networkInterfaceId", value: task.networkInterfaceId },
      { name: "macAddress", value: "0a:de:f6:10:51:e5" },
      ...(task.ipv4 === undefined ? [] : [{ name: "privateIPv4Address", value: task.ipv4 }]),
      ...(task.ipv6 === undefined ? [] : [{ name: "ipv6Address", value: task.ipv6 }]),
    ],
  };
  return {
    taskArn: task.arn,
    clusterArn: world.clusterArn,
    taskDefinitionArn: `arn:${partition}:ecs:${region}:${account}:task-definition/${family}:1`,
    group: service === null ? `family:${family}` : `service:${service}`,
    startedBy: service === null ? undefined : task.deploymentId,
    ...statusOf(task, model.nowMs() - model.description.apiLagMs),
    launchType,
    containerInstanceArn: task.instance?.arn,
    availabilityZone: `${region}a`,
    connectivity: "CONNECTED",
    cpu: "256",
    memory: "512",
    version: task.statuses.length,
    createdAt: seconds(task.createdMs),
    startedAt: seconds(task.startedMs),
    stoppingAt: seconds(task.stoppingMs),
    stoppedAt: seconds(task.stoppedMs),
    stopCode: task.stopCode,
    stoppedReason: task.stoppedReason,
    attachments: networkMode === "awsvpc" ? [attachment] : [],
    attributes: [],
    tags: [],
    containers: task.containers.map((container) => containerOf(model, task, container)),
  };
}

function containerOf(model: Model, task: TaskRun, container: ContainerRun): object {
  const { networkMode } = model.description;
  const { status, described, dockerId, exitCode } = container;
  const runs = status === "RUNNING" || status === "STOPPED";
  return {
    containerArn: container.arn,
    taskArn: task.arn,
    name: described.name,
    image: `${described.name}:latest`,
    runtimeId: runs ? dockerId : undefined,
    lastStatus: runs ? status : "PENDING",
    exitCode,
    healthStatus: "UNKNOWN",
    networkBindings: networkMode === "bridge" && runs ? networkBindingsOf(container) : [],
    networkInterfaces:
      networkMode === "awsvpc"
        ? [
            {
              attachmentId: task.attachmentId,
              privateIpv4Address: task.ipv4,
              ipv6Address: task.ipv6,
            },
          ]
        : [],
  };
}

// The agent leaves the IPv6 bindings out, and tells a range as one binding.
function networkBindingsOf({ described, bindings }: ContainerRun): readonly object[] {
  const v4 = bindings.filter(({ hostIp }) => hostIp === "0.0.0.0");
  return described.portMappings.flatMap(
    ({ containerPort, containerPortRange, protocol = "tcp" }): readonly object[] => {
      const [first, last] = containerPortRange?.split("-").map(Number) ?? [
        containerPort,
        containerPort,
      ];
      const host = v4.filter(
        (binding) =>
          binding.protocol === protocol &&
          binding.containerPort >= (first ?? 0) &&
          binding.containerPort <= (last ?? 0),
      );
      const bindIP = "0.0.0.0";
      if (containerPortRange === undefined)
        return host.map(({ hostPort }) => ({ bindIP, containerPort, hostPort, protocol }));
      const hostPortRange = `${host[0]?.hostPort}-${host.at(-1)?.hostPort}`;
      return [{ bindIP, containerPortRange, hostPortRange, protocol }];
    },
  );
}

const describeServices: EcsAction = (world, model, input) => {
  requireCluster(world, model, input);
  const { service } = model.description;
  const { found, failures } = sort(
    requireNames(input, "services", 10),
    (name) =>
      service !== null && (name === service || name === world.serviceArn) ? service : undefined,
    (name) =>
      name.includes(":") ? name : `${world.clusterArn.replace(":cluster/", ":service/")}/${name}`,
  );
  return { services: found.map((name) => serviceOf(world, model, name)), failures };
};

function loadBalancersOf(
  world: World,
  { description }: Model,
  entries: readonly LoadBalancerEntry[],
): readonly object[] {
  const { partition, region, account } = description;
  const elb = `arn:${partition}:elasticloadbalancing:${region}:${account}`;
  return entries.map((entry) => {
    const { targetGroup, loadBalancerName, alternateTargetGroup, containerName, containerPort } =
      entry;
    const { targetGroupArns } = world;
    return {
      targetGroupArn: targetGroup === undefined ? undefined : targetGroupArns[targetGroup],
      loadBalancerName,
      containerName,
      containerPort,
      advancedConfiguration:
        alternateTargetGroup === undefined
          ? undefined
          : {
              alternateTargetGroupArn: targetGroupArns[alternateTargetGroup],
              productionListenerRule: `${elb}:listener/net/web/50dc6c495c0c9188/f2f7dc8efc522ab2`,
              roleArn: `arn:${partition}:iam::${account}:role/ecsInfrastructureRole`,
            },
    };
  });
}

function serviceOf(world: World, model: Model, serviceName: string): object {
  const { description, scheduler } = model;
  const { deployment, launchType, family, region, account, partition } = description;
  const taskDefinition = `arn:${partition}:ecs:${region}:${account}:task-definition/${family}:1`;
  const count = (lastStatus: string): number =>
    scheduler.tasks.filter((task) => statusOf(task).lastStatus === lastStatus).length;
  const wanted = (tasks: readonly TaskRun[]): number =>
    tasks.filter((task) => statusOf(task).desiredStatus === "RUNNING").length;
  const external = deployment === "CODE_DEPLOY" || deployment === "EXTERNAL";
  const primary = scheduler.deployments.findLast((each) => each.primary);
  const alive = scheduler.deployments.filter(
    (each) =>
      each === primary || each.started.some((task) => statusOf(task).lastStatus !== "STOPPED"),
  );
  const statusOfSet = (each: DeploymentRun): string =>
    each === primary
      ? "PRIMARY"
      : each.started.length > 0 && wanted(each.started) === 0
        ? "DRAINING"
        : "ACTIVE";
  const counts = (each: DeploymentRun): object => ({
    pendingCount: each.started.filter((task) =>
      ["PROVISIONING", "PENDING", "ACTIVATING"].includes(statusOf(task).lastStatus),
    ).length,
    runningCount: each.started.filter((task) => statusOf(task).lastStatus === "RUNNING").length,
    launchType,
    createdAt: world.wallMs(each.createdMs) / 1000,
    updatedAt: world.wallMs(each.createdMs) / 1000,
  });
  return {
    serviceArn: world.serviceArn,
    serviceName,
    clusterArn: world.clusterArn,
    loadBalancers: loadBalancersOf(
      world,
      model,
      // The service's own entries follow its primary task set.
      external ? (primary?.started.length ? primary.loadBalancers : []) : scheduler.loadBalancers,
    ),
    serviceRegistries: [],
    status: "ACTIVE",
    desiredCount: wanted(scheduler.tasks),
    runningCount: count("RUNNING"),
    pendingCount: count("PENDING") + count("PROVISIONING") + count("ACTIVATING"),
    launchType,
    taskDefinition: external ? undefined : taskDefinition,
    deploymentController: { type: external ? deployment : "ECS" },
    deploymentConfiguration: {
      maximumPercent: 200,
      minimumHealthyPercent: 100,
      strategy: external ? undefined : deployment,
    },
    deployments: external
      ? []
      : alive.toReversed().map((each) => ({
          id: each.id,
          status: each === scheduler.deployments.at(-1) ? "PRIMARY" : "ACTIVE",
          taskDefinition,
          desiredCount: wanted(each.started),
          ...counts(each),
        })),
    taskSets: external
      ? alive.map((each) => ({
          id: each.id,
          taskSetArn: `${world.clusterArn.replace(":cluster/", ":task-set/")}/${serviceName}/${each.id}`,
          serviceArn: world.serviceArn,
          clusterArn: world.clusterArn,
          startedBy: deployment === "CODE_DEPLOY" ? "CODE_DEPLOY" : undefined,
          externalId: deployment === "CODE_DEPLOY" ? "d-EXAMPLE11" : undefined,
          status: statusOfSet(each),
          taskDefinition,
          computedDesiredCount: wanted(each.started),
          loadBalancers: loadBalancersOf(world, model, each.loadBalancers),
          serviceRegistries: [],
          scale: { value: 100, unit: "PERCENT" },
          stabilityStatus: "STEADY_STATE",
          ...counts(each),
        }))
      : [],
    events: [],
    schedulingStrategy: "REPLICA",
    enableECSManagedTags: false,
    propagateTags: "NONE",
    enableExecuteCommand: false,
  };
}

const describeContainerInstances: EcsAction = (world, model, input) => {
  requireCluster(world, model, input);
  const { instances, tasks } = model.scheduler;
  const { found, failures } = sort(
    requireNames(input, "containerInstances", 100),
    (name) => instances.find(({ arn }) => arn === name || arn.endsWith(`/${name}`)),
    (name) =>
      name.includes(":")
        ? name
        : `${world.clusterArn.replace(":cluster/", ":container-instance/")}/${name}`,
  );
  return {
    containerInstances: found.map((instance) => ({
      containerInstanceArn: instance.arn,
      ec2InstanceId: instance.ec2InstanceId,
      version: 1,
      status: "ACTIVE",
      agentConnected: true,
      runningTasksCount: tasks.filter(
        (task) => task.instance === instance && statusOf(task).lastStatus === "RUNNING",
      ).length,
      pendingTasksCount: 0,
      attributes: [],
      tags: [],
    })),
    failures,
  };
};

/** The actions that this stand-in knows. */
export const ecsActions: ReadonlyMap<string, EcsAction> = new Map([
  ["DescribeTasks", describeTasks],
  ["DescribeServices", describeServices],
  ["DescribeContainerInstances", describeContainerInstances],
]);
