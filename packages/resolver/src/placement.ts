// Where a task stands: its service's target groups, and the container instance under it.

/**
 * One container port that the service has registered with one target group. The alternate target group of a blue/green
 * service is an entry of its own; an entry of a classic load balancer is none.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LoadBalancer.html
 */
export interface LoadBalancerEntry {
  readonly targetGroupArn: string;
  readonly containerName: string;
  readonly containerPort: number;
}

/** A task set of a service with the CODE_DEPLOY or EXTERNAL deployment controller. */
export interface TaskSet {
  /** `ecs-svc/1234567890123456789` */
  readonly id: string;
  readonly loadBalancers: readonly LoadBalancerEntry[];
}

/** The EC2 instance under a task in `bridge` or `host` mode. */
export interface ContainerInstance {
  /** `i-0abc1234def567890` */
  readonly ec2InstanceId: string;
  /** Known only where a target group of type `ip` wants it. */
  readonly privateIpv4Address: string | undefined;
  /** In the canonical text form; known only where a target group of type `ip` wants it. */
  readonly ipv6Address: string | undefined;
}

/** What ECS says of a task's registrations. Holds for the task's life: a later change of the service is for later tasks. */
export interface Placement {
  readonly serviceName: string;
  /** The deployment or task set that started the task: `ecs-svc/1234567890123456789`. */
  readonly startedBy: string | undefined;
  readonly loadBalancers: readonly LoadBalancerEntry[];
  readonly taskSets: readonly TaskSet[];
  /** Undefined in `awsvpc` mode, where it plays no part, and where there is no entry. */
  readonly containerInstance: ContainerInstance | undefined;
}

/**
 * Every entry that the task may be registered by, once each: the service's, and those of the task set that started the
 * task, or of all task sets where none says so. Which of a blue/green pair it is cannot be told, and need not be: in the
 * other one the task is just never seen.
 */
export function entriesOf(placement: Placement): readonly LoadBalancerEntry[] {
  const own = placement.taskSets.filter(({ id }) => id === placement.startedBy);
  const taskSets = own.length > 0 ? own : placement.taskSets;
  const entries = [...placement.loadBalancers, ...taskSets.flatMap((set) => set.loadBalancers)];
  return entries.filter(
    (entry, index) =>
      entries.findIndex(
        (other) =>
          other.targetGroupArn === entry.targetGroupArn &&
          other.containerName === entry.containerName &&
          other.containerPort === entry.containerPort,
      ) === index,
  );
}
