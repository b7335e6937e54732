// EC2's API, over its own query protocol.

import { ApiError } from "./api-error.ts";
import type { Model } from "./model.ts";
import { listOf, type QueryParameters } from "./query-parameters.ts";
import type { XmlTree } from "./xml.ts";

/** An action: what its response element holds beside the request id. */
export type Ec2Action = (model: Model, parameters: QueryParameters) => XmlTree;

const describeInstances: Ec2Action = (model, parameters) => {
  const asked = listOf(parameters, "InstanceId");
  const { instances } = model.scheduler;
  for (const id of asked) {
    if (!/^i-[0-9a-f]{8,}$/.test(id))
      throw new ApiError(400, "InvalidInstanceID.Malformed", `Invalid id: "${id}"`);
    if (!instances.some(({ ec2InstanceId }) => ec2InstanceId === id))
      throw new ApiError(
        400,
        "InvalidInstanceID.NotFound",
        `The instance ID '${id}' does not exist`,
      );
  }
  const found = instances.filter(
    ({ ec2InstanceId }) => asked.length === 0 || asked.includes(ec2InstanceId),
  );
  return {
    reservationSet: found.map(({ ec2InstanceId, privateIpv4, ipv6 }) => ({
      reservationId: `r-${ec2InstanceId.slice(2)}`,
      ownerId: model.description.account,
      groupSet: [],
      instancesSet: [
        {
          instanceId: ec2InstanceId,
          imageId: "ami-0a1b2c3d4e5f60718",
          instanceState: { code: 16, name: "running" },
          instanceType: "c7g.large",
          privateIpAddress: privateIpv4,
          privateDnsName:
            privateIpv4 &&
            `ip-${privateIpv4.replaceAll(".", "-")}.${model.description.region}.compute.internal`,
          ipv6Address: ipv6,
          networkInterfaceSet: [
            {
              networkInterfaceId: `eni-${ec2InstanceId.slice(2)}`,
              privateIpAddress: privateIpv4,
              ipv6AddressesSet: ipv6 === undefined ? [] : [{ ipv6Address: ipv6 }],
            },
          ],
        },
      ],
    })),
  };
};

/** The actions that this stand-in knows. */
export const ec2Actions: ReadonlyMap<string, Ec2Action> = new Map([
  ["DescribeInstances", describeInstances],
]);
