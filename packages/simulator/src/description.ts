// The description of a world: one ECS service, its tasks and its target groups. Plain data, so that it can be JSON.

/** ECS's network modes. @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html */
export type NetworkMode = "awsvpc" | "bridge" | "host" | "none";

/** ECS's launch types. @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html */
export type LaunchType = "FARGATE" | "EC2" | "EXTERNAL" | "MANAGED_INSTANCES";

/** One container of the task definition. */
export interface ContainerDefinition {
  readonly name: string;
  /** True by default, as in ECS. */
  readonly essential?: boolean;
  /** Honoured at start, and reversed at stop: a container is signalled only when every one that depends on it has stopped. */
  readonly dependsOn?: readonly {
    readonly containerName: string;
    readonly condition: "START" | "HEALTHY" | "COMPLETE" | "SUCCESS";
  }[];
  /** From SIGTERM to SIGKILL; 30,000 by default. */
  readonly stopTimeoutMs?: number;
  readonly portMappings?: readonly PortMapping[];
  readonly restartPolicy?: {
    readonly ignoredExitCodes?: readonly number[];
    /** A container that ran for less than this is not restarted; 300,000 by default. */
    readonly restartAttemptPeriodMs?: number;
  };
  /** How long its image is pulled; 0 by default. Until then the metadata endpoint does not list it. */
  readonly pullMs?: number;
  /** From created to running; 0 by default. Until then it has no network settings. */
  readonly startMs?: number;
  /** From running to healthy, for those that depend on it by `HEALTHY`; 0 by default. */
  readonly healthyAfterMs?: number;
  /**
   * A simulated container: exits with 0 this long after SIGTERM. Left out, it is run by somebody else, who tells the world by
   * `containerExited`; SIGKILL ends it in either case, with 137.
   */
  readonly stopsAfterMs?: number;
}

/** A port mapping. In bridge mode `hostPort` 0 or absent is a dynamic one; a range gives dynamic host ports. */
export interface PortMapping {
  readonly containerPort?: number;
  /** `8000-8002`; excludes `containerPort`. */
  readonly containerPortRange?: string;
  readonly hostPort?: number;
  readonly protocol?: "tcp" | "udp";
  /** Bridge mode, old agents: another host port for `::` than for `0.0.0.0`. */
  readonly hostPortV6?: number;
}

/** A target group and its behaviour in time. */
export interface TargetGroupDescription {
  /** The name in its ARN: `targetgroup/<name>/<16 hex digits>`; names are unique. */
  readonly name: string;
  /** `ip` for awsvpc, else `instance`, by default. */
  readonly targetType?: "ip" | "instance";
  readonly ipAddressType?: "ipv4" | "ipv6";
  /** `TCP` by default. */
  readonly protocol?: "TCP" | "TLS" | "UDP" | "TCP_UDP" | "QUIC" | "TCP_QUIC" | "HTTP" | "HTTPS";
  readonly port?: number;
  /** `deregistration_delay.timeout_seconds`; 300,000 by default. */
  readonly deregistrationDelayMs?: number;
  /** `deregistration_delay.connection_termination.enabled`; false by default, true for UDP and TCP_UDP. */
  readonly connectionTermination?: boolean;
  /** `target_health_state.unhealthy.connection_termination.enabled`; true by default. */
  readonly unhealthyConnectionTermination?: boolean;
  /** `target_health_state.unhealthy.draining_interval_seconds`; 0 by default. */
  readonly unhealthyDrainingIntervalMs?: number;
  /** Whether a listener forwards to it; true by default. Otherwise its targets are `unused` with `Target.NotInUse`. */
  readonly inUse?: boolean;
  /** From registration to the end of `Elb.RegistrationInProgress`; 0 by default. */
  readonly registrationMs?: number;
  /** From then to `healthy`; 10,000 by default. */
  readonly initialHealthCheckMs?: number;
  /** From the stop of the target's container to `unhealthy`; 20,000 by default. */
  readonly unhealthyAfterMs?: number;
  /** How much longer than `healthy` the load balancer takes to send new connections; 0 by default. */
  readonly registrationLagMs?: number;
  /** For how long after a deregistration (or a listener's change) the load balancer goes on sending new connections; 0 by default. */
  readonly deregistrationLagMs?: number;
  /** DescribeTargetHealth answers as it was so long ago; 0 by default. */
  readonly healthLagMs?: number;
}

/** An entry of the service's `loadBalancers`. */
export interface LoadBalancerEntry {
  /** The name of a described target group; absent for a Classic Load Balancer. */
  readonly targetGroup?: string;
  /** A Classic Load Balancer's name. */
  readonly loadBalancerName?: string;
  /** The name of a described target group: ECS's own blue/green pair. */
  readonly alternateTargetGroup?: string;
  readonly containerName: string;
  readonly containerPort: number;
}

/**
 * How the service is deployed:
 *
 * - `ROLLING`: the ECS controller; new tasks in the same target groups.
 * - `BLUE_GREEN`: the ECS controller; revisions alternate between `targetGroup` and `alternateTargetGroup`.
 * - `CODE_DEPLOY`, `EXTERNAL`: task sets; each has one entry of `loadBalancers` in turn.
 */
export type DeploymentKind = "ROLLING" | "BLUE_GREEN" | "CODE_DEPLOY" | "EXTERNAL";

/** What a world is made of. Everything has a default: `{}` is one Fargate task behind one target group. */
export interface WorldDescription {
  /** `aws` by default. */
  readonly partition?: string;
  /** `eu-west-1` by default. */
  readonly region?: string;
  /** `111122223333` by default. */
  readonly account?: string;
  /** The cluster's name; `default` by default. */
  readonly cluster?: string;
  /** Whether the metadata endpoint gives the cluster as ARN (Fargate's way) or by name (the ECS agent's); by launch type if left out. */
  readonly clusterInMetadata?: "arn" | "name";
  /** The service's name, `web` by default; null: tasks that no service started. */
  readonly service?: string | null;
  /** Whether the metadata endpoint tells `ServiceName`; false by default. */
  readonly serviceNameInMetadata?: boolean;
  readonly family?: string;
  /** `awsvpc` by default. */
  readonly networkMode?: NetworkMode;
  /** `FARGATE` for awsvpc and none, else `EC2`, by default. */
  readonly launchType?: LaunchType;
  /** `app` on port 8080 and `nlb-sidecar`, both essential, by default. */
  readonly containers?: readonly ContainerDefinition[];
  /** One, `web`, by default. */
  readonly targetGroups?: readonly TargetGroupDescription[];
  /** By default one entry for each target group, all with the first container's first port. */
  readonly loadBalancers?: readonly LoadBalancerEntry[];
  /** `ROLLING` by default. */
  readonly deployment?: DeploymentKind;
  /** Tasks that stand at the beginning, running and healthy; 1 by default. */
  readonly tasks?: number;
  /** In awsvpc: the addresses of the tasks, in the order of their start; then 10.0.2.61, 10.0.2.62, .... */
  readonly addresses?: readonly { readonly ipv4?: string; readonly ipv6?: string }[];
  /** In awsvpc, for tasks without one in `addresses`: IPv4, both, or IPv6 alone; `ipv4` by default. */
  readonly addressFamily?: "ipv4" | "dualstack" | "ipv6";
  /** Where there are container instances: theirs, taken in turn by the tasks. One by default. */
  readonly containerInstances?: readonly {
    readonly ec2InstanceId: string;
    readonly privateIpv4?: string;
    readonly ipv6?: string;
  }[];
  /** In bridge mode: dynamic host ports in the order of their use; then 32768, 32769, .... */
  readonly hostPorts?: readonly number[];
  /** How long a task whose containers all run is ACTIVATING before ECS registers its targets; 0 by default. */
  readonly registrationDelayMs?: number;
  /** ECS sees a target `unused` and goes on to stop the containers so much later; 0 by default. */
  readonly schedulerLagMs?: number;
  /** How long a stopped task's network interface takes to go (DEPROVISIONING); 0 by default. */
  readonly deprovisioningMs?: number;
  /** ECS's API answers as it was so long ago; 0 by default. */
  readonly apiLagMs?: number;
  /** Blue/green and CODE_DEPLOY: from the new tasks' health to the traffic shift; 0 by default (ECS pauses 10 min with an NLB). */
  readonly trafficShiftMs?: number;
  /** Blue/green and CODE_DEPLOY: from the shift to the stop of the old tasks; 0 by default. */
  readonly bakeMs?: number;
  /** `documented`: the account's token buckets as AWS documents them; `off` by default. */
  readonly throttling?: "off" | "documented";
  /** What else in the account calls, a second: takes tokens out of the same buckets. */
  readonly otherCallsPerSecond?: { readonly [bucket in BucketName]?: number };
  /** The metadata endpoint's requests a second and burst; 40 and 60 by default, as the ECS agent's. Null: none. */
  readonly metadataRateLimit?: { readonly perSecond: number; readonly burst: number } | null;
  /** How long credentials hold; 21,600,000 (6 h) by default. */
  readonly credentialsLifetimeMs?: number;
}

/**
 * The token buckets of an account in a region.
 *
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html
 * @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html
 * @see https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
 */
export type BucketName =
  | "elasticloadbalancing:all"
  | "elasticloadbalancing:read"
  | "elasticloadbalancing:registration"
  | "ecs:cluster-read"
  | "ecs:service-read"
  | "ec2:read";
