// The request rates that AWS allows an account in a region, and which bucket each action drinks from.

import type { BucketName, WorldDescription } from "./description.ts";
import { createTokenBucket, type TokenBucket } from "./token-bucket.ts";

/**
 * The documented sizes: what a bucket holds, and what flows in a second.
 *
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html
 * @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html
 * @see https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
 */
const sizes: { readonly [name in BucketName]: readonly [number, number] } = {
  "elasticloadbalancing:all": [40, 10],
  "elasticloadbalancing:read": [40, 10],
  "elasticloadbalancing:registration": [20, 4],
  "ecs:cluster-read": [100, 20],
  "ecs:service-read": [100, 20],
  "ec2:read": [100, 20],
};

// Every Elastic Load Balancing action takes from its own bucket and from the one that all of them share.
const bucketsOf: { readonly [action: string]: readonly BucketName[] } = {
  "elasticloadbalancing:DescribeTargetHealth": [
    "elasticloadbalancing:read",
    "elasticloadbalancing:all",
  ],
  "elasticloadbalancing:DescribeTargetGroups": [
    "elasticloadbalancing:read",
    "elasticloadbalancing:all",
  ],
  "elasticloadbalancing:DescribeTargetGroupAttributes": [
    "elasticloadbalancing:read",
    "elasticloadbalancing:all",
  ],
  "elasticloadbalancing:DeregisterTargets": [
    "elasticloadbalancing:registration",
    "elasticloadbalancing:all",
  ],
  "ecs:DescribeTasks": ["ecs:cluster-read"],
  "ecs:DescribeContainerInstances": ["ecs:cluster-read"],
  "ecs:DescribeServices": ["ecs:service-read"],
  "ec2:DescribeInstances": ["ec2:read"],
};

/** Whether the account's buckets let a call of `action` through at `nowMs`; takes its tokens if so. */
export type ApiThrottle = (action: string, nowMs: number) => boolean;

/** The buckets of a described account, all full. */
export function createApiThrottle(
  {
    throttling,
    otherCallsPerSecond = {},
  }: Pick<WorldDescription, "throttling" | "otherCallsPerSecond">,
  random: () => number,
): ApiThrottle {
  if (throttling !== "documented") return () => true;
  const buckets = new Map<string, TokenBucket>(
    Object.entries(sizes).map(([name, [capacity, refillPerSecond]]) => [
      name,
      createTokenBucket(
        {
          capacity,
          refillPerSecond,
          otherCallsPerSecond: otherCallsPerSecond[name as BucketName] ?? 0,
        },
        random,
      ),
    ]),
  );
  return (action, nowMs) => {
    const drinks = (bucketsOf[action] ?? []).flatMap((name) => buckets.get(name) ?? []);
    if (drinks.some((bucket) => bucket.level(nowMs) < 1)) return false;
    for (const bucket of drinks) bucket.take(nowMs);
    return true;
  };
}
