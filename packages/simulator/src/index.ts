// The package's face: a world, its clock, and the ways to talk to it.

export { answer } from "./answer.ts";
export type { Call } from "./call.ts";
export { type Clock, realClock } from "./clock.ts";
export { createWorld } from "./create-world.ts";
export type {
  BucketName,
  ContainerDefinition,
  DeploymentKind,
  LaunchType,
  LoadBalancerEntry,
  NetworkMode,
  PortMapping,
  TargetGroupDescription,
  WorldDescription,
} from "./description.ts";
export { environmentOf } from "./environment.ts";
export type { Fault, FaultKind } from "./fault.ts";
export {
  fetchOf,
  type InProcessFetch,
  type InProcessRequestHandler,
  requestHandlerOf,
} from "./in-process.ts";
export {
  type Flow,
  type FlowEnd,
  type FlowEvent,
  type Listener,
  type ListenerOptions,
  type ListenerTarget,
  openListener,
} from "./listener.ts";
export { serve, type WorldServer } from "./serve.ts";
export { type SimulatedClock, simulatedClock } from "./simulated-clock.ts";
export type { Delivery, WireAnswer, WireRequest } from "./wire.ts";
export type {
  ContainerView,
  Deployment,
  StopCause,
  TaskView,
  World,
  WorldMeans,
} from "./world.ts";
export type {
  ContainerStatus,
  Target,
  TargetHealth,
  TargetState,
  TaskLastStatus,
  WorldEvent,
} from "./world-event.ts";
