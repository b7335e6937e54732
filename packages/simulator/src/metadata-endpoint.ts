// The task metadata endpoint, version 4: what a container is told about itself and its task.

import type { Model } from "./model.ts";
import { type ContainerRun, statusOf, type TaskRun } from "./task-run.ts";
import type { World } from "./world.ts";

/** What the endpoint answers, before it is written as JSON. */
export interface MetadataAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Which container of which task a path's id means; undefined: none. */
export function containerByEndpoint(
  model: Model,
  endpointId: string,
): { readonly task: TaskRun; readonly container: ContainerRun } | undefined {
  for (const task of model.scheduler.tasks)
    for (const container of task.containers)
      if (container.endpointId === endpointId) return { task, container };
  return undefined;
}

/** `/v4/<id>`: the asking container. 500 while it has no network settings. */
export function containerMetadata(
  world: World,
  model: Model,
  task: TaskRun,
  container: ContainerRun,
): MetadataAnswer {
  if (container.startedMs === undefined)
    return {
      status: 500,
      body: `V4 container metadata handler: unable to generate metadata for container '${container.dockerId}'`,
    };
  return { status: 200, body: containerOf(world, model, task, container) };
}

/** `/v4/<id>/task`: the task and those of its containers whose image is pulled, in random order. */
export function taskMetadata(world: World, model: Model, task: TaskRun): MetadataAnswer {
  const { description } = model;
  const { family, launchType, region, service, clusterInMetadata, cluster } = description;
  const { lastStatus } = statusOf(task);
  const containers = task.containers
    .filter(({ status }) => status !== "NONE")
    .map((container) => containerOf(world, model, task, container));
  const pause =
    launchType === "EC2" && description.networkMode === "awsvpc" ? [pauseOf(model, task)] : [];
  return {
    status: 200,
    body: {
      Cluster: clusterInMetadata === "arn" ? world.clusterArn : cluster,
      TaskARN: task.arn,
      Family: family,
      Revision: "1",
      // The agent hears of the stop only when the deregistration is over.
      DesiredStatus: stops(task) ? "STOPPED" : "RUNNING",
      KnownStatus: ["PROVISIONING", "PENDING"].includes(lastStatus)
        ? "NONE"
        : ["DEPROVISIONING", "STOPPED"].includes(lastStatus)
          ? "STOPPED"
          : "RUNNING",
      Limits: { CPU: 0.25, Memory: 512 },
      PullStartedAt: timeOf(world, task.createdMs),
      AvailabilityZone: `${region}a`,
      LaunchType: launchType,
      Containers: shuffled([...pause, ...containers], world.random),
      VPCID: "vpc-0a1b2c3d4e5f60718",
      ServiceName: description.serviceNameInMetadata && service !== null ? service : undefined,
      FaultInjectionEnabled: false,
    },
  };
}

const stops = (task: TaskRun): boolean =>
  ["STOPPING", "DEPROVISIONING", "STOPPED"].includes(statusOf(task).lastStatus);

const timeOf = (world: World, atMs: number | undefined): string | undefined =>
  atMs === undefined ? undefined : new Date(world.wallMs(atMs)).toISOString();

function shuffled<T>(all: readonly T[], random: () => number): readonly T[] {
  const mixed = [...all];
  for (let last = mixed.length - 1; last > 0; last -= 1) {
    const [taken] = mixed.splice(Math.floor(random() * (last + 1)), 1);
    if (taken !== undefined) mixed.push(taken);
  }
  return mixed;
}

function networkOf(model: Model, task: TaskRun): object {
  const { networkMode, region } = model.description;
  if (networkMode === "bridge")
    return {
      NetworkMode: "bridge",
      IPv4Addresses: [`172.17.0.${2 + (model.scheduler.tasks.indexOf(task) % 250)}`],
    };
  // The agent copies docker's empty address as it is.
  if (networkMode !== "awsvpc") return { NetworkMode: networkMode, IPv4Addresses: [""] };
  const { ipv4, ipv6 } = task;
  const subnet = ipv4?.split(".").slice(0, 3).join(".");
  return {
    NetworkMode: "awsvpc",
    IPv4Addresses: ipv4 === undefined ? undefined : [ipv4],
    IPv6Addresses: ipv6 === undefined ? undefined : [ipv6],
    AttachmentIndex: 0,
    MACAddress: "0a:de:f6:10:51:e5",
    IPv4SubnetCIDRBlock: subnet && `${subnet}.0/24`,
    IPv6SubnetCIDRBlock: ipv6 && "2001:db8:1234:1a00::/64",
    DomainNameServers: ["10.0.0.2"],
    DomainNameSearchList: [`${region}.compute.internal`],
    PrivateDNSName: ipv4 && `ip-${ipv4.replaceAll(".", "-")}.${region}.compute.internal`,
    SubnetGatewayIpv4Address: subnet && `${subnet}.1/24`,
    SubnetGatewayIpv6Address: ipv4 === undefined ? "fe80::1/64" : undefined,
  };
}

function pauseOf(model: Model, task: TaskRun): object {
  return {
    DockerId: task.credentialsId.replaceAll("-", ""),
    Name: "~internal~ecs~pause",
    DockerName: `ecs-${model.description.family}-1-internalecspause`,
    Image: "amazon/amazon-ecs-pause:0.1.0",
    ImageID: "",
    DesiredStatus: "RESOURCES_PROVISIONED",
    KnownStatus: "RESOURCES_PROVISIONED",
    Limits: { CPU: 0, Memory: 0 },
    Type: "CNI_PAUSE",
    Networks: [networkOf(model, task)],
  };
}

function containerOf(world: World, model: Model, task: TaskRun, container: ContainerRun): object {
  const { described, status, dockerId, bindings } = container;
  const { clusterInMetadata, cluster, family, networkMode } = model.description;
  const created = status !== "PULLED";
  const ran = container.startedMs !== undefined;
  // Only docker's own port bindings are listed, and only bridge mode has them.
  const ports = networkMode === "bridge" && ran && bindings.length > 0 ? bindings : undefined;
  return {
    DockerId: created ? dockerId : "",
    Name: described.name,
    DockerName: created ? `ecs-${family}-1-${described.name}-${dockerId.slice(0, 12)}` : "",
    Image: `${described.name}:latest`,
    ImageID: "sha256:5b0d59026729b68570d99bc4f3f7c31a2e4f2a5736435641565d93e7c25bd2c3",
    Ports: ports?.map(({ containerPort, protocol, hostPort, hostIp }) => ({
      ContainerPort: containerPort,
      Protocol: protocol,
      HostPort: hostPort,
      HostIp: hostIp,
    })),
    Labels: {
      "com.amazonaws.ecs.cluster": clusterInMetadata === "arn" ? world.clusterArn : cluster,
      "com.amazonaws.ecs.container-name": described.name,
      "com.amazonaws.ecs.task-arn": task.arn,
      "com.amazonaws.ecs.task-definition-family": family,
      "com.amazonaws.ecs.task-definition-version": "1",
    },
    DesiredStatus: stops(task) ? "STOPPED" : "RUNNING",
    KnownStatus: status,
    ExitCode: status === "STOPPED" ? container.exitCode : undefined,
    Limits: { CPU: 2, Memory: 128 },
    CreatedAt: timeOf(world, container.createdMs),
    StartedAt: timeOf(world, container.startedMs),
    FinishedAt: status === "STOPPED" ? timeOf(world, container.finishedMs) : undefined,
    Type: "NORMAL",
    ContainerARN: container.arn,
    Networks: ran ? [networkOf(model, task)] : undefined,
    RestartCount: container.restartCount > 0 ? container.restartCount : undefined,
  };
}
