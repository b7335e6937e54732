// Makes a task of what the task metadata endpoint says of this container and of its task.

import { isIPv4 } from "node:net";
import { canonicalIpv6Of } from "./ip-address.ts";
import { ResolverError } from "./resolver-error.ts";
import type { Container, ContainerPort, NetworkMode, Task } from "./task.ts";

type Fields = Readonly<Record<string, unknown>>;

const taskArn = /^arn:([^:]+):ecs:([^:]+):[^:]*:task\/(?:([^/]+)\/)?[^/]+$/;

/**
 * The task of two parsed answers: `container` of the container's own endpoint, `task` of the same with `/task`.
 *
 * AWS adds fields and never renames one, so whatever is not needed is not looked at, and what is malformed in a list is
 * left out of it.
 *
 * @throws {@link ResolverError} `metadata-unreadable` or `network-pending`.
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-response.html
 */
export function parseTask(container: unknown, task: unknown): Task {
  const whole = fieldsOf(task);
  const arn = textOf(whole.TaskARN);
  const parts = taskArn.exec(arn ?? "");
  const [, partition, region, clusterOfArn] = parts ?? [];
  if (arn === undefined || partition === undefined || region === undefined)
    throw unreadable(
      arn === undefined ? "no TaskARN in it" : `a TaskARN that is not a task's ARN: ${arn}`,
    );
  const cluster = textOf(whole.Cluster) ?? clusterOfArn;
  if (cluster === undefined) throw unreadable("neither Cluster nor a cluster in TaskARN");
  const network = networkOf(fieldsOf(container));
  return {
    arn,
    cluster,
    region,
    partition,
    serviceName: textOf(whole.ServiceName),
    ...network,
    containers: listOf(whole.Containers).flatMap(containersOf),
  };
}

function unreadable(what: string): ResolverError {
  return new ResolverError(
    "metadata-unreadable",
    true,
    `the task metadata endpoint answered with ${what}`,
    "Check what ECS_CONTAINER_METADATA_URI_V4 points to.",
  );
}

function networkOf(
  container: Fields,
): Pick<Task, "networkMode" | "ipv4Addresses" | "ipv6Addresses"> {
  const network = listOf(container.Networks)
    .map(fieldsOf)
    .find(({ NetworkMode }) => textOf(NetworkMode) !== undefined);
  const networkMode = networkModeOf(textOf(network?.NetworkMode));
  const read = {
    // Where docker has no address for the container, as in host mode, the list holds one empty string.
    ipv4Addresses: listOf(network?.IPv4Addresses).filter(
      (address): address is string => typeof address === "string" && isIPv4(address),
    ),
    ipv6Addresses: listOf(network?.IPv6Addresses).flatMap((address) => {
      const canonical = canonicalIpv6Of(textOf(address) ?? "");
      return canonical === undefined ? [] : [canonical];
    }),
  };
  // A container that is created and not yet connected has no Networks; this process runs, so they will come.
  const addressless = read.ipv4Addresses.length + read.ipv6Addresses.length === 0;
  if (networkMode === undefined || (networkMode === "awsvpc" && addressless))
    throw new ResolverError(
      "network-pending",
      true,
      `the task metadata endpoint lists no ${networkMode === undefined ? "network" : "address"} of this container yet`,
      "Nothing to change if it passes: ask again.",
    );
  return { networkMode, ...read };
}

const networkModeOf = (name: string | undefined): NetworkMode | undefined =>
  name === undefined || name === "awsvpc" || name === "host" || name === "none" ? name : "bridge";

function containersOf(value: unknown): readonly Container[] {
  const container = fieldsOf(value);
  const name = textOf(container.Name);
  if (name === undefined) return [];
  return [
    {
      name,
      type: textOf(container.Type) ?? "NORMAL",
      knownStatus: textOf(container.KnownStatus) ?? "NONE",
      ports: listOf(container.Ports).flatMap(portsOf),
    },
  ];
}

function portsOf(value: unknown): readonly ContainerPort[] {
  const { ContainerPort: containerPort, HostPort: hostPort, HostIp, Protocol } = fieldsOf(value);
  if (!isPort(containerPort) || !isPort(hostPort)) return [];
  return [{ containerPort, hostPort, hostIp: textOf(HostIp), protocol: textOf(Protocol) }];
}

const isPort = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 65_535;

const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null ? (value as Fields) : {};

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;
