// What a world is to those who use it: one ECS service, its tasks and its load balancer.

import type { Call } from "./call.ts";
import type { Clock } from "./clock.ts";
import type { NetworkMode, WorldDescription } from "./description.ts";
import type { Fault } from "./fault.ts";
import type {
  ContainerStatus,
  Target,
  TargetHealth,
  TaskLastStatus,
  WorldEvent,
} from "./world-event.ts";

/** What a world stands on. `random` gives 0 to below 1, and decides ids, shares of faults and other callers. */
export interface WorldMeans {
  readonly clock: Clock;
  readonly random: () => number;
  /** The wall clock's time, since 1970, at `clock.now() === 0`; this process's start by default, which holds for `realClock`. */
  readonly epochMs?: number;
}

/**
 * Why a task is stopped:
 *
 * - `service`: scale-in or deployment. Deregisters, waits for `unused`, then signals.
 * - `stop-task`: StopTask. Signals at once, deregisters in parallel.
 * - `spot`: Fargate Spot takes it back. As `stop-task`, with another stop code.
 */
export type StopCause = "service" | "stop-task" | "spot";

/** A task as it is now. */
export interface TaskView {
  readonly arn: string;
  /** The last part of its ARN: 32 hex digits. */
  readonly id: string;
  readonly desiredStatus: "RUNNING" | "STOPPED";
  readonly lastStatus: TaskLastStatus;
  readonly stopCode: string | undefined;
  readonly networkMode: NetworkMode;
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
  /** Where it runs on one: the instance of its target id in bridge and host mode. */
  readonly ec2InstanceId: string | undefined;
  /** `ecs-svc/<digits>`: its deployment's or task set's. */
  readonly startedBy: string | undefined;
  readonly containers: readonly ContainerView[];
  /** Where it is, or was, or will be registered. */
  readonly targets: readonly Target[];
}

/** A container of a task as it is now. */
export interface ContainerView {
  readonly name: string;
  /** The id in the paths of its own metadata endpoint: `/v4/<id>`. */
  readonly endpointId: string;
  readonly status: ContainerStatus;
  readonly exitCode: number | undefined;
  /** In bridge mode, once it runs; in awsvpc and host mode the container's own ports. */
  readonly ports: readonly {
    readonly containerPort: number;
    readonly hostPort: number;
    readonly protocol: "tcp" | "udp";
    readonly hostIp: string;
  }[];
}

/** A deployment that began. */
export interface Deployment {
  /** `ecs-svc/<digits>` */
  readonly id: string;
  readonly started: readonly string[];
  readonly replaced: readonly string[];
}

/**
 * A world. Reading it first lets everything happen that the clock's time made due; it has no timer of its own. Where
 * something must happen though nobody reads (signals to real containers), `run` reads when it is time.
 *
 * Every method that takes a task's ARN takes its id too, and throws a RangeError for a task that the world does not have;
 * likewise for target groups and their names.
 */
export interface World {
  readonly clock: Clock;
  readonly random: () => number;
  /** The wall clock's time, since 1970, at a moment of the world's clock. */
  wallMs(atMs: number): number;
  readonly description: WorldDescription;
  /** The ARN of the cluster; of the service, if there is one. */
  readonly clusterArn: string;
  readonly serviceArn: string | undefined;
  /** By name, in the order described. */
  readonly targetGroupArns: { readonly [name: string]: string };

  /** Every call so far, in order. */
  readonly calls: readonly Call[];
  /** Every change so far, in order; those at one moment in the order in which they happened. */
  events(): readonly WorldEvent[];
  /** Calls `listener` with every change from now on, once each; gives what ends that. */
  onEvent(listener: (event: WorldEvent) => void): () => void;
  /** When the next change is due, on the world's clock; undefined: none without somebody doing something. */
  nextChangeMs(): number | undefined;
  /** Lets due changes happen until `signal` fires. Needed only for changes that nobody reads. */
  run(signal: AbortSignal): Promise<void>;

  /** All tasks in the order of their start, stopped ones too. */
  tasks(): readonly TaskView[];
  task(taskArn: string): TaskView;
  /** As DescribeTasks would tell it (`apiLagMs` counts). */
  taskStatus(taskArn: string): {
    readonly desiredStatus: "RUNNING" | "STOPPED";
    readonly lastStatus: TaskLastStatus;
  };
  /** As DescribeTargetHealth would tell it (`healthLagMs` and scripted states count); undefined: the target group is deleted. */
  targetHealth(targetGroupArn: string, id: string, port: number): TargetHealth | undefined;
  /** The targets that have a state other than `Target.NotRegistered`, as DescribeTargetHealth lists them without a filter. */
  targets(targetGroupArn: string): readonly Target[];
  /** The targets that may get NEW connections now: healthy ones (all, where none is healthy), and those whose deregistration has not reached the data plane. */
  routes(targetGroupArn: string): readonly Target[];

  /** Starts a deployment: new tasks, which replace the present ones once they are healthy, by the rules of the service's deployment kind. */
  deploy(): Deployment;
  /** Starts one more task, outside of a deployment. */
  startTask(): TaskView;
  stopTask(taskArn: string, cause: StopCause): void;
  /** Tells that a container's process ended. Ignored for one that has stopped already. */
  containerExited(taskArn: string, container: string, exitCode: number): void;

  /** Registers by hand (or again). The state goes `initial`, then `healthy`. */
  registerTarget(target: Target): void;
  /** Deregisters by hand. Ignored where it is not registered, as Elastic Load Balancing ignores it. */
  deregisterTarget(target: Target): void;
  /** What the target's health checks find from now on. */
  setHealthChecks(target: Target, finding: "passing" | "failing"): void;
  /** What DescribeTargetHealth tells from now on, whatever is true; undefined: the truth again. */
  setTargetHealth(
    target: Target,
    health:
      | { readonly state: string; readonly reason?: string; readonly description?: string }
      | undefined,
  ): void;
  /** Whether a listener forwards to it, from now on. */
  setInUse(targetGroupArn: string, inUse: boolean): void;
  /** Deletes a target group, its registrations with it; the service keeps naming it. */
  deleteTargetGroup(targetGroupArn: string): void;
  /** Changes entries of the service's `loadBalancers`, as UpdateService does; the tasks keep their targets. */
  setLoadBalancers(entries: NonNullable<WorldDescription["loadBalancers"]>): void;

  /** Sets a fault; gives what ends it. */
  fault(fault: Fault): () => void;
}
