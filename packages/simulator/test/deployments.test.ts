// How a deployment replaces tasks, by the service's kind of deployment, and how a task starts.

import { describe, expect, test } from "bun:test";
import type { ContainerDefinition, WorldDescription } from "../src/index.ts";
import { firstTask, healthOf, linesOf, simulatedWorld } from "./simulated-world.ts";

const containers: readonly ContainerDefinition[] = [
  { name: "app", portMappings: [{ containerPort: 8080 }], stopsAfterMs: 1_000 },
];
const blue = { name: "blue", deregistrationDelayMs: 60_000, initialHealthCheckMs: 10_000 };
const green = { ...blue, name: "green", inUse: false };
const entry = { containerName: "app", containerPort: 8080 };

describe("a task starts", () => {
  test("by pulling, creating and running its containers in the order of their dependencies", async () => {
    const { world, clock } = simulatedWorld({
      tasks: 0,
      containers: [
        {
          name: "app",
          portMappings: [{ containerPort: 8080 }],
          dependsOn: [
            { containerName: "init", condition: "SUCCESS" },
            { containerName: "proxy", condition: "HEALTHY" },
          ],
          pullMs: 1_000,
          startMs: 500,
        },
        { name: "init", essential: false, pullMs: 2_000 },
        { name: "proxy", pullMs: 2_000, healthyAfterMs: 6_000 },
      ],
      targetGroups: [blue],
      registrationDelayMs: 3_000,
    });
    await clock.advance(1);
    const { arn } = world.startTask();
    expect(world.task(arn).containers.map(({ status }) => status)).toEqual([
      "NONE",
      "NONE",
      "NONE",
    ]);
    await clock.advance(4_000);
    world.containerExited(arn, "init", 0);
    await clock.advance(600_000);
    expect(linesOf(world, arn).filter((line) => !/PULLED|CREATED/.test(line))).toEqual([
      "0.001 RUNNING PROVISIONING",
      "0.001 RUNNING PENDING",
      "2.001 init RUNNING",
      "2.001 proxy RUNNING",
      "4.001 init STOPPED 0",
      "8.501 app RUNNING",
      "8.501 RUNNING ACTIVATING",
      "11.501 RUNNING RUNNING",
    ]);
  });

  test("never, where a dependency by SUCCESS fails", async () => {
    const { world, clock } = simulatedWorld({
      tasks: 0,
      containers: [
        { name: "app", dependsOn: [{ containerName: "init", condition: "SUCCESS" }] },
        { name: "init", essential: false },
      ],
    });
    const { arn } = world.startTask();
    world.containerExited(arn, "init", 1);
    await clock.advance(600_000);
    expect(world.task(arn).containers[0]?.status).toBe("PULLED");
  });

  test("and stops without a signal where it is stopped before it runs", async () => {
    const { world, clock } = simulatedWorld({
      tasks: 0,
      containers: [{ name: "app", pullMs: 60_000 }],
    });
    const { arn } = world.startTask();
    world.stopTask(arn, "service");
    await clock.advance(600_000);
    expect(world.task(arn).lastStatus).toBe("STOPPED");
    expect(world.events().filter(({ kind }) => kind === "signal" || kind === "target")).toEqual([]);
  });
});

describe("a deployment", () => {
  const steps = async (description: WorldDescription): Promise<readonly string[]> => {
    const { world, clock } = simulatedWorld({ containers, ...description });
    const old = firstTask(world);
    await clock.advance(1_000);
    const { started, replaced } = world.deploy();
    expect(replaced).toEqual([old.arn]);
    const [arn = ""] = started;
    await clock.advance(600_000);
    const name = Object.fromEntries(
      Object.entries(world.targetGroupArns).map(([short, long]) => [long, short]),
    );
    return world.events().flatMap((event) => {
      if (event.atMs <= 1_000) return [];
      const at = event.atMs / 1000;
      if (event.kind === "task")
        return [`${at} ${event.taskArn === arn ? "new" : "old"} ${event.lastStatus}`];
      if (event.kind !== "target") return [];
      const { targetGroupArn, id } = event.target;
      const which = id === old.ipv4 ? "old" : "new";
      return [
        `${at} ${which} ${name[targetGroupArn]} ${event.health.reason ?? event.health.state}`,
      ];
    });
  };
  const stopOfOld = (atS: number): readonly string[] => [
    `${atS} old STOPPING`,
    `${atS + 1} old DEPROVISIONING`,
    `${atS + 1} old STOPPED`,
  ];

  test("of ROLLING: the old task drains as soon as the new one is healthy", async () => {
    expect(await steps({ targetGroups: [blue] })).toEqual([
      "11 new blue healthy",
      "11 old DEACTIVATING",
      "11 old blue Target.DeregistrationInProgress",
      "71 old blue Target.NotRegistered",
      ...stopOfOld(71),
    ]);
  });

  test("of BLUE_GREEN: traffic shifts to the other target group before the old task is stopped", async () => {
    expect(
      await steps({
        targetGroups: [blue, green],
        loadBalancers: [{ ...entry, targetGroup: "blue", alternateTargetGroup: "green" }],
        deployment: "BLUE_GREEN",
        trafficShiftMs: 60_000,
        bakeMs: 30_000,
      }),
    ).toEqual([
      "61 old blue Target.NotInUse",
      "61 new green healthy",
      "91 old DEACTIVATING",
      "91 old blue Target.NotRegistered",
      ...stopOfOld(91),
    ]);
  });

  test.each(["CODE_DEPLOY", "EXTERNAL"] as const)(
    "of %s: the new task set has the other target group",
    async (deployment) => {
      expect(
        await steps({
          targetGroups: [blue, { ...green, inUse: true }],
          loadBalancers: [
            { ...entry, targetGroup: "blue" },
            { ...entry, targetGroup: "green" },
          ],
          deployment,
        }),
      ).toEqual([
        "11 new green healthy",
        "11 old blue Target.NotInUse",
        "11 old DEACTIVATING",
        "11 old blue Target.NotRegistered",
        ...stopOfOld(11),
      ]);
    },
  );

  test("replaces as many tasks as there are, and not those that an earlier one replaces already", async () => {
    const { world, clock } = simulatedWorld({ containers, targetGroups: [blue], tasks: 3 });
    const first = world.deploy();
    const second = world.deploy();
    expect(first.replaced).toHaveLength(3);
    expect(second.replaced).toEqual(first.started);
    await clock.advance(600_000);
    const running = world.tasks().filter(({ lastStatus }) => lastStatus === "RUNNING");
    expect(running.map(({ arn }) => arn)).toEqual([...second.started]);
  });

  test("with changed load balancers leaves the old task in its own target group", async () => {
    const { world, clock } = simulatedWorld({
      containers,
      targetGroups: [blue, { ...green, inUse: true }],
      loadBalancers: [{ ...entry, targetGroup: "blue" }],
    });
    world.setLoadBalancers([{ ...entry, targetGroup: "green" }]);
    const { started } = world.deploy();
    await clock.advance(10_000);
    const targets = [firstTask(world), world.task(started[0] ?? "")].map(
      ({ targets: [target] }) => target,
    );
    expect(targets.map((target) => target && healthOf(world, target))).toEqual([
      "draining Target.DeregistrationInProgress",
      "healthy",
    ]);
    expect(targets.map((target) => target?.targetGroupArn)).toEqual(
      Object.values(world.targetGroupArns),
    );
  });
});

describe("a target's id and port", () => {
  const instance = { ec2InstanceId: "i-0a", privateIpv4: "10.0.1.10", ipv6: "2001:db8::10" };
  const rows: readonly (readonly [string, WorldDescription, string])[] = [
    ["awsvpc", {}, "10.0.2.61 8080"],
    ["awsvpc, own addresses", { addresses: [{ ipv4: "127.0.0.2" }] }, "127.0.0.2 8080"],
    [
      "awsvpc, dual-stack, an ipv6 group",
      { addressFamily: "dualstack", targetGroups: [{ name: "web", ipAddressType: "ipv6" }] },
      "2001:db8:1234:1a00::3d 8080",
    ],
    ["awsvpc, dual-stack, an ipv4 group", { addressFamily: "dualstack" }, "10.0.2.61 8080"],
    ["bridge, a dynamic host port", { networkMode: "bridge" }, "i-0a 32768"],
    [
      "bridge, a given dynamic host port",
      { networkMode: "bridge", hostPorts: [40_001] },
      "i-0a 40001",
    ],
    [
      "bridge, a static host port",
      {
        networkMode: "bridge",
        containers: [{ name: "app", portMappings: [{ containerPort: 8080, hostPort: 80 }] }],
      },
      "i-0a 80",
    ],
    [
      "bridge, an ip group",
      { networkMode: "bridge", targetGroups: [{ name: "web", targetType: "ip" }] },
      "10.0.1.10 32768",
    ],
    ["host", { networkMode: "host" }, "i-0a 8080"],
    ["none", { networkMode: "none" }, ""],
    ["awsvpc, IPv6 alone, an ipv4 group", { addressFamily: "ipv6" }, ""],
    ["awsvpc, no service", { service: null }, ""],
    ["a classic entry", { loadBalancers: [{ ...entry, loadBalancerName: "classic" }] }, ""],
  ];
  test.each(rows)("in %s", (_title, description, expected) => {
    const { world } = simulatedWorld({ containerInstances: [instance], ...description });
    expect(
      firstTask(world)
        .targets.map(({ id, port }) => `${id} ${port}`)
        .join(),
    ).toBe(expected);
  });
});

describe("a description is refused", () => {
  const rows: readonly (readonly [string, WorldDescription, string])[] = [
    [
      "an entry names an unknown target group",
      { loadBalancers: [{ ...entry, targetGroup: "x" }] },
      "target group x",
    ],
    [
      "two containers share a name",
      { containers: [{ name: "a" }, { name: "a" }] },
      "a is used twice",
    ],
    [
      "a dependency is unknown",
      { containers: [{ name: "a", dependsOn: [{ containerName: "b", condition: "START" }] }] },
      "container b",
    ],
    [
      "containers depend on each other",
      {
        containers: [
          { name: "a", dependsOn: [{ containerName: "b", condition: "START" }] },
          { name: "b", dependsOn: [{ containerName: "a", condition: "START" }] },
        ],
      },
      "in a circle",
    ],
  ];
  test.each(rows)("where %s", (_title, description, message) => {
    expect(() => simulatedWorld(description)).toThrow(message);
  });
});

test("equal means give equal worlds", async () => {
  const play = async (): Promise<string> => {
    const { world, clock } = simulatedWorld({ containers, tasks: 2 });
    world.deploy();
    await clock.advance(3_600_000);
    return JSON.stringify([world.tasks(), world.events()]);
  };
  expect(await play()).toBe(await play());
});
