// What happens in a world, for whoever runs its containers, carries its connections or prints its timeline.

/** A target's identity: one registration in one target group. */
export interface Target {
  readonly targetGroupArn: string;
  /** An address, or an EC2 instance id. */
  readonly id: string;
  readonly port: number;
}

/** ECS's task states. @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html */
export type TaskLastStatus =
  | "PROVISIONING"
  | "PENDING"
  | "ACTIVATING"
  | "RUNNING"
  | "DEACTIVATING"
  | "STOPPING"
  | "DEPROVISIONING"
  | "STOPPED";

/** The metadata endpoint's container states; `NONE` is a container whose image is still pulled. */
export type ContainerStatus = "NONE" | "PULLED" | "CREATED" | "RUNNING" | "STOPPED";

/** Elastic Load Balancing's target states. @see https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html */
export type TargetState =
  | "initial"
  | "healthy"
  | "unhealthy"
  | "unhealthy.draining"
  | "unused"
  | "draining"
  | "unavailable";

/** A target's health as DescribeTargetHealth would tell it. `reason` and `description` are undefined where it tells none. */
export interface TargetHealth {
  readonly state: TargetState;
  readonly reason: string | undefined;
  readonly description: string | undefined;
}

/**
 * One change, at `atMs` on the world's clock:
 *
 * - `container`: a container's status changed. `RUNNING`: whoever runs containers starts it now.
 * - `signal`: a container gets a signal now.
 * - `task`: a task's statuses changed.
 * - `target`: a target's health changed.
 * - `routing`: the load balancer begins, or ceases, to send new connections to a target.
 * - `flows-reset`: the load balancer resets every connection that it holds open to a target.
 */
export type WorldEvent = { readonly atMs: number } & (
  | {
      readonly kind: "container";
      readonly taskArn: string;
      readonly container: string;
      readonly status: ContainerStatus;
      readonly exitCode?: number;
    }
  | {
      readonly kind: "signal";
      readonly taskArn: string;
      readonly container: string;
      readonly signal: "SIGTERM" | "SIGKILL";
    }
  | {
      readonly kind: "task";
      readonly taskArn: string;
      readonly desiredStatus: "RUNNING" | "STOPPED";
      readonly lastStatus: TaskLastStatus;
    }
  | { readonly kind: "target"; readonly target: Target; readonly health: TargetHealth }
  | { readonly kind: "routing"; readonly target: Target; readonly routed: boolean }
  | { readonly kind: "flows-reset"; readonly target: Target }
);
