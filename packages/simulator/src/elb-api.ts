// Elastic Load Balancing's API, version 2, over the query protocol.

import { ApiError } from "./api-error.ts";
import type { TargetGroup } from "./load-balancer.ts";
import type { Model } from "./model.ts";
import { listOf, type QueryParameters, structuresOf } from "./query-parameters.ts";
import type { Target } from "./world-event.ts";
import type { XmlTree } from "./xml.ts";

/** An action: what its result element holds, and what it was asked about. */
export type ElbAction = (model: Model, parameters: QueryParameters) => XmlTree;

const isThere = ({ deletedMs }: TargetGroup, model: Model): boolean =>
  deletedMs === undefined || deletedMs > model.nowMs();

function requireGroup(model: Model, parameters: QueryParameters): TargetGroup {
  const arn = parameters.get("TargetGroupArn");
  if (!arn) throw new ApiError(400, "ValidationError", "A target group ARN must be specified");
  if (!/^arn:[^:]+:elasticloadbalancing:[^:]+:\d{12}:targetgroup\/[^/]+\/[^/]+$/.test(arn))
    throw new ApiError(400, "ValidationError", `'${arn}' is not a valid target group ARN`);
  const group = model.loadBalancer.groups.find((each) => each.arn === arn && isThere(each, model));
  if (group === undefined)
    throw new ApiError(400, "TargetGroupNotFound", `Target groups '${arn}' not found`);
  return group;
}

// What a target's id must look like follows from its group; which instances there are, from the world.
function requireTargets(
  model: Model,
  group: TargetGroup,
  parameters: QueryParameters,
): readonly Target[] {
  const { targetType, ipAddressType, port } = group.described;
  return structuresOf(parameters, "Targets.member").map((structure) => {
    const id = structure.get("Id") ?? "";
    if (targetType === "instance") {
      if (!/^i-[0-9a-f]+$/.test(id))
        throw new ApiError(400, "ValidationError", `Instance ID '${id}' is not valid`);
      const known =
        model.scheduler.instances.some(({ ec2InstanceId }) => ec2InstanceId === id) ||
        [...group.registrations.keys()].some((key) => key.startsWith(`${id} `));
      if (!known)
        throw new ApiError(400, "InvalidTarget", `The following targets are not valid: '${id}'`);
    } else {
      const isV6 = id.includes(":");
      if (!/^[0-9a-fA-F:.]+$/.test(id) || isV6 !== (ipAddressType === "ipv6"))
        throw new ApiError(
          400,
          "ValidationError",
          `The IP address '${id}' is not a valid ${ipAddressType === "ipv6" ? "IPv6" : "IPv4"} address`,
        );
    }
    // Without a port the target group's own is meant, which is rarely the one that ECS registered.
    return { targetGroupArn: group.arn, id, port: Number(structure.get("Port") ?? port) };
  });
}

const describeTargetHealth: ElbAction = (model, parameters) => {
  const group = requireGroup(model, parameters);
  const asked = requireTargets(model, group, parameters);
  const targets = asked.length > 0 ? asked : model.loadBalancer.listed(group);
  return {
    TargetHealthDescriptions: targets.map((target): XmlTree => {
      const told = model.loadBalancer.told(target);
      return {
        HealthCheckPort: target.port,
        Target: { Id: target.id, Port: target.port },
        TargetHealth: { State: told?.state, Reason: told?.reason, Description: told?.description },
      };
    }),
  };
};

const describeTargetGroups: ElbAction = (model, parameters) => {
  const arns = listOf(parameters, "TargetGroupArns.member");
  const names = listOf(parameters, "Names.member");
  if (arns.length > 20)
    throw new ApiError(
      400,
      "ValidationError",
      "Cannot describe more than 20 target groups at a time",
    );
  const { groups } = model.loadBalancer;
  const find = (asked: string): TargetGroup => {
    const group = groups.find(
      (each) => (each.arn === asked || each.described.name === asked) && isThere(each, model),
    );
    if (group === undefined)
      throw new ApiError(400, "TargetGroupNotFound", "One or more target groups not found");
    return group;
  };
  const asked = [...arns, ...names];
  const found = asked.length > 0 ? asked.map(find) : groups.filter((each) => isThere(each, model));
  const { partition, region, account } = model.description;
  return {
    TargetGroups: found.map(({ arn, described, inUse }) => ({
      TargetGroupArn: arn,
      TargetGroupName: described.name,
      Protocol: described.protocol,
      Port: described.port,
      VpcId: "vpc-0a1b2c3d4e5f60718",
      HealthCheckProtocol: "TCP",
      HealthCheckPort: "traffic-port",
      HealthCheckEnabled: true,
      HealthCheckIntervalSeconds: 10,
      HealthCheckTimeoutSeconds: 10,
      HealthyThresholdCount: 2,
      UnhealthyThresholdCount: 2,
      LoadBalancerArns:
        (inUse.at(-1)?.inUse ?? described.inUse)
          ? [
              `arn:${partition}:elasticloadbalancing:${region}:${account}:loadbalancer/net/web/50dc6c495c0c9188`,
            ]
          : [],
      TargetType: described.targetType,
      IpAddressType: described.ipAddressType,
    })),
  };
};

const describeTargetGroupAttributes: ElbAction = (model, parameters) => {
  const { described } = requireGroup(model, parameters);
  const seconds = (ms: number): string => String(Math.round(ms / 1000));
  const attributes: readonly (readonly [string, string])[] = [
    ["deregistration_delay.timeout_seconds", seconds(described.deregistrationDelayMs)],
    [
      "deregistration_delay.connection_termination.enabled",
      String(described.connectionTermination),
    ],
    [
      "target_health_state.unhealthy.connection_termination.enabled",
      String(described.unhealthyConnectionTermination),
    ],
    [
      "target_health_state.unhealthy.draining_interval_seconds",
      seconds(described.unhealthyDrainingIntervalMs),
    ],
    ["load_balancing.cross_zone.enabled", "use_load_balancer_configuration"],
    ["preserve_client_ip.enabled", String(described.targetType === "instance")],
    ["proxy_protocol_v2.enabled", "false"],
    ["stickiness.enabled", "false"],
    ["stickiness.type", "source_ip"],
  ];
  return { Attributes: attributes.map(([Key, Value]) => ({ Key, Value })) };
};

const deregisterTargets: ElbAction = (model, parameters) => {
  const group = requireGroup(model, parameters);
  const targets = requireTargets(model, group, parameters);
  if (targets.length === 0)
    throw new ApiError(400, "ValidationError", "At least one target must be specified");
  return model.act(() => {
    for (const target of targets) model.loadBalancer.deregister(target);
    return {};
  });
};

/** The actions that this stand-in knows. */
export const elbActions: ReadonlyMap<string, ElbAction> = new Map([
  ["DescribeTargetHealth", describeTargetHealth],
  ["DescribeTargetGroups", describeTargetGroups],
  ["DescribeTargetGroupAttributes", describeTargetGroupAttributes],
  ["DeregisterTargets", deregisterTargets],
]);
