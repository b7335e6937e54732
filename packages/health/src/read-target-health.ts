// Asks once for the health of targets of one target group.

import {
  DescribeTargetHealthCommand,
  type DescribeTargetHealthCommandOutput,
  type TargetHealthDescription,
  TargetHealthStateEnum,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { canonicalIdOf, groupLabelOf, labelOf, type Target } from "./target.ts";
import type { TargetHealth } from "./target-health.ts";
import { noAnswerError, TargetHealthError, targetHealthErrorOf } from "./target-health-error.ts";

/** The part of `ElasticLoadBalancingV2Client` that reading target health needs. */
export interface TargetHealthClient {
  send(
    command: DescribeTargetHealthCommand,
    options?: { abortSignal?: AbortSignal },
  ): Promise<DescribeTargetHealthCommandOutput>;
}

const states: ReadonlySet<string> = new Set(Object.values(TargetHealthStateEnum));

// Both say that there is nothing registered, and are no faults of the call.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetHealth.html
const meansGone = new Set(["InvalidTargetException", "TargetGroupNotFoundException"]);

/**
 * Asks once for the health of `targets`, which are all of one target group. A target that the answer leaves out, or gives in
 * a state that the API model does not have, is left out of the readings: nothing was learnt about it.
 *
 * Needs `elasticloadbalancing:DescribeTargetHealth` on `"*"`; the action knows no narrower resource.
 *
 * @param targets one to some hundreds; none gives no reading and makes no call.
 * @throws {@link TargetHealthError} with any of its codes; `no-answer` where an answer holds none of the asked targets.
 * @throws TypeError for targets of several target groups.
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetHealth.html
 */
export async function readTargetHealth(
  client: TargetHealthClient,
  targets: readonly Target[],
  signal: AbortSignal,
): Promise<readonly TargetHealth[]> {
  const first = targets[0];
  if (first === undefined) return [];
  const { targetGroupArn } = first;
  if (targets.some((target) => target.targetGroupArn !== targetGroupArn))
    throw new TypeError("readTargetHealth asks about the targets of one target group at a time");
  const command = new DescribeTargetHealthCommand({
    TargetGroupArn: targetGroupArn,
    // Always with the port: one instance holds many, and without it another target's health may come back.
    Targets: targets.map(({ id, port }) => ({ Id: id, Port: port })),
  });
  let descriptions: readonly TargetHealthDescription[];
  try {
    descriptions =
      (await client.send(command, { abortSignal: signal })).TargetHealthDescriptions ?? [];
  } catch (error) {
    if (error instanceof Error && meansGone.has(error.name)) {
      // InvalidTarget does not say which target it means: with several, each is asked alone.
      if (error.name === "InvalidTargetException" && targets.length > 1)
        return readEachAlone(client, targets, signal);
      return targets.map((target) => ({ target, state: "gone", reason: undefined }));
    }
    throw targetHealthErrorOf(
      error,
      "elasticloadbalancing:DescribeTargetHealth",
      groupLabelOf(targetGroupArn),
    );
  }
  const readings = targets.flatMap((target) => readingOf(target, descriptions));
  if (readings.length === 0)
    throw noAnswerError(
      "elasticloadbalancing:DescribeTargetHealth",
      `a known state of ${targets.map(labelOf).join(", ")}`,
    );
  return readings;
}

async function readEachAlone(
  client: TargetHealthClient,
  targets: readonly Target[],
  signal: AbortSignal,
): Promise<readonly TargetHealth[]> {
  const settled = await Promise.allSettled(
    targets.map((target) => readTargetHealth(client, [target], signal)),
  );
  const readings = settled.flatMap((each) => (each.status === "fulfilled" ? each.value : []));
  const failed = settled.find((each) => each.status === "rejected")?.reason;
  if (failed instanceof TargetHealthError) {
    const { code, transient, message, fix, cause } = failed;
    // An answer that lacks one target is no fault where there are others, here as in one call for all.
    if (code === "no-answer" && readings.length > 0) return readings;
    throw new TargetHealthError(code, transient, message, fix, { cause, readings });
  }
  if (failed !== undefined) throw failed;
  return readings;
}

function readingOf(
  target: Target,
  descriptions: readonly TargetHealthDescription[],
): readonly TargetHealth[] {
  const id = canonicalIdOf(target.id);
  const found = descriptions.find(
    ({ Target: seen }) =>
      seen?.Id !== undefined && canonicalIdOf(seen.Id) === id && seen.Port === target.port,
  );
  const state = found?.TargetHealth?.State;
  if (state === undefined || !states.has(state)) return [];
  const reason = found?.TargetHealth?.Reason;
  return [
    {
      target,
      state: state === "unused" && reason === "Target.NotRegistered" ? "gone" : state,
      reason,
    },
  ];
}
