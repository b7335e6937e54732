// The resolving rules: from a task, its placement and its target groups to its targets. Pure.

import { groupLabelOf, sameTarget, type Target, type TargetGroup } from "@nlb-sidecar/health";
import { entriesOf, type LoadBalancerEntry, type Placement } from "./placement.ts";
import { ResolverError } from "./resolver-error.ts";
import type { Container, Task } from "./task.ts";

/** Which of a service's entries to resolve. */
export interface TargetChoice {
  /** Narrows to the entries of one container, by its name. Where no entry names it, every entry stays, and a notice says so. */
  readonly targetContainer?: string | undefined;
}

/**
 * Something that a person should read and that kept nothing from being resolved:
 *
 * - `target-groups-denied`: the target groups may not be read, so that the usual target type and address type hold.
 * - `target-container-unknown`: no entry is of the container that was chosen.
 * - `target-group-passed-over`: a target group's type is none under which ECS registers a task in that network mode.
 */
export interface ResolverNotice {
  readonly code: "target-groups-denied" | "target-container-unknown" | "target-group-passed-over";
  readonly message: string;
  readonly fix: string;
}

/** What was read of the outside, from which the rules then follow. */
export interface ResolutionGround {
  readonly placement: Placement;
  /** Empty where they make no difference. One that is not in it is taken for what is usual in the network mode. */
  readonly targetGroups: readonly TargetGroup[];
}

/** What is known of a task's targets. */
export interface Resolution extends ResolutionGround {
  /** Those known now, each once. They hold for the task's life. */
  readonly targets: readonly Target[];
  /**
   * Why an entry has no target yet, one error for each cause. While one of them is transient, resolving goes on beside the
   * targets that are known. `container-pending` and `host-port-pending` ask for nothing but a new {@link Task} and
   * {@link resolutionOf}.
   */
  readonly pending: readonly ResolverError[];
  readonly notices: readonly ResolverNotice[];
}

/**
 * | network mode | target type | id | port |
 * | --- | --- | --- | --- |
 * | `awsvpc` | `ip` | the task's primary IPv4 address, or its IPv6 address where the target group's address type is `ipv6`, or there is no other | the container port |
 * | `bridge` | `instance` | the EC2 instance's id | the host port bound to the container port |
 * | `host` | `instance` | the EC2 instance's id | the container port |
 * | `bridge`, `host` | `ip`, registered by somebody else than ECS | the EC2 instance's private address | as above |
 *
 * A protocol plays no part: ECS refuses one container port for two protocols in one task.
 *
 * @param ground an earlier {@link Resolution} does, which is how a pending one is completed without asking AWS again.
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/nlb.html
 */
export function resolutionOf(
  task: Task,
  ground: ResolutionGround,
  how: TargetChoice = {},
): Resolution {
  const { placement, targetGroups } = ground;
  const { entries, notices } = chosenEntriesOf(placement, how);
  const targets: Target[] = [];
  const pending: ResolverError[] = [];
  const passedOver: ResolverNotice[] = [];
  for (const entry of entries) {
    const group = targetGroups.find(({ arn }) => arn === entry.targetGroupArn);
    if (group !== undefined && !targetTypesOf(task).includes(group.targetType)) {
      passedOver.push(passedOverOf(task, group));
      continue;
    }
    const target = targetOf(task, placement, entry, group);
    if (!(target instanceof ResolverError)) {
      if (!targets.some((other) => sameTarget(other, target))) targets.push(target);
    } else if (!pending.some(({ message }) => message === target.message)) pending.push(target);
  }
  return { placement, targetGroups, targets, pending, notices: [...notices, ...passedOver] };
}

/** The targets of {@link resolutionOf}, those not known yet left out. */
export const targetsOf = (
  task: Task,
  placement: Placement,
  targetGroups: readonly TargetGroup[],
  how: TargetChoice = {},
): readonly Target[] => resolutionOf(task, { placement, targetGroups }, how).targets;

/** The entries to resolve, narrowed to the chosen container where one of them is of it. Not exported from the package. */
export function chosenEntriesOf(
  placement: Placement,
  { targetContainer }: TargetChoice,
): { readonly entries: readonly LoadBalancerEntry[]; readonly notices: readonly ResolverNotice[] } {
  const every = entriesOf(placement);
  if (targetContainer === undefined || every.length === 0) return { entries: every, notices: [] };
  const entries = every.filter(({ containerName }) => containerName === targetContainer);
  if (entries.length > 0) return { entries, notices: [] };
  const names = [...new Set(every.map(({ containerName }) => containerName))].sort().join(", ");
  return {
    entries: every,
    notices: [
      {
        code: "target-container-unknown",
        message: `no load balancer entry of service ${placement.serviceName} is of container ${targetContainer}; every entry is resolved: ${names}`,
        fix: `Set the target container to one of ${names}, or leave it unset.`,
      },
    ],
  };
}

const targetTypesOf = ({ networkMode }: Task): readonly string[] =>
  networkMode === "awsvpc" ? ["ip"] : ["instance", "ip"];

const passedOverOf = (task: Task, { arn, targetType }: TargetGroup): ResolverNotice => ({
  code: "target-group-passed-over",
  message: `${groupLabelOf(arn)} has the target type ${targetType}, under which no task in ${task.networkMode} mode is registered`,
  fix: `Nothing for the task; a target group that ECS can use has the target type ${targetTypesOf(task)[0]}.`,
});

function targetOf(
  task: Task,
  placement: Placement,
  entry: LoadBalancerEntry,
  group: TargetGroup | undefined,
): Target | ResolverError {
  const { targetGroupArn } = entry;
  const port = task.networkMode === "bridge" ? hostPortOf(task, entry) : entry.containerPort;
  if (port instanceof ResolverError) return port;
  const id = idOf(task, placement, group);
  return id instanceof ResolverError ? id : { targetGroupArn, id, port };
}

function idOf(
  task: Task,
  { containerInstance }: Placement,
  group: TargetGroup | undefined,
): string | ResolverError {
  const ipv6First = group?.ipAddressType === "ipv6";
  if (task.networkMode === "awsvpc") {
    const [ipv4] = task.ipv4Addresses;
    const [ipv6] = task.ipv6Addresses;
    return (
      (ipv6First ? (ipv6 ?? ipv4) : (ipv4 ?? ipv6)) ??
      new ResolverError(
        "network-pending",
        true,
        "the task metadata endpoint lists no address of the task yet",
        "Nothing to change if it passes: ask again.",
      )
    );
  }
  if (containerInstance === undefined)
    return new ResolverError(
      "container-instance-missing",
      true,
      `the container instance of a task in ${task.networkMode} mode is not known`,
      "Read the placement again.",
    );
  if (group?.targetType !== "ip") return containerInstance.ec2InstanceId;
  const { privateIpv4Address, ipv6Address, ec2InstanceId } = containerInstance;
  return (
    (ipv6First ? ipv6Address : privateIpv4Address) ??
    new ResolverError(
      "instance-missing",
      true,
      `${groupLabelOf(group.arn)} registers addresses, and no ${ipv6First ? "IPv6" : "private IPv4"} address of ${ec2InstanceId} is known`,
      "Allow ec2:DescribeInstances, or use a target group of the target type instance.",
    )
  );
}

function hostPortOf(task: Task, entry: LoadBalancerEntry): number | ResolverError {
  // The agent's own containers stand in the same list, and may publish the ports of another.
  const container = task.containers.find(
    ({ name, type }) => name === entry.containerName && type === "NORMAL",
  );
  if (container === undefined)
    return new ResolverError(
      "container-pending",
      true,
      `container ${entry.containerName} is not listed by the task metadata endpoint yet`,
      "Nothing to change if it passes: a container is listed once its image is pulled.",
    );
  return (
    preferredHostPortOf(container, entry.containerPort) ??
    new ResolverError(
      "host-port-pending",
      true,
      `container ${entry.containerName} (${container.knownStatus}) has no host port for its port ${entry.containerPort} yet`,
      "Nothing to change if it passes: host ports are bound when the container runs.",
    )
  );
}

// Agents before 1.70.0 may bind different host ports for IPv4 and IPv6, and tell ECS of the IPv4 one alone.
// https://github.com/aws/amazon-ecs-agent/issues/3096
function preferredHostPortOf({ ports }: Container, containerPort: number): number | undefined {
  const bound = ports.filter((port) => port.containerPort === containerPort);
  const preferred =
    bound.find(({ hostIp }) => hostIp === "0.0.0.0") ??
    bound.find(({ hostIp }) => !hostIp?.includes(":")) ??
    bound[0];
  return preferred?.hostPort;
}
