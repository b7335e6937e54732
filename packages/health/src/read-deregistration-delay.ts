// Asks once for the deregistration delay of a target group.

import {
  DescribeTargetGroupAttributesCommand,
  type DescribeTargetGroupAttributesCommandOutput,
  type TargetGroupAttribute,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { groupLabelOf } from "./target.ts";
import { noAnswerError, targetHealthErrorOf } from "./target-health-error.ts";

/** The part of `ElasticLoadBalancingV2Client` that reading target group attributes needs. */
export interface TargetGroupAttributesClient {
  send(
    command: DescribeTargetGroupAttributesCommand,
    options?: { abortSignal?: AbortSignal },
  ): Promise<DescribeTargetGroupAttributesCommandOutput>;
}

/**
 * Reads `deregistration_delay.timeout_seconds`, in milliseconds: 0 to 3,600,000, 300,000 unless it was set; undefined
 * where the answer does not hold it.
 *
 * Needs `elasticloadbalancing:DescribeTargetGroupAttributes` on `"*"`.
 *
 * @throws {@link TargetHealthError} with any of its codes.
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html
 */
export async function readDeregistrationDelay(
  client: TargetGroupAttributesClient,
  targetGroupArn: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const command = new DescribeTargetGroupAttributesCommand({ TargetGroupArn: targetGroupArn });
  const action = "elasticloadbalancing:DescribeTargetGroupAttributes";
  let attributes: readonly TargetGroupAttribute[] | undefined;
  try {
    attributes = (await client.send(command, { abortSignal: signal })).Attributes;
  } catch (error) {
    throw targetHealthErrorOf(error, action, groupLabelOf(targetGroupArn));
  }
  if (attributes === undefined)
    throw noAnswerError(action, `the attributes of ${groupLabelOf(targetGroupArn)}`);
  const value = attributes.find(({ Key: key }) => key === "deregistration_delay.timeout_seconds");
  return /^\d+$/.test(value?.Value ?? "") ? Number(value?.Value) * 1000 : undefined;
}
