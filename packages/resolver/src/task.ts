// A task, as the task metadata endpoint tells of it.

/**
 * How the task's containers are connected. `bridge` stands for every network that is none of the other three: the endpoint
 * gives the name of docker's network, which is `bridge` on Linux, `nat` on Windows, `container:<id>` behind Service Connect,
 * or one of the operator's own, and in each of them a container is reached by a published host port.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html#network_mode
 */
export type NetworkMode = "awsvpc" | "bridge" | "host" | "none";

/** One published port of a container. In `awsvpc` and `host` mode the endpoint lists none. */
export interface ContainerPort {
  readonly containerPort: number;
  readonly hostPort: number;
  /** The host's address that it is bound to: `0.0.0.0`, `::`; undefined where the agent is too old to say. */
  readonly hostIp: string | undefined;
  /** `tcp` or `udp`. */
  readonly protocol: string | undefined;
}

/** One container of the task. Those whose image is not pulled yet are not listed by the endpoint. */
export interface Container {
  readonly name: string;
  /** `NORMAL` is one of the task definition; others, such as `CNI_PAUSE`, are the agent's own. */
  readonly type: string;
  /** `NONE`, `PULLED`, `CREATED`, `RUNNING`, `STOPPED`, ...; a stopped container stays listed. */
  readonly knownStatus: string;
  /** One container port may stand there twice, for IPv4 and IPv6; a range is listed port by port. */
  readonly ports: readonly ContainerPort[];
}

/**
 * The task that this process is a part of.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-response.html
 */
export interface Task {
  /** `arn:aws:ecs:eu-west-1:111122223333:task/web/158d1c8083dd49d6b527399fd6414f5c` */
  readonly arn: string;
  /** The cluster's name, or its ARN (Fargate); ECS takes either. */
  readonly cluster: string;
  /** Copied from the task's ARN: `eu-west-1`. */
  readonly region: string;
  /** Copied from the task's ARN: `aws`, `aws-cn`, `aws-us-gov`, ... */
  readonly partition: string;
  /** For people and logs: not every agent gives it, and ECS is asked anyhow. */
  readonly serviceName: string | undefined;
  readonly networkMode: NetworkMode;
  /** The primary one first. In `bridge` mode those of docker's network, under which nothing is registered. */
  readonly ipv4Addresses: readonly string[];
  /** In the canonical text form: `2001:db8::1`. */
  readonly ipv6Addresses: readonly string[];
  /** In no order that means anything. */
  readonly containers: readonly Container[];
}
