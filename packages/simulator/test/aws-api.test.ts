// Each action, as the real AWS clients read its answers.

import { describe, expect, test } from "bun:test";
import { DescribeInstancesCommand } from "@aws-sdk/client-ec2";
import {
  DescribeContainerInstancesCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  ListTasksCommand,
} from "@aws-sdk/client-ecs";
import {
  DeregisterTargetsCommand,
  DescribeListenersCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { answer, type WorldDescription } from "../src/index.ts";
import { clientsInProcess, refusalOf } from "./aws-clients.ts";
import { firstTarget, firstTask, healthOf, simulatedWorld } from "./simulated-world.ts";

const described = (description: WorldDescription = {}) => {
  const { world, clock } = simulatedWorld(description);
  return { world, clock, ...clientsInProcess(world) };
};
const missingArn =
  "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/gone/0123456789abcdef";

describe("ecs:DescribeTasks", () => {
  test("tells a task by ARN or id, of a cluster by name or ARN", async () => {
    const { world, ecs } = described({ addressFamily: "dualstack" });
    const task = firstTask(world);
    for (const cluster of ["default", world.clusterArn, undefined])
      for (const name of [task.arn, task.id]) {
        const { tasks, failures } = await ecs.send(
          new DescribeTasksCommand({ cluster, tasks: [name] }),
        );
        expect(failures).toEqual([]);
        expect(tasks).toEqual([
          expect.objectContaining({
            taskArn: task.arn,
            clusterArn: world.clusterArn,
            group: "service:web",
            startedBy: task.startedBy,
            desiredStatus: "RUNNING",
            lastStatus: "RUNNING",
            launchType: "FARGATE",
          }),
        ]);
        expect(
          tasks?.[0]?.containers?.map((container) => [container.name, container.networkBindings]),
        ).toEqual([
          ["app", []],
          ["nlb-sidecar", []],
        ]);
        expect(tasks?.[0]?.containers?.[0]?.networkInterfaces).toEqual([
          expect.objectContaining({
            privateIpv4Address: "10.0.2.61",
            ipv6Address: "2001:db8:1234:1a00::3d",
          }),
        ]);
      }
  });

  test("tells bridge mode's bindings without the IPv6 ones, a range as one", async () => {
    const { world, ecs } = described({
      networkMode: "bridge",
      containers: [
        { name: "app", portMappings: [{ containerPort: 80 }, { containerPortRange: "90-91" }] },
      ],
    });
    const { tasks } = await ecs.send(new DescribeTasksCommand({ tasks: [firstTask(world).arn] }));
    expect(tasks?.[0]?.containers?.[0]?.networkBindings).toEqual([
      { bindIP: "0.0.0.0", containerPort: 80, hostPort: 32768, protocol: "tcp" },
      {
        bindIP: "0.0.0.0",
        containerPortRange: "90-91",
        hostPortRange: "32769-32770",
        protocol: "tcp",
      },
    ]);
  });

  test("tells of a stop at once, later where it lags, and forgets the task after an hour", async () => {
    const { world, clock, ecs } = described({
      apiLagMs: 5_000,
      containers: [{ name: "app", portMappings: [{ containerPort: 80 }], stopsAfterMs: 0 }],
    });
    const { arn } = firstTask(world);
    const statusOf = async (): Promise<string> => {
      const { tasks, failures } = await ecs.send(new DescribeTasksCommand({ tasks: [arn] }));
      const [task] = tasks ?? [];
      return task ? `${task.desiredStatus} ${task.lastStatus}` : `${failures?.[0]?.reason}`;
    };
    expect(await statusOf()).toBe("RUNNING RUNNING");
    await clock.advance(60_000);
    world.stopTask(arn, "service");
    await clock.advance(4_999);
    expect(await statusOf()).toBe("RUNNING RUNNING");
    expect(world.taskStatus(arn).lastStatus).toBe("RUNNING");
    await clock.advance(1);
    expect(await statusOf()).toBe("STOPPED DEACTIVATING");
    expect(world.taskStatus(arn).lastStatus).toBe("DEACTIVATING");
    await clock.advance(300_000 + 3_599_999);
    expect(await statusOf()).toBe("STOPPED STOPPED");
    await clock.advance(1);
    expect(await statusOf()).toBe("MISSING");
  });

  test("does not know a new task before the lag is over", async () => {
    const { world, clock, ecs } = described({ apiLagMs: 5_000, tasks: 0 });
    const { arn } = world.startTask();
    const known = async (): Promise<number> =>
      (await ecs.send(new DescribeTasksCommand({ tasks: [arn] }))).tasks?.length ?? 0;
    await clock.advance(4_999);
    expect(await known()).toBe(0);
    await clock.advance(1);
    expect(await known()).toBe(1);
  });

  test("names what is missing in failures, and refuses what makes no sense", async () => {
    const { ecs } = described();
    const { tasks, failures } = await ecs.send(new DescribeTasksCommand({ tasks: ["none"] }));
    expect(tasks).toEqual([]);
    expect(failures).toEqual([
      { arn: "arn:aws:ecs:eu-west-1:111122223333:task/default/none", reason: "MISSING" },
    ]);
    expect(await refusalOf(ecs.send(new DescribeTasksCommand({ tasks: [] })))).toBe(
      "InvalidParameterException 400: Tasks cannot be empty.",
    );
    expect(
      await refusalOf(ecs.send(new DescribeTasksCommand({ cluster: "other", tasks: ["a"] }))),
    ).toBe("ClusterNotFoundException 400: Cluster not found.");
    const foreign = "arn:aws:ecs:eu-west-1:111122223333:task/other/a";
    expect(await refusalOf(ecs.send(new DescribeTasksCommand({ tasks: [foreign] })))).toStartWith(
      "InvalidParameterException 400: Invalid identifier",
    );
    expect(
      await refusalOf(
        ecs.send(new DescribeTasksCommand({ tasks: Array.from({ length: 101 }, String) })),
      ),
    ).toStartWith("InvalidParameterException 400");
  });
});

describe("ecs:DescribeServices", () => {
  const entry = { containerName: "app", containerPort: 8080 };
  const pair = { targetGroups: [{ name: "blue" }, { name: "green" }] };
  const entries = [
    { ...entry, targetGroup: "blue" },
    { ...entry, targetGroup: "green" },
  ];

  test("tells its load balancers, classic ones too", async () => {
    const { world, ecs } = described({
      loadBalancers: [
        { ...entry, targetGroup: "web" },
        { ...entry, loadBalancerName: "classic" },
      ],
    });
    for (const name of ["web", world.serviceArn ?? ""]) {
      const { services } = await ecs.send(new DescribeServicesCommand({ services: [name] }));
      expect(services?.[0]?.loadBalancers).toEqual([
        { targetGroupArn: world.targetGroupArns.web, ...entry },
        { loadBalancerName: "classic", ...entry },
      ]);
      expect(services?.[0]).toMatchObject({
        serviceName: "web",
        status: "ACTIVE",
        runningCount: 1,
        taskSets: [],
        deploymentController: { type: "ECS" },
        deployments: [{ id: firstTask(world).startedBy, status: "PRIMARY" }],
      });
    }
  });

  test("tells blue/green's other target group", async () => {
    const { world, ecs } = described({
      ...pair,
      loadBalancers: [{ ...entry, targetGroup: "blue", alternateTargetGroup: "green" }],
      deployment: "BLUE_GREEN",
    });
    const { services } = await ecs.send(new DescribeServicesCommand({ services: ["web"] }));
    expect(services?.[0]?.loadBalancers?.[0]).toMatchObject({
      targetGroupArn: world.targetGroupArns.blue,
      advancedConfiguration: { alternateTargetGroupArn: world.targetGroupArns.green },
    });
    expect(services?.[0]?.deploymentConfiguration?.strategy).toBe("BLUE_GREEN");
  });

  test.each(["CODE_DEPLOY", "EXTERNAL"] as const)(
    "tells the task sets of %s",
    async (deployment) => {
      const { world, clock, ecs } = described({ ...pair, loadBalancers: entries, deployment });
      const old = firstTask(world);
      const { id } = world.deploy();
      const read = async () => {
        const { services } = await ecs.send(new DescribeServicesCommand({ services: ["web"] }));
        const [service] = services ?? [];
        return {
          own: service?.loadBalancers?.map(({ targetGroupArn }) => targetGroupArn),
          sets: service?.taskSets?.map((set) => [
            set.id,
            set.status,
            set.loadBalancers?.[0]?.targetGroupArn,
          ]),
          type: service?.deploymentController?.type,
        };
      };
      const { blue, green } = world.targetGroupArns;
      expect(await read()).toEqual({
        own: [blue],
        sets: [
          [old.startedBy, "PRIMARY", blue],
          [id, "ACTIVE", green],
        ],
        type: deployment,
      });
      await clock.advance(10_000);
      expect(await read()).toEqual({
        own: [green],
        sets: [
          [old.startedBy, "DRAINING", blue],
          [id, "PRIMARY", green],
        ],
        type: deployment,
      });
    },
  );

  test("tells no load balancers of EXTERNAL without a task set", async () => {
    const { ecs } = described({
      ...pair,
      loadBalancers: entries,
      deployment: "EXTERNAL",
      tasks: 0,
    });
    const { services } = await ecs.send(new DescribeServicesCommand({ services: ["web"] }));
    expect(services?.[0]?.loadBalancers).toEqual([]);
  });

  test("names what is missing in failures", async () => {
    const { ecs } = described();
    const { services, failures } = await ecs.send(
      new DescribeServicesCommand({ services: ["web", "none"] }),
    );
    expect(services).toHaveLength(1);
    expect(failures).toEqual([
      { arn: "arn:aws:ecs:eu-west-1:111122223333:service/default/none", reason: "MISSING" },
    ]);
    const alone = described({ service: null });
    const answered = await alone.ecs.send(new DescribeServicesCommand({ services: ["web"] }));
    expect(answered.failures).toHaveLength(1);
  });
});

test("ecs:DescribeContainerInstances tells a task's EC2 instance", async () => {
  const { world, ecs } = described({ networkMode: "bridge" });
  const { tasks } = await ecs.send(new DescribeTasksCommand({ tasks: [firstTask(world).arn] }));
  const arn = tasks?.[0]?.containerInstanceArn ?? "";
  const { containerInstances, failures } = await ecs.send(
    new DescribeContainerInstancesCommand({ containerInstances: [arn, "none"] }),
  );
  expect(containerInstances).toEqual([
    expect.objectContaining({
      containerInstanceArn: arn,
      ec2InstanceId: firstTask(world).ec2InstanceId,
      runningTasksCount: 1,
    }),
  ]);
  expect(failures?.map(({ reason }) => reason)).toEqual(["MISSING"]);
});

describe("ec2:DescribeInstances", () => {
  test("tells an instance's private addresses", async () => {
    const { ec2 } = described({
      networkMode: "host",
      containerInstances: [
        { ec2InstanceId: "i-0123456789abcdef0", privateIpv4: "10.0.1.9", ipv6: "2001:db8::9" },
      ],
    });
    for (const InstanceIds of [["i-0123456789abcdef0"], undefined]) {
      const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds }));
      expect(Reservations?.[0]?.Instances).toEqual([
        expect.objectContaining({
          InstanceId: "i-0123456789abcdef0",
          PrivateIpAddress: "10.0.1.9",
          Ipv6Address: "2001:db8::9",
          State: { Code: 16, Name: "running" },
        }),
      ]);
    }
  });

  test.each([
    [
      "i-0000000000000000f",
      "InvalidInstanceID.NotFound 400: The instance ID 'i-0000000000000000f' does not exist",
    ],
    ["nonsense", 'InvalidInstanceID.Malformed 400: Invalid id: "nonsense"'],
  ])("refuses %s", async (id, expected) => {
    const { ec2 } = described({ networkMode: "host" });
    expect(await refusalOf(ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] })))).toBe(
      expected,
    );
  });
});

describe("elasticloadbalancing:DescribeTargetHealth", () => {
  test("tells the asked targets, or all that are registered", async () => {
    const { world, elb } = described({ tasks: 2 });
    const { targetGroupArn, id, port } = firstTarget(world);
    const all = await elb.send(new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }));
    expect(
      all.TargetHealthDescriptions?.map(({ Target, TargetHealth }) => [Target?.Id, TargetHealth]),
    ).toEqual([
      ["10.0.2.61", { State: "healthy" }],
      ["10.0.2.62", { State: "healthy" }],
    ]);
    world.deregisterTarget(firstTarget(world));
    const asked = await elb.send(
      new DescribeTargetHealthCommand({
        TargetGroupArn: targetGroupArn,
        Targets: [{ Id: id, Port: port }, { Id: "10.9.9.9", Port: port }, { Id: id }],
      }),
    );
    expect(
      asked.TargetHealthDescriptions?.map(({ Target, TargetHealth }) => [Target, TargetHealth]),
    ).toEqual([
      [
        { Id: id, Port: port },
        {
          State: "draining",
          Reason: "Target.DeregistrationInProgress",
          Description: "Target deregistration is in progress",
        },
      ],
      [
        { Id: "10.9.9.9", Port: port },
        {
          State: "unused",
          Reason: "Target.NotRegistered",
          Description: "Target is not registered to the target group",
        },
      ],
      // Without a port the target group's own is asked about: a miss.
      [{ Id: id, Port: 80 }, expect.objectContaining({ State: "unused" })],
    ]);
  });

  test.each([
    [
      "a deleted group",
      {},
      missingArn,
      "10.0.0.1",
      `TargetGroupNotFoundException 400: Target groups '${missingArn}' not found`,
    ],
    [
      "a malformed ARN",
      {},
      "web",
      "10.0.0.1",
      "ValidationError 400: 'web' is not a valid target group ARN",
    ],
    [
      "an instance in an ip group",
      {},
      undefined,
      "i-0123",
      "ValidationError 400: The IP address 'i-0123' is not a valid IPv4 address",
    ],
    [
      "an IPv6 address in an ipv4 group",
      {},
      undefined,
      "2001:db8::1",
      "ValidationError 400: The IP address '2001:db8::1' is not a valid IPv4 address",
    ],
    [
      "an address in an instance group",
      { networkMode: "bridge" },
      undefined,
      "10.0.0.1",
      "ValidationError 400: Instance ID '10.0.0.1' is not valid",
    ],
    [
      "an unknown instance",
      { networkMode: "bridge" },
      undefined,
      "i-0123",
      "InvalidTargetException 400: The following targets are not valid: 'i-0123'",
    ],
  ] as const)("refuses %s", async (_title, description, arn, id, expected) => {
    const { world, elb } = described(description);
    const TargetGroupArn = arn ?? world.targetGroupArns.web;
    const command = new DescribeTargetHealthCommand({
      TargetGroupArn,
      Targets: [{ Id: id, Port: 80 }],
    });
    expect(await refusalOf(elb.send(command))).toBe(expected);
  });

  test("no longer knows a group once it is deleted", async () => {
    const { world, elb } = described();
    world.deleteTargetGroup("web");
    const command = new DescribeTargetHealthCommand({ TargetGroupArn: world.targetGroupArns.web });
    expect(await refusalOf(elb.send(command))).toStartWith("TargetGroupNotFoundException 400");
  });
});

describe("elasticloadbalancing:DescribeTargetGroups", () => {
  test("tells what decides a target's id", async () => {
    const { world, elb } = described({
      targetGroups: [
        { name: "web", protocol: "TCP_UDP", ipAddressType: "ipv6" },
        { name: "metrics", targetType: "instance" },
      ],
      addressFamily: "dualstack",
      networkMode: "bridge",
    });
    const all = await elb.send(new DescribeTargetGroupsCommand({}));
    const read = all.TargetGroups?.map((group) => [
      group.TargetGroupName,
      group.Protocol,
      group.TargetType,
      group.IpAddressType,
      group.LoadBalancerArns?.length,
    ]);
    expect(read).toEqual([
      ["web", "TCP_UDP", "instance", "ipv6", 1],
      ["metrics", "TCP", "instance", "ipv4", 1],
    ]);
    const { web = "", metrics = "" } = world.targetGroupArns;
    for (const input of [{ TargetGroupArns: [metrics] }, { Names: ["metrics"] }]) {
      const { TargetGroups } = await elb.send(new DescribeTargetGroupsCommand(input));
      expect(TargetGroups?.map(({ TargetGroupArn }) => TargetGroupArn)).toEqual([metrics]);
    }
    const command = new DescribeTargetGroupsCommand({ TargetGroupArns: [web, missingArn] });
    expect(await refusalOf(elb.send(command))).toBe(
      "TargetGroupNotFoundException 400: One or more target groups not found",
    );
  });
});

test("elasticloadbalancing:DescribeTargetGroupAttributes tells the delays in seconds", async () => {
  const { world, elb } = described({
    targetGroups: [
      {
        name: "web",
        deregistrationDelayMs: 120_000,
        connectionTermination: true,
        unhealthyDrainingIntervalMs: 30_000,
        unhealthyConnectionTermination: false,
      },
    ],
  });
  const { Attributes } = await elb.send(
    new DescribeTargetGroupAttributesCommand({ TargetGroupArn: world.targetGroupArns.web }),
  );
  expect(Object.fromEntries(Attributes?.map(({ Key, Value }) => [Key, Value]) ?? [])).toMatchObject(
    {
      "deregistration_delay.timeout_seconds": "120",
      "deregistration_delay.connection_termination.enabled": "true",
      "target_health_state.unhealthy.connection_termination.enabled": "false",
      "target_health_state.unhealthy.draining_interval_seconds": "30",
    },
  );
});

test("elasticloadbalancing:DeregisterTargets deregisters the target with that port, and ignores others", async () => {
  const { world, elb } = described();
  const { targetGroupArn: TargetGroupArn, id: Id, port: Port } = firstTarget(world);
  const deregister = async (Targets: { Id: string; Port?: number }[]) =>
    elb.send(new DeregisterTargetsCommand({ TargetGroupArn, Targets }));
  await deregister([{ Id, Port: 1 }, { Id }, { Id: "10.9.9.9", Port }]);
  expect(healthOf(world, firstTarget(world))).toBe("healthy");
  await deregister([{ Id, Port }]);
  expect(healthOf(world, firstTarget(world))).toBe("draining Target.DeregistrationInProgress");
  expect(await refusalOf(deregister([]))).toStartWith("ValidationError 400");
});

describe("an unknown action gets the service's refusal", () => {
  test("by ECS", async () => {
    const { ecs } = described();
    expect(await refusalOf(ecs.send(new ListTasksCommand({})))).toStartWith(
      "UnknownOperationException 400",
    );
  });
  test("by Elastic Load Balancing, in its XML", async () => {
    const { world, elb } = described();
    expect(await refusalOf(elb.send(new DescribeListenersCommand({})))).toStartWith(
      "InvalidAction 400",
    );
    const { body, status } = answer(world, {
      method: "POST",
      path: "/",
      headers: { authorization: "AWS4-HMAC-SHA256 Credential=AKID/x" },
      body: "Action=Do%26Die&Version=2015-12-01",
    });
    expect(status).toBe(400);
    expect(body).toMatch(
      /^<ErrorResponse xmlns="http:\/\/elasticloadbalancing\.amazonaws\.com\/doc\/2015-12-01\/"><Error><Type>Sender<\/Type><Code>InvalidAction<\/Code><Message>The action Do&amp;Die is not valid for this endpoint\.<\/Message><\/Error><RequestId>[-0-9a-f]{36}<\/RequestId><\/ErrorResponse>$/,
    );
  });
  test("by EC2, in its own XML", () => {
    const { world } = described();
    const { body } = answer(world, {
      method: "POST",
      path: "/",
      headers: { authorization: "AWS4-HMAC-SHA256 Credential=AKID/x" },
      body: "Action=Nothing&Version=2016-11-15",
    });
    expect(body).toContain("<Response><Errors><Error><Code>InvalidAction</Code><Message>");
    expect(body).toMatch(/<RequestID>[-0-9a-f]{36}<\/RequestID><\/Response>$/);
  });
  test("and a service that nobody knows with 404", () => {
    const { world } = described();
    const request = { method: "POST", path: "/", headers: {}, body: "Action=X&Version=2011-06-15" };
    expect(answer(world, request)).toMatchObject({ status: 404 });
    expect(answer(world, { ...request, method: "GET" })).toMatchObject({ status: 404 });
    expect(world.calls.map(({ action }) => action)).toEqual(["unknown"]);
  });
});

test.each([
  [
    "ecs",
    { "x-amz-target": "AmazonEC2ContainerServiceV20141113.DescribeTasks" },
    "{}",
    "MissingAuthenticationTokenException",
  ],
  [
    "elasticloadbalancing",
    {},
    "Action=DescribeTargetHealth&Version=2015-12-01",
    "MissingAuthenticationToken",
  ],
  ["ec2", {}, "Action=DescribeInstances&Version=2016-11-15", "MissingAuthenticationToken"],
])("%s refuses a request that is not signed", (_service, headers, body, code) => {
  const { world } = described();
  expect(answer(world, { method: "POST", path: "/", headers, body }).body).toContain(code);
});

test("every call is recorded with its time, its task, its outcome and what it was about", async () => {
  const { world, clock, elb } = described();
  const { targetGroupArn, id, port } = firstTarget(world);
  const asked = { TargetGroupArn: targetGroupArn, Targets: [{ Id: id, Port: port }] };
  await clock.advance(500);
  await elb.send(new DescribeTargetHealthCommand(asked));
  await refusalOf(elb.send(new DescribeTargetHealthCommand({ TargetGroupArn: missingArn })));
  const action = "elasticloadbalancing:DescribeTargetHealth";
  expect(world.calls).toEqual([
    {
      atMs: 500,
      action,
      taskArn: undefined,
      outcome: "answered",
      status: 200,
      about: [targetGroupArn, id, String(port)],
    },
    {
      atMs: 500,
      action,
      taskArn: undefined,
      outcome: "TargetGroupNotFound",
      status: 400,
      about: [missingArn],
    },
  ]);
});
