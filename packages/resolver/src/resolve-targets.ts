// The package's sentence: a task's placement, its target groups where they matter, its targets.

import {
  readTargetGroups,
  type TargetGroup,
  type TargetGroupClient,
  TargetHealthError,
} from "@nlb-sidecar/health";
import type { LoadBalancerEntry, Placement } from "./placement.ts";
import type { InstanceClient } from "./read-instance.ts";
import { type PlacementClient, readPlacement } from "./read-placement.ts";
import {
  chosenEntriesOf,
  type Resolution,
  type ResolverNotice,
  resolutionOf,
  type TargetChoice,
} from "./resolution.ts";
import { ResolverError } from "./resolver-error.ts";
import type { Task } from "./task.ts";

/** The clients of AWS that resolving may ask. */
export interface PlacementClients {
  readonly ecs: PlacementClient;
  /** Asked for a task with an IPv4 and an IPv6 address, and in `bridge` and `host` mode. */
  readonly elb: TargetGroupClient;
  /** Asked only in `bridge` and `host` mode, and there only for a target group of the target type `ip`. */
  readonly ec2?: InstanceClient | undefined;
}

/**
 * Asks once for everything that the task's targets follow from, with as few calls as the task's network mode allows.
 *
 * Resolves with what is known: an entry whose container or host port is not there yet stands in `pending`, beside the
 * targets that can be watched already. Rejects where a call failed, or where the task can have no target at all.
 *
 * Needs `ecs:DescribeTasks` and `ecs:DescribeServices`; in `bridge` and `host` mode `ecs:DescribeContainerInstances`;
 * `elasticloadbalancing:DescribeTargetGroups` in these and for a task with IPv4 and IPv6, where it may be denied;
 * `ec2:DescribeInstances` for the one case of {@link PlacementClients}.
 *
 * @throws {@link ResolverError} with any code but those of the metadata endpoint and the three `...-pending`.
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-load-balancing.html
 */
export async function resolveTargets(
  clients: PlacementClients,
  task: Task,
  how: TargetChoice,
  signal: AbortSignal,
): Promise<Resolution> {
  if (task.networkMode === "none")
    throw new ResolverError(
      "network-mode-none",
      false,
      "the task's network mode is none: no load balancer reaches it",
      "Remove the sidecar here, or give the task the network mode awsvpc, bridge or host.",
    );
  const placement = await readPlacement(clients, task, signal);
  const { entries } = chosenEntriesOf(placement, how);
  if (entries.length === 0) throw noTargetGroupsOf(placement, "has no target group");
  const { targetGroups, notices } = await readGroupsThatMatter(clients.elb, task, entries, signal);
  const located = await locate(clients.ec2, placement, targetGroups, signal);
  const resolution = resolutionOf(task, { placement: located.placement, targetGroups }, how);
  if (resolution.targets.length + resolution.pending.length === 0)
    throw noTargetGroupsOf(
      placement,
      `has none but these: ${resolution.notices.map(({ message }) => message).join("; ")}`,
    );
  return {
    ...resolution,
    notices: [...notices, ...resolution.notices],
    pending: resolution.pending.map((error) =>
      error.code === "instance-missing" ? (located.fault ?? error) : error,
    ),
  };
}

async function readGroupsThatMatter(
  client: TargetGroupClient,
  task: Task,
  entries: readonly LoadBalancerEntry[],
  signal: AbortSignal,
): Promise<{
  readonly targetGroups: readonly TargetGroup[];
  readonly notices: readonly ResolverNotice[];
}> {
  // With addresses of one family there is one answer, whatever the target group is.
  const dualStack = task.ipv4Addresses.length > 0 && task.ipv6Addresses.length > 0;
  if (task.networkMode === "awsvpc" && !dualStack) return { targetGroups: [], notices: [] };
  const arns = [...new Set(entries.map(({ targetGroupArn }) => targetGroupArn))];
  try {
    return { targetGroups: await readTargetGroups(client, arns, signal), notices: [] };
  } catch (error) {
    if (!(error instanceof TargetHealthError)) throw error;
    const { code, transient, message, fix } = error;
    if (code !== "denied") throw new ResolverError(code, transient, message, fix, { cause: error });
    const usual =
      task.networkMode === "awsvpc"
        ? "the target groups are taken for IPv4 ones"
        : "the target groups are taken for ones of the target type instance";
    return {
      targetGroups: [],
      notices: [{ code: "target-groups-denied", message: `${message}; ${usual}`, fix }],
    };
  }
}

/** The placement with the instance's addresses, where a target group wants them; or why they are not known. */
async function locate(
  client: InstanceClient | undefined,
  placement: Placement,
  targetGroups: readonly TargetGroup[],
  signal: AbortSignal,
): Promise<{ readonly placement: Placement; readonly fault?: ResolverError }> {
  const { containerInstance } = placement;
  const wanted = targetGroups.some(({ targetType }) => targetType === "ip");
  if (containerInstance === undefined || !wanted) return { placement };
  try {
    if (client === undefined) throw clientMissingOf();
    const { readInstance } = await import("./read-instance.ts").catch((error: unknown) => {
      throw clientMissingOf(error);
    });
    return {
      placement: {
        ...placement,
        containerInstance: await readInstance(client, containerInstance.ec2InstanceId, signal),
      },
    };
  } catch (error) {
    // The other target groups do not wait for this one.
    if (error instanceof ResolverError) return { placement, fault: error };
    throw error;
  }
}

const clientMissingOf = (cause?: unknown): ResolverError =>
  new ResolverError(
    "ec2-client-missing",
    false,
    "a target group of the target type ip wants the EC2 instance's address, and there is no EC2 client",
    "Install @aws-sdk/client-ec2 and pass an EC2Client, or use a target group of the target type instance.",
    { cause },
  );

const noTargetGroupsOf = ({ serviceName }: Placement, what: string): ResolverError =>
  new ResolverError(
    "no-target-groups",
    false,
    `service ${serviceName} ${what}`,
    "Remove the sidecar here, or attach a target group to the service. Classic load balancers are passed over.",
  );
