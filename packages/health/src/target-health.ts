// A reading: what Elastic Load Balancing said of one target, at one moment.

import type {
  TargetHealthReasonEnum,
  TargetHealthStateEnum,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Target } from "./target.ts";

/**
 * One target's health as it was read. `gone` is ours: the target is not registered (any more), its address means nothing
 * to the target group, or the target group itself is deleted.
 *
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
 */
export interface TargetHealth {
  readonly target: Target;
  readonly state: TargetHealthStateEnum | "gone";
  /** Undefined where Elastic Load Balancing gives none, as for `healthy`. */
  readonly reason: TargetHealthReasonEnum | undefined;
}
