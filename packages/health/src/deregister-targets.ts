// Asks once for targets of one target group to be deregistered.

import {
  DeregisterTargetsCommand,
  type DeregisterTargetsCommandOutput,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { groupLabelOf, type Target } from "./target.ts";
import { targetHealthErrorOf } from "./target-health-error.ts";

/** The part of `ElasticLoadBalancingV2Client` that deregistering needs. */
export interface DeregistrationClient {
  send(
    command: DeregisterTargetsCommand,
    options?: { abortSignal?: AbortSignal },
  ): Promise<DeregisterTargetsCommandOutput>;
}

/**
 * Deregisters `targets`, which are all of one target group, always by id and port. Resolves when the request was accepted: the
 * load balancer may send new connections for a while yet. Targets that are not registered are no error.
 *
 * Needs `elasticloadbalancing:DeregisterTargets` on the target group.
 *
 * @throws {@link TargetHealthError} with any of its codes.
 * @throws TypeError for targets of several target groups.
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeregisterTargets.html
 */
export async function deregisterTargets(
  client: DeregistrationClient,
  targets: readonly Target[],
  signal: AbortSignal,
): Promise<void> {
  const first = targets[0];
  if (first === undefined) return;
  const { targetGroupArn } = first;
  if (targets.some((target) => target.targetGroupArn !== targetGroupArn))
    throw new TypeError("deregisterTargets takes the targets of one target group at a time");
  const command = new DeregisterTargetsCommand({
    TargetGroupArn: targetGroupArn,
    Targets: targets.map(({ id, port }) => ({ Id: id, Port: port })),
  });
  try {
    await client.send(command, { abortSignal: signal });
  } catch (error) {
    throw targetHealthErrorOf(
      error,
      "elasticloadbalancing:DeregisterTargets",
      groupLabelOf(targetGroupArn),
    );
  }
}
