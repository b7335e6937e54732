// Asks once for target groups: what decides under which id and port a task is registered in them.

import {
  type TargetGroup as AnsweredTargetGroup,
  DescribeTargetGroupsCommand,
  type DescribeTargetGroupsCommandOutput,
  type TargetGroupIpAddressTypeEnum,
  type TargetTypeEnum,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { groupLabelOf } from "./target.ts";
import { noAnswerError, targetHealthErrorOf } from "./target-health-error.ts";

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
 * @throws {@link TargetHealthError} with any of its codes; `no-answer` where an answer holds no target group.
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetGroups.html
 */
export async function readTargetGroups(
  client: TargetGroupClient,
  arns: readonly string[],
  signal: AbortSignal,
): Promise<readonly TargetGroup[]> {
  if (arns.length === 0) return [];
  let answered: readonly AnsweredTargetGroup[] | undefined;
  try {
    const command = new DescribeTargetGroupsCommand({ TargetGroupArns: [...arns] });
    answered = (await client.send(command, { abortSignal: signal })).TargetGroups;
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
  const groups = (answered ?? []).flatMap((group) =>
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
  // A deleted target group is an error of the service; an answer without any is not from it.
  if (groups.length === 0)
    throw noAnswerError(
      "elasticloadbalancing:DescribeTargetGroups",
      `any of ${arns.map(groupLabelOf).join(", ")}`,
    );
  return groups;
}
