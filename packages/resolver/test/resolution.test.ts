// The resolving rules, row by row.

import { describe, expect, test } from "bun:test";
import type { Target, TargetGroup } from "@nlb-sidecar/health";
import {
  type Container,
  type ContainerPort,
  type LoadBalancerEntry,
  type NetworkMode,
  type Placement,
  resolutionOf,
  type Task,
  targetsOf,
} from "../src/index.ts";

const ipv4 = "10.0.2.61";
const ipv6 = "2001:db8::61";
const instance = "i-042f39dc";

const bound = (containerPort: number, hostPort: number, hostIp?: string): ContainerPort => ({
  containerPort,
  hostPort,
  hostIp,
  protocol: "tcp",
});

const containerOf = (name: string, fields: Partial<Container> = {}): Container => ({
  name,
  type: "NORMAL",
  knownStatus: "RUNNING",
  ports: [],
  ...fields,
});

const taskOf = (networkMode: NetworkMode, fields: Partial<Task> = {}): Task => ({
  arn: "arn:aws:ecs:us-west-2:111122223333:task/default/158d1c8083dd49d6b527399fd6414f5c",
  cluster: "default",
  region: "us-west-2",
  partition: "aws",
  serviceName: undefined,
  networkMode,
  ipv4Addresses: networkMode === "awsvpc" ? [ipv4] : [],
  ipv6Addresses: [],
  containers: [containerOf("web", { ports: networkMode === "bridge" ? [bound(80, 32768)] : [] })],
  ...fields,
});

const entry = (
  targetGroupArn: string,
  containerPort = 80,
  containerName = "web",
): LoadBalancerEntry => ({ targetGroupArn, containerName, containerPort });

const placementOf = (
  loadBalancers: readonly LoadBalancerEntry[],
  fields: Partial<Placement> = {},
): Placement => ({
  serviceName: "MyService",
  startedBy: "ecs-svc/1",
  loadBalancers,
  taskSets: [],
  containerInstance: {
    ec2InstanceId: instance,
    privateIpv4Address: "10.0.2.9",
    ipv6Address: "2001:db8::9",
  },
  ...fields,
});

const groupOf = (arn: string, fields: Partial<TargetGroup> = {}): TargetGroup => ({
  arn,
  targetType: "ip",
  ipAddressType: "ipv4",
  protocol: "TCP",
  ...fields,
});

const labels = (targets: readonly Target[]): readonly string[] =>
  targets.map(({ targetGroupArn, id, port }) => `${targetGroupArn} ${id} ${port}`);

describe("id and port", () => {
  const dual = { ipv6Addresses: [ipv6] };
  const ipv6Only = { ipv4Addresses: [], ipv6Addresses: [ipv6] };
  const v6Group = [groupOf("a", { ipAddressType: "ipv6" })];
  const rows: readonly (readonly [string, Task, readonly TargetGroup[], string])[] = [
    [
      "awsvpc: the task's IPv4 address and the container port",
      taskOf("awsvpc"),
      [],
      `a ${ipv4} 80`,
    ],
    [
      "awsvpc with secondary addresses: the primary one",
      taskOf("awsvpc", { ipv4Addresses: [ipv4, "10.0.2.77"] }),
      [],
      `a ${ipv4} 80`,
    ],
    ["dual-stack, an ipv4 group: IPv4", taskOf("awsvpc", dual), [groupOf("a")], `a ${ipv4} 80`],
    ["dual-stack, an ipv6 group: IPv6", taskOf("awsvpc", dual), v6Group, `a ${ipv6} 80`],
    ["dual-stack, the group not read: IPv4", taskOf("awsvpc", dual), [], `a ${ipv4} 80`],
    ["IPv6-only, an ipv6 group: IPv6", taskOf("awsvpc", ipv6Only), v6Group, `a ${ipv6} 80`],
    ["IPv6-only, the group not read: IPv6", taskOf("awsvpc", ipv6Only), [], `a ${ipv6} 80`],
    [
      "bridge: the instance and the host port",
      taskOf("bridge"),
      [groupOf("a", { targetType: "instance" })],
      `a ${instance} 32768`,
    ],
    [
      "bridge, the group not read: taken for type instance",
      taskOf("bridge"),
      [],
      `a ${instance} 32768`,
    ],
    [
      "bridge, an ip group: the instance's private address and the host port",
      taskOf("bridge"),
      [groupOf("a")],
      "a 10.0.2.9 32768",
    ],
    [
      "bridge, an ip group of IPv6: the instance's IPv6 address",
      taskOf("bridge"),
      v6Group,
      "a 2001:db8::9 32768",
    ],
    [
      "bridge, an instance group of IPv6: still the instance's id",
      taskOf("bridge"),
      [groupOf("a", { targetType: "instance", ipAddressType: "ipv6" })],
      `a ${instance} 32768`,
    ],
    [
      "host: the instance and the container port, though no port is listed",
      taskOf("host"),
      [groupOf("a", { targetType: "instance" })],
      `a ${instance} 80`,
    ],
    [
      "host, before the container is listed",
      taskOf("host", { containers: [] }),
      [],
      `a ${instance} 80`,
    ],
    ["host, an ip group: the private address", taskOf("host"), [groupOf("a")], "a 10.0.2.9 80"],
  ];
  test.each(rows)("%s", (_, task, groups, expected) => {
    expect(labels(targetsOf(task, placementOf([entry("a")]), groups))).toEqual([expected]);
  });

  test.each(["TCP", "UDP", "TCP_UDP", "TLS", "QUIC", "TCP_QUIC", "HTTP", undefined])(
    "a target group of protocol %p resolves like any other",
    (protocol) => {
      const groups = [groupOf("a", { targetType: "instance", protocol })];
      expect(labels(targetsOf(taskOf("bridge"), placementOf([entry("a")]), groups))).toEqual([
        `a ${instance} 32768`,
      ]);
    },
  );
});

describe("the host port in bridge mode", () => {
  const rows: readonly (readonly [string, readonly ContainerPort[], number])[] = [
    ["0.0.0.0 before ::", [bound(80, 2, "::"), bound(80, 1, "0.0.0.0")], 1],
    ["0.0.0.0 before another address", [bound(80, 2, "10.0.0.1"), bound(80, 1, "0.0.0.0")], 1],
    ["no address before ::", [bound(80, 2, "::"), bound(80, 1)], 1],
    ["another IPv4 address before ::", [bound(80, 2, "::"), bound(80, 1, "10.0.0.1")], 1],
    [":: where there is no other", [bound(80, 1, "::")], 1],
    ["of the entry's container port", [bound(81, 2, "0.0.0.0"), bound(80, 1, "0.0.0.0")], 1],
    [
      "out of a range",
      Array.from({ length: 100 }, (_, index) => bound(40 + index, 1_040 + index, "0.0.0.0")),
      1_080,
    ],
  ];
  test.each(rows)("%s", (_, ports, hostPort) => {
    const task = taskOf("bridge", { containers: [containerOf("web", { ports })] });
    expect(targetsOf(task, placementOf([entry("a")]), []).map(({ port }) => port)).toEqual([
      hostPort,
    ]);
  });

  test("is the one of the entry's container, in whatever order the containers stand", () => {
    const containers = [
      containerOf("web", { type: "CNI_PAUSE", ports: [bound(80, 3)] }),
      containerOf("nlb-sidecar", { ports: [bound(80, 2)] }),
      containerOf("web", { ports: [bound(80, 1)] }),
    ];
    for (const order of [containers, containers.toReversed()])
      expect(
        labels(targetsOf(taskOf("bridge", { containers: order }), placementOf([entry("a")]), [])),
      ).toEqual([`a ${instance} 1`]);
  });

  test("of a stopped container is the one that it had", () => {
    const containers = [containerOf("web", { knownStatus: "STOPPED", ports: [bound(80, 1)] })];
    expect(
      labels(targetsOf(taskOf("bridge", { containers }), placementOf([entry("a")]), [])),
    ).toEqual([`a ${instance} 1`]);
  });
});

describe("the entries", () => {
  const own = { id: "ecs-svc/1", loadBalancers: [entry("own")] };
  const other = { id: "ecs-svc/2", loadBalancers: [entry("other")] };
  const rows: readonly (readonly [string, Placement, readonly string[]])[] = [
    [
      "every entry of the service",
      placementOf([entry("a", 80), entry("b", 80), entry("b", 443)]),
      ["a 80", "b 80", "b 443"],
    ],
    ["one that stands there twice, once", placementOf([entry("a"), entry("a")]), ["a 80"]],
    [
      "the task set that started the task, not the others",
      placementOf([], { taskSets: [other, own] }),
      ["own 80"],
    ],
    [
      "all task sets where none is said to have started the task",
      placementOf([], { taskSets: [other, own], startedBy: "ecs-svc/9" }),
      ["other 80", "own 80"],
    ],
    [
      "the service's beside the task set's",
      placementOf([entry("other")], { taskSets: [own, other] }),
      ["other 80", "own 80"],
    ],
    [
      "the service's that the task set repeats, once",
      placementOf([entry("own")], { taskSets: [own] }),
      ["own 80"],
    ],
  ];
  test.each(rows)("%s", (_, placement, expected) => {
    expect(
      targetsOf(taskOf("awsvpc"), placement, []).map(
        ({ targetGroupArn, port }) => `${targetGroupArn} ${port}`,
      ),
    ).toEqual([...expected]);
  });

  test("two containers with the same container port are two targets in bridge mode", () => {
    const containers = [
      containerOf("blue", { ports: [bound(80, 1)] }),
      containerOf("red", { ports: [bound(80, 2)] }),
    ];
    const placement = placementOf([entry("a", 80, "blue"), entry("a", 80, "red")]);
    expect(labels(targetsOf(taskOf("bridge", { containers }), placement, []))).toEqual([
      `a ${instance} 1`,
      `a ${instance} 2`,
    ]);
  });

  test("the chosen container's alone", () => {
    const placement = placementOf([entry("a", 80, "web"), entry("b", 81, "admin")]);
    const how = { targetContainer: "admin" };
    const resolution = resolutionOf(taskOf("awsvpc"), { placement, targetGroups: [] }, how);
    expect(labels(resolution.targets)).toEqual([`b ${ipv4} 81`]);
    expect(resolution.notices).toEqual([]);
  });

  test("every entry, and a notice, where none is of the chosen container", () => {
    const placement = placementOf([entry("a", 80, "web"), entry("b", 81, "admin")]);
    const how = { targetContainer: "wbe" };
    const resolution = resolutionOf(taskOf("awsvpc"), { placement, targetGroups: [] }, how);
    expect(resolution.targets).toHaveLength(2);
    expect(resolution.notices).toMatchObject([{ code: "target-container-unknown" }]);
    expect(resolution.notices[0]?.message).toContain("is of container wbe");
    expect(resolution.notices[0]?.fix).toContain("admin, web");
  });

  const passedOver: readonly (readonly [NetworkMode, TargetGroup["targetType"]])[] = [
    ["awsvpc", "alb"],
    ["awsvpc", "lambda"],
    ["awsvpc", "instance"],
    ["bridge", "alb"],
    ["host", "lambda"],
  ];
  test.each(passedOver)(
    "%s mode passes over a group of type %s, and says so",
    (mode, targetType) => {
      const placement = placementOf([entry("a"), entry("b")]);
      const { targets, notices } = resolutionOf(taskOf(mode), {
        placement,
        targetGroups: [groupOf("a", { targetType })],
      });
      expect(targets.map(({ targetGroupArn }) => targetGroupArn)).toEqual(["b"]);
      expect(notices).toMatchObject([{ code: "target-group-passed-over" }]);
    },
  );
});

describe("what is not there yet", () => {
  const placement = placementOf([entry("a", 80, "web"), entry("b", 81, "admin")]);
  const admin = containerOf("admin", { ports: [bound(81, 9)] });
  const ground = { placement, targetGroups: [] };

  test("a container that is not listed is pending, beside the targets that are known", () => {
    const resolution = resolutionOf(taskOf("bridge", { containers: [admin] }), ground);
    expect(labels(resolution.targets)).toEqual([`b ${instance} 9`]);
    expect(resolution.pending).toMatchObject([{ code: "container-pending", transient: true }]);
    expect(resolution.pending[0]?.message).toContain("container web ");
  });

  test("a container without a host port is pending, and its status is said", () => {
    const containers = [admin, containerOf("web", { knownStatus: "PULLED" })];
    const resolution = resolutionOf(taskOf("bridge", { containers }), ground);
    expect(resolution.pending).toMatchObject([{ code: "host-port-pending", transient: true }]);
    expect(resolution.pending[0]?.message).toContain("container web (PULLED)");
  });

  test("one cause is one error, however many target groups wait for it", () => {
    const twice = placementOf([entry("a"), entry("b")]);
    const resolution = resolutionOf(taskOf("bridge", { containers: [] }), {
      placement: twice,
      targetGroups: [],
    });
    expect(resolution.targets).toEqual([]);
    expect(resolution.pending).toHaveLength(1);
  });

  test("an earlier resolution is completed by a newer task", () => {
    const early = resolutionOf(taskOf("bridge", { containers: [admin] }), ground);
    const containers = [containerOf("web", { ports: [bound(80, 7)] }), admin];
    const late = resolutionOf(taskOf("bridge", { containers }), early);
    expect(labels(late.targets)).toEqual([`a ${instance} 7`, `b ${instance} 9`]);
    expect(late.pending).toEqual([]);
  });

  test("an ip group waits for the instance's address, and the others do not", () => {
    const unlocated = placementOf([entry("a"), entry("b")], {
      containerInstance: {
        ec2InstanceId: instance,
        privateIpv4Address: undefined,
        ipv6Address: undefined,
      },
    });
    const resolution = resolutionOf(taskOf("host"), {
      placement: unlocated,
      targetGroups: [groupOf("a"), groupOf("b", { targetType: "instance" })],
    });
    expect(labels(resolution.targets)).toEqual([`b ${instance} 80`]);
    expect(resolution.pending).toMatchObject([{ code: "instance-missing" }]);
  });
});
