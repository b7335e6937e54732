// A description with its defaults filled in, and its contradictions found.

import type {
  ContainerDefinition,
  LoadBalancerEntry,
  TargetGroupDescription,
  WorldDescription,
} from "./description.ts";

/** A description without gaps. */
export type ResolvedDescription = Required<
  Omit<WorldDescription, "containers" | "targetGroups" | "loadBalancers">
> & {
  readonly containers: readonly ResolvedContainer[];
  readonly targetGroups: readonly ResolvedTargetGroup[];
  readonly loadBalancers: readonly LoadBalancerEntry[];
};

/** A container definition without gaps, but for `stopsAfterMs` and `restartPolicy`, whose absence means something. */
export type ResolvedContainer = Required<
  Omit<ContainerDefinition, "stopsAfterMs" | "restartPolicy">
> &
  Pick<ContainerDefinition, "stopsAfterMs" | "restartPolicy">;

/** A target group's description without gaps. */
export type ResolvedTargetGroup = Required<TargetGroupDescription>;

const app: ContainerDefinition = { name: "app", portMappings: [{ containerPort: 8080 }] };

/**
 * Fills in the defaults.
 *
 * @throws RangeError for names that are used twice or mean nothing, and for containers that depend on each other in a circle.
 */
export function resolveDescription(given: WorldDescription): ResolvedDescription {
  const networkMode = given.networkMode ?? "awsvpc";
  const fargate = networkMode === "awsvpc" || networkMode === "none";
  const launchType = given.launchType ?? (fargate ? "FARGATE" : "EC2");
  const containers = (given.containers ?? [app, { name: "nlb-sidecar" }]).map(resolveContainer);
  const targetGroups = (
    given.targetGroups ?? (networkMode === "none" ? [] : [{ name: "web" }])
  ).map((group) => resolveTargetGroup(group, networkMode === "awsvpc" ? "ip" : "instance"));
  const first = containers.find(({ portMappings }) => portMappings.length > 0);
  const loadBalancers =
    given.loadBalancers ??
    targetGroups.map(({ name }) => ({
      targetGroup: name,
      containerName: first?.name ?? "app",
      containerPort: first?.portMappings[0]?.containerPort ?? 8080,
    }));

  const resolved: ResolvedDescription = {
    partition: given.partition ?? "aws",
    region: given.region ?? "eu-west-1",
    account: given.account ?? "111122223333",
    cluster: given.cluster ?? "default",
    clusterInMetadata: given.clusterInMetadata ?? (launchType === "FARGATE" ? "arn" : "name"),
    service: given.service === undefined ? "web" : given.service,
    serviceNameInMetadata: given.serviceNameInMetadata ?? false,
    family: given.family ?? "web",
    networkMode,
    launchType,
    containers,
    targetGroups,
    loadBalancers,
    deployment: given.deployment ?? "ROLLING",
    tasks: given.tasks ?? 1,
    addresses: given.addresses ?? [],
    addressFamily: given.addressFamily ?? "ipv4",
    containerInstances: given.containerInstances ?? [
      { ec2InstanceId: "i-0a1b2c3d4e5f60718", privateIpv4: "10.0.1.10" },
    ],
    hostPorts: given.hostPorts ?? [],
    registrationDelayMs: given.registrationDelayMs ?? 0,
    schedulerLagMs: given.schedulerLagMs ?? 0,
    deprovisioningMs: given.deprovisioningMs ?? 0,
    apiLagMs: given.apiLagMs ?? 0,
    trafficShiftMs: given.trafficShiftMs ?? 0,
    bakeMs: given.bakeMs ?? 0,
    throttling: given.throttling ?? "off",
    otherCallsPerSecond: given.otherCallsPerSecond ?? {},
    metadataRateLimit:
      given.metadataRateLimit === undefined
        ? { perSecond: 40, burst: 60 }
        : given.metadataRateLimit,
    credentialsLifetimeMs: given.credentialsLifetimeMs ?? 21_600_000,
  };
  refuseContradictions(resolved);
  return resolved;
}

function resolveContainer(given: ContainerDefinition): ResolvedContainer {
  return {
    essential: true,
    dependsOn: [],
    stopTimeoutMs: 30_000,
    portMappings: [],
    pullMs: 0,
    startMs: 0,
    healthyAfterMs: 0,
    ...given,
  };
}

function resolveTargetGroup(
  given: TargetGroupDescription,
  targetType: "ip" | "instance",
): ResolvedTargetGroup {
  const protocol = given.protocol ?? "TCP";
  return {
    targetType,
    ipAddressType: "ipv4",
    protocol,
    port: 80,
    deregistrationDelayMs: 300_000,
    // Elastic Load Balancing's own default for new target groups of these protocols.
    connectionTermination: protocol === "UDP" || protocol === "TCP_UDP",
    unhealthyConnectionTermination: true,
    unhealthyDrainingIntervalMs: 0,
    inUse: true,
    registrationMs: 0,
    initialHealthCheckMs: 10_000,
    unhealthyAfterMs: 20_000,
    registrationLagMs: 0,
    deregistrationLagMs: 0,
    healthLagMs: 0,
    ...given,
  };
}

/** @throws RangeError where an entry names a target group that is not described. */
export function refuseUnknownTargetGroups(
  entries: readonly LoadBalancerEntry[],
  targetGroups: readonly ResolvedTargetGroup[],
): void {
  const known = new Set(targetGroups.map(({ name }) => name));
  for (const { targetGroup, alternateTargetGroup } of entries)
    for (const name of [targetGroup, alternateTargetGroup])
      if (name !== undefined && !known.has(name))
        throw new RangeError(
          `A load balancer entry names the target group ${name}, which is not described`,
        );
}

function refuseContradictions({
  containers,
  targetGroups,
  loadBalancers,
}: ResolvedDescription): void {
  const names = containers.map(({ name }) => name);
  for (const all of [names, targetGroups.map(({ name }) => name)])
    for (const [index, name] of all.entries())
      if (all.indexOf(name) !== index) throw new RangeError(`The name ${name} is used twice`);
  refuseUnknownTargetGroups(loadBalancers, targetGroups);

  const free = new Set<string>();
  for (let before = -1; before !== free.size; ) {
    before = free.size;
    for (const { name, dependsOn } of containers) {
      for (const { containerName } of dependsOn)
        if (!names.includes(containerName))
          throw new RangeError(
            `${name} depends on the container ${containerName}, which is not described`,
          );
      if (dependsOn.every(({ containerName }) => free.has(containerName))) free.add(name);
    }
  }
  const circle = names.filter((name) => !free.has(name));
  if (circle.length > 0)
    throw new RangeError(`The containers ${circle.join(", ")} depend on each other in a circle`);
}
