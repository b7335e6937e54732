// Asks once for target groups: what decides under which id and port a task is registered in them.

import {
  DescribeTargetGroupsCommand,
  type DescribeTargetGroupsCommandOutput,
  type TargetGroupIpAddressTypeEnum,
  type TargetTypeEnum,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { groupLabelOf } from "./target.ts";
import { targetHealthErrorOf } from "./target-health-error.ts";

/**
 * A target group, as far as it decides a target's id.
 *
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroup.html
 */
export interface TargetGroup {
  readonly arn: string;
  readonly targetType: TargetTypeEnum;
  readonly ipAddressType: TargetGroupIpAddressTypeEnum;
  /** `TCP`, `UDP`, `TCP_UDP`, `TLS`, `QUIC`, ...; undefined for a lambda target group. */
  readonly protocol: string | undefined;
}

/** The part of `ElasticLoadBalancingV2Client` that reading target groups needs. */
export interface TargetGroupClient {
  send(
    command: DescribeTargetGroupsCommand,
    options?: { abortSignal?: AbortSignal },
  ): Promise<DescribeTargetGroupsCommandOutput>;
}

/**
 * Asks once for the target groups of `arns`. One that no longer exists is left out.
 *
 * Needs `elasticloadbalancing:DescribeTargetGroups` on `"*"`.
 *
 * @param arns up to 20, the API's own bound; none makes no call.
 * @throws {@link TargetHealthError} with any of its codes.
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetGroups.html
 */
export async function readTargetGroups(
  client: TargetGroupClient,
  arns: readonly string[],
  signal: AbortSignal,
): Promise<readonly TargetGroup[]> {
  if (arns.length === 0) return [];
  try {
    const answer = await client.send(
      new DescribeTargetGroupsCommand({ TargetGroupArns: [...arns] }),
      { abortSignal: signal },
    );
    return (answer.TargetGroups ?? []).flatMap((group) =>
      group.TargetGroupArn === undefined
        ? []
        : [
            {
              arn: group.TargetGroupArn,
              targetType: group.TargetType ?? "instance",
              ipAddressType: group.IpAddressType ?? "ipv4",
              protocol: group.Protocol,
            },
          ],
    );
  } catch (error) {
    // One deleted group fails the whole answer: the others are asked for one by one.
    if (error instanceof Error && error.name === "TargetGroupNotFoundException") {
      if (arns.length === 1) return [];
      const alone = arns.map((arn) => readTargetGroups(client, [arn], signal));
      return (await Promise.all(alone)).flat();
    }
    throw targetHealthErrorOf(
      error,
      "elasticloadbalancing:DescribeTargetGroups",
      arns.map(groupLabelOf).join(", "),
    );
  }
}
