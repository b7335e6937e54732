// A task in the model: where it stands, its containers, and the history of its statuses.

import type { LoadBalancerEntry } from "./description.ts";
import type { ResolvedContainer, ResolvedDescription } from "./resolved-description.ts";
import type { ContainerView, TaskView } from "./world.ts";
import type { ContainerStatus, Target, TaskLastStatus } from "./world-event.ts";

/** A port that docker publishes, on one address family. */
export type PortBinding = ContainerView["ports"][number];

/** A container of a task in the model. */
export interface ContainerRun {
  readonly described: ResolvedContainer;
  readonly dockerId: string;
  readonly arn: string;
  readonly endpointId: string;
  /** Published once the container runs. */
  readonly bindings: readonly PortBinding[];
  status: ContainerStatus;
  exitCode: number | undefined;
  createdMs: number | undefined;
  startedMs: number | undefined;
  finishedMs: number | undefined;
  restartCount: number;
  /** SIGTERM was sent. */
  signalled: boolean;
}

/** The instance that a task runs on. */
export interface ContainerInstance {
  readonly arn: string;
  readonly ec2InstanceId: string;
  readonly privateIpv4: string | undefined;
  readonly ipv6: string | undefined;
}

/** What DescribeTasks tells of a task's life. */
export interface TaskStatus {
  readonly desiredStatus: "RUNNING" | "STOPPED";
  readonly lastStatus: TaskLastStatus;
}

/** One registration of a task: in which target group, for which container. */
export interface TaskTarget {
  readonly target: Target;
  readonly containerName: string;
}

/** A task in the model. */
export interface TaskRun {
  readonly arn: string;
  readonly id: string;
  readonly credentialsId: string;
  readonly accessKeyId: string;
  readonly deploymentId: string;
  readonly attachmentId: string;
  readonly networkInterfaceId: string;
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
  readonly instance: ContainerInstance | undefined;
  readonly containers: readonly ContainerRun[];
  readonly targets: readonly TaskTarget[];
  readonly createdMs: number;
  /** Oldest first. */
  readonly statuses: ({ readonly atMs: number } & TaskStatus)[];
  startedMs: number | undefined;
  stoppingMs: number | undefined;
  stoppedMs: number | undefined;
  stopCode: string | undefined;
  stoppedReason: string | undefined;
}

/** The status at a moment, the present one by default; before the first one: the first. */
export const statusOf = (
  { statuses }: TaskRun,
  atMs: number = Number.POSITIVE_INFINITY,
): TaskStatus => {
  const { desiredStatus, lastStatus } = statuses.findLast((status) => status.atMs <= atMs) ??
    statuses[0] ?? { desiredStatus: "RUNNING", lastStatus: "PROVISIONING" };
  return { desiredStatus, lastStatus };
};

/** The ports that a container's mappings publish: in bridge mode each on IPv4 and IPv6, else the container's own. */
export function bindingsOf(
  { portMappings }: ResolvedContainer,
  { networkMode }: ResolvedDescription,
  nextHostPort: () => number,
): readonly PortBinding[] {
  return portMappings.flatMap(
    ({ containerPort, containerPortRange, hostPort, hostPortV6, protocol = "tcp" }) => {
      const [first = 0, last = first] = containerPortRange?.split("-").map(Number) ?? [
        containerPort ?? 0,
      ];
      return Array.from({ length: last - first + 1 }, (_, index) => first + index).flatMap(
        (port) => {
          if (networkMode !== "bridge")
            return [{ containerPort: port, hostPort: port, protocol, hostIp: "" }];
          const v4 = hostPort || nextHostPort();
          return [
            { containerPort: port, hostPort: v4, protocol, hostIp: "0.0.0.0" },
            { containerPort: port, hostPort: hostPortV6 ?? v4, protocol, hostIp: "::" },
          ];
        },
      );
    },
  );
}

/** Under which id and port ECS registers a task for an entry; undefined where it cannot: no such port, or no address of that family. */
export function targetOf(
  { containerName, containerPort }: LoadBalancerEntry,
  group: {
    readonly arn: string;
    readonly described: {
      readonly targetType: "ip" | "instance";
      readonly ipAddressType: "ipv4" | "ipv6";
    };
  },
  task: Pick<TaskRun, "ipv4" | "ipv6" | "instance" | "containers">,
  { networkMode }: ResolvedDescription,
): Target | undefined {
  const family = group.described.ipAddressType;
  const binding = task.containers
    .find(({ described }) => described.name === containerName)
    ?.bindings.find((each) => each.containerPort === containerPort);
  const port = networkMode === "bridge" ? binding?.hostPort : containerPort;
  const address =
    networkMode === "awsvpc"
      ? { ipv4: task.ipv4, ipv6: task.ipv6 }
      : { ipv4: task.instance?.privateIpv4, ipv6: task.instance?.ipv6 };
  const id =
    group.described.targetType === "instance" ? task.instance?.ec2InstanceId : address[family];
  if (networkMode === "none" || id === undefined || port === undefined) return undefined;
  return { targetGroupArn: group.arn, id, port };
}

/** A task as those who use the world see it. */
export function viewOf(task: TaskRun, { networkMode, service }: ResolvedDescription): TaskView {
  return {
    arn: task.arn,
    id: task.id,
    ...statusOf(task),
    stopCode: task.stopCode,
    networkMode,
    ipv4: task.ipv4,
    ipv6: task.ipv6,
    ec2InstanceId: task.instance?.ec2InstanceId,
    startedBy: service === null ? undefined : task.deploymentId,
    containers: task.containers.map(({ described, endpointId, status, exitCode, bindings }) => ({
      name: described.name,
      endpointId,
      status,
      exitCode,
      ports: networkMode === "bridge" && status !== "RUNNING" ? [] : bindings,
    })),
    targets: task.targets.map(({ target }) => target),
  };
}
