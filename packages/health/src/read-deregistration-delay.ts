// Asks once for the deregistration delay of a target group.

import {
  DescribeTargetGroupAttributesCommand,
  type DescribeTargetGroupAttributesCommandOutput,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { groupLabelOf } from "./target.ts";
import { targetHealthErrorOf } from "./target-health-error.ts";

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
 * @throws TargetHealthError with any of its codes.
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html
 */
export async function readDeregistrationDelay(
  client: TargetGroupAttributesClient,
  targetGroupArn: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const command = new DescribeTargetGroupAttributesCommand({ TargetGroupArn: targetGroupArn });
  try {
    const { Attributes: attributes = [] } = await client.send(command, { abortSignal: signal });
    const value = attributes.find(
      ({ Key: key }) => key === "deregistration_delay.timeout_seconds",
    )?.Value;
    return value !== undefined && /^\d+$/.test(value) ? Number(value) * 1000 : undefined;
  } catch (error) {
    throw targetHealthErrorOf(
      error,
      "elasticloadbalancing:DescribeTargetGroupAttributes",
      groupLabelOf(targetGroupArn),
    );
  }
}
