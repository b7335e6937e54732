// The package's face: which targets a task is registered under, and what ECS wants of the task.

export type { ContainerInstance, LoadBalancerEntry, Placement, TaskSet } from "./placement.ts";
export type { InstanceClient } from "./read-instance.ts";
export { type PlacementClient, readPlacement } from "./read-placement.ts";
export { type Fetch, readTask } from "./read-task.ts";
export type { TaskClient } from "./read-task-record.ts";
export { readTaskStatus, type TaskStatus } from "./read-task-status.ts";
export {
  type Resolution,
  type ResolutionGround,
  type ResolverNotice,
  resolutionOf,
  type TargetChoice,
  targetsOf,
} from "./resolution.ts";
export { type PlacementClients, resolveTargets } from "./resolve-targets.ts";
export { ResolverError, type ResolverErrorCode } from "./resolver-error.ts";
export type { Container, ContainerPort, NetworkMode, Task } from "./task.ts";
