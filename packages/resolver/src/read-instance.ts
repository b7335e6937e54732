// Asks EC2 once for an instance's addresses. The only file that loads the EC2 client: import it on demand.

import { DescribeInstancesCommand, type DescribeInstancesCommandOutput } from "@aws-sdk/client-ec2";
import { canonicalIpv6Of } from "./ip-address.ts";
import type { ContainerInstance } from "./placement.ts";
import { callErrorOf, noAnswerOf, ResolverError } from "./resolver-error.ts";

/** The part of `EC2Client` that reading an instance's addresses needs. */
export interface InstanceClient {
  send(
    command: DescribeInstancesCommand,
    options?: { abortSignal?: AbortSignal },
  ): Promise<DescribeInstancesCommandOutput>;
}

/**
 * Asks once for the addresses of the instance `ec2InstanceId`.
 *
 * Needs `ec2:DescribeInstances` on `"*"`; the action knows no narrower resource.
 *
 * @throws {@link ResolverError} with a code of `CallFaultCode`, or `instance-missing`.
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
 */
export async function readInstance(
  client: InstanceClient,
  ec2InstanceId: string,
  signal: AbortSignal,
): Promise<ContainerInstance> {
  let answer: DescribeInstancesCommandOutput;
  try {
    answer = await client.send(new DescribeInstancesCommand({ InstanceIds: [ec2InstanceId] }), {
      abortSignal: signal,
    });
  } catch (error) {
    // A new instance may not be known everywhere at once.
    // https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
    if (error instanceof Error && error.name === "InvalidInstanceID.NotFound")
      throw missing(ec2InstanceId, error);
    throw callErrorOf(error, "ec2:DescribeInstances", '"*"');
  }
  const instance = answer.Reservations?.flatMap(({ Instances }) => Instances ?? []).find(
    ({ InstanceId }) => InstanceId === ec2InstanceId,
  );
  if (instance === undefined) throw missing(ec2InstanceId);
  const ipv6Address = canonicalIpv6Of(
    instance.Ipv6Address ?? instance.NetworkInterfaces?.[0]?.Ipv6Addresses?.[0]?.Ipv6Address ?? "",
  );
  if (instance.PrivateIpAddress === undefined && ipv6Address === undefined)
    throw noAnswerOf("ec2:DescribeInstances", `an address of ${ec2InstanceId}`);
  return { ec2InstanceId, privateIpv4Address: instance.PrivateIpAddress, ipv6Address };
}

const missing = (ec2InstanceId: string, cause?: unknown): ResolverError =>
  new ResolverError(
    "instance-missing",
    true,
    `ec2:DescribeInstances does not know ${ec2InstanceId}`,
    "Nothing to change if it passes; otherwise check whether the instance was terminated.",
    { cause },
  );
