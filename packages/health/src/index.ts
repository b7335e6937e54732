// The package's face: reading target health, and polling it.

export { type CallFault, type CallFaultCode, callFaultOf } from "./call-fault.ts";
export { type DeregistrationClient, deregisterTargets } from "./deregister-targets.ts";
export { type Clock, poll, type Round, type Source, type Wish } from "./poll.ts";
export {
  readDeregistrationDelay,
  type TargetGroupAttributesClient,
} from "./read-deregistration-delay.ts";
export { readTargetHealth, type TargetHealthClient } from "./read-target-health.ts";
export {
  nextRound,
  type RoundOutcome,
  type Schedule,
  type SourcePace,
  scheduleOf,
} from "./schedule.ts";
export { canonicalIdOf, groupLabelOf, labelOf, sameTarget, type Target } from "./target.ts";
export { readTargetGroups, type TargetGroup, type TargetGroupClient } from "./target-group.ts";
export type { TargetHealth } from "./target-health.ts";
export { TargetHealthError } from "./target-health-error.ts";
