// Asks ECS where a task stands: its service, the target groups of that, and the instance under it.

import {
  DescribeContainerInstancesCommand,
  type DescribeContainerInstancesCommandOutput,
  DescribeServicesCommand,
  type DescribeServicesCommandOutput,
  type DescribeTasksCommand,
  type DescribeTasksCommandOutput,
  type LoadBalancer,
  type Service,
} from "@aws-sdk/client-ecs";
import {
  type ContainerInstance,
  entriesOf,
  type LoadBalancerEntry,
  type Placement,
} from "./placement.ts";
import { readTaskRecord } from "./read-task-record.ts";
import { callErrorOf, noAnswerOf, ResolverError } from "./resolver-error.ts";
import { resourceOf } from "./resource.ts";
import type { Task } from "./task.ts";

interface CallOptions {
  abortSignal?: AbortSignal;
}

/** The part of `ECSClient` that reading a placement needs. */
export interface PlacementClient {
  send(command: DescribeTasksCommand, options?: CallOptions): Promise<DescribeTasksCommandOutput>;
  send(
    command: DescribeServicesCommand,
    options?: CallOptions,
  ): Promise<DescribeServicesCommandOutput>;
  send(
    command: DescribeContainerInstancesCommand,
    options?: CallOptions,
  ): Promise<DescribeContainerInstancesCommandOutput>;
}

/**
 * Asks once for the task's placement, by two calls: the task, then its service. In `bridge` and `host` mode a third asks for
 * the container instance, where the service has target groups at all.
 *
 * Needs `ecs:DescribeTasks`, `ecs:DescribeServices`; in `bridge` and `host` mode `ecs:DescribeContainerInstances`.
 *
 * @throws {@link ResolverError} with a code of `CallFaultCode`, `task-missing`, `not-in-a-service`, `service-missing`, or
 *   `container-instance-missing`.
 * @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html
 */
export async function readPlacement(
  clients: { readonly ecs: PlacementClient },
  task: Task,
  signal: AbortSignal,
): Promise<Placement> {
  const { group, startedBy, containerInstanceArn } = await readTaskRecord(
    clients.ecs,
    task,
    signal,
  );
  // A task of a service is in the group `service:` and its name, any other in `family:` or one of its starter's choice.
  // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
  const serviceName = group?.startsWith("service:") ? group.slice("service:".length) : "";
  if (serviceName === "")
    throw new ResolverError(
      "not-in-a-service",
      false,
      `the task belongs to no service: its group is ${group ?? "not given"}`,
      "Only a service registers its tasks with target groups: remove the sidecar here, or run the task by a service.",
    );
  const service = await readService(clients.ecs, task, serviceName, signal);
  const placement: Placement = {
    serviceName,
    startedBy,
    loadBalancers: (service.loadBalancers ?? []).flatMap(entriesOfLoadBalancer),
    taskSets: (service.taskSets ?? []).map(({ id, loadBalancers }) => ({
      id: id ?? "",
      loadBalancers: (loadBalancers ?? []).flatMap(entriesOfLoadBalancer),
    })),
    containerInstance: undefined,
  };
  const onInstance = task.networkMode === "bridge" || task.networkMode === "host";
  if (!onInstance || entriesOf(placement).length === 0) return placement;
  if (containerInstanceArn === undefined)
    throw noAnswerOf(
      "ecs:DescribeTasks",
      "the containerInstanceArn of a task in that network mode",
    );
  return {
    ...placement,
    containerInstance: await readContainerInstance(clients.ecs, task, containerInstanceArn, signal),
  };
}

async function readService(
  client: PlacementClient,
  task: Task,
  serviceName: string,
  signal: AbortSignal,
): Promise<Service> {
  let answer: DescribeServicesCommandOutput;
  try {
    answer = await client.send(
      new DescribeServicesCommand({ cluster: task.cluster, services: [serviceName] }),
      { abortSignal: signal },
    );
  } catch (error) {
    throw callErrorOf(error, "ecs:DescribeServices", resourceOf(task, "service", serviceName));
  }
  const service = answer.services?.[0];
  if (service !== undefined) return service;
  const reason = answer.failures?.[0]?.reason;
  throw new ResolverError(
    "service-missing",
    true,
    `ecs:DescribeServices does not know ${serviceName} in ${task.cluster}${reason === undefined ? "" : `: ${reason}`}`,
    "Nothing to change if it passes; otherwise check whether the service was deleted under its task.",
  );
}

async function readContainerInstance(
  client: PlacementClient,
  task: Task,
  arn: string,
  signal: AbortSignal,
): Promise<ContainerInstance> {
  let answer: DescribeContainerInstancesCommandOutput;
  try {
    answer = await client.send(
      new DescribeContainerInstancesCommand({ cluster: task.cluster, containerInstances: [arn] }),
      { abortSignal: signal },
    );
  } catch (error) {
    throw callErrorOf(
      error,
      "ecs:DescribeContainerInstances",
      resourceOf(task, "container-instance", "*"),
    );
  }
  const instance = answer.containerInstances?.[0];
  if (instance === undefined) {
    const reason = answer.failures?.[0]?.reason;
    throw new ResolverError(
      "container-instance-missing",
      true,
      `ecs:DescribeContainerInstances does not know ${arn}${reason === undefined ? "" : `: ${reason}`}`,
      "Nothing to change if it passes; otherwise check whether the instance was deregistered from the cluster.",
    );
  }
  if (instance.ec2InstanceId === undefined)
    throw noAnswerOf("ecs:DescribeContainerInstances", "ec2InstanceId");
  return {
    ec2InstanceId: instance.ec2InstanceId,
    privateIpv4Address: undefined,
    ipv6Address: undefined,
  };
}

function entriesOfLoadBalancer(loadBalancer: LoadBalancer): readonly LoadBalancerEntry[] {
  const { targetGroupArn, containerName, containerPort, advancedConfiguration } = loadBalancer;
  if (containerName === undefined || containerPort === undefined) return [];
  // A classic load balancer's entry has a name and no target group. A blue/green service's tasks are in one of two
  // target groups, by turns.
  // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AdvancedConfiguration.html
  return [targetGroupArn, advancedConfiguration?.alternateTargetGroupArn].flatMap((arn) =>
    arn === undefined ? [] : [{ targetGroupArn: arn, containerName, containerPort }],
  );
}
