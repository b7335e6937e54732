// Resolving with the real clients before a wire in memory: the calls of each mode, and what each answer leads to.

import { describe, expect, test } from "bun:test";
import { type PlacementClients, readPlacement, resolveTargets } from "../src/index.ts";
import { awsOf, type WireAnswer } from "./aws.ts";
import { faultOf } from "./fault.ts";
import {
  describeContainerInstances,
  describeServices,
  describeTasks,
  groupArn,
  loadBalancer,
  missing,
} from "./fixtures/ecs.ts";
import { describeInstances, ec2Error, noInstances } from "./fixtures/instances.ts";
import * as ec2 from "./fixtures/metadata-ec2.ts";
import { fargate } from "./fixtures/metadata-fargate.ts";
import { describeTargetGroups, elbError } from "./fixtures/target-groups.ts";
import { type Metadata, taskOf } from "./metadata.ts";

const { signal } = new AbortController();

/** Everything answered: a service with the target groups `web` (ip) and `admin` (instance). */
const answersOf = async (metadata: Metadata): Promise<Record<string, WireAnswer>> => ({
  "ecs:DescribeTasks": describeTasks((await taskOf(metadata)).arn),
  "ecs:DescribeServices": describeServices({
    loadBalancers: [loadBalancer("web"), loadBalancer("admin")],
  }),
  "ecs:DescribeContainerInstances": describeContainerInstances,
  "elasticloadbalancing:DescribeTargetGroups": describeTargetGroups([
    { name: "web" },
    { name: "admin", targetType: "instance" },
  ]),
  "ec2:DescribeInstances": describeInstances(),
});

/** Resolves `metadata` where `changed` is answered instead of the usual. */
async function resolve(
  metadata: Metadata,
  changed: Readonly<Record<string, WireAnswer | undefined>> = {},
  clientsOf: (clients: PlacementClients) => PlacementClients = (clients) => clients,
) {
  const task = await taskOf(metadata);
  const answers = Object.fromEntries(
    Object.entries({ ...(await answersOf(metadata)), ...changed }).filter(
      (row): row is [string, WireAnswer] => row[1] !== undefined,
    ),
  );
  const { clients, calls } = awsOf(answers);
  const resolution = resolveTargets(clientsOf(clients), task, {}, signal);
  return {
    resolution,
    calls,
    actions: async () => {
      await resolution.catch(() => undefined);
      return calls.map(({ action }) => action);
    },
    labels: async () =>
      (await resolution).targets.map(
        ({ targetGroupArn, id, port }) => [targetGroupArn, id, port] as const,
      ),
  };
}

const instanceGroups = describeTargetGroups([
  { name: "web", targetType: "instance" },
  { name: "admin", targetType: "instance" },
]);

describe("the calls of each mode", () => {
  const ecs = ["ecs:DescribeTasks", "ecs:DescribeServices"];
  const onInstance = [
    ...ecs,
    "ecs:DescribeContainerInstances",
    "elasticloadbalancing:DescribeTargetGroups",
  ];
  const groups = { "elasticloadbalancing:DescribeTargetGroups": instanceGroups };
  const rows: readonly (readonly [string, Metadata, object, readonly string[]])[] = [
    ["Fargate", fargate, {}, ecs],
    ["awsvpc, IPv4", ec2.awsvpc, {}, ecs],
    ["awsvpc, IPv6-only", ec2.ipv6Only, {}, ecs],
    [
      "awsvpc, dual-stack",
      ec2.dualStack,
      {},
      [...ecs, "elasticloadbalancing:DescribeTargetGroups"],
    ],
    ["bridge", ec2.bridge, groups, onInstance],
    ["host", ec2.host, groups, onInstance],
    ["bridge, an ip group", ec2.bridge, {}, [...onInstance, "ec2:DescribeInstances"]],
    ["host, an ip group", ec2.host, {}, [...onInstance, "ec2:DescribeInstances"]],
    ["none", ec2.none, {}, []],
    [
      "bridge, a service without target groups",
      ec2.bridge,
      { "ecs:DescribeServices": describeServices({}) },
      ecs,
    ],
    [
      "bridge, a task of no service",
      ec2.bridge,
      {
        "ecs:DescribeTasks": describeTasks(String(ec2.bridge.task.TaskARN), { group: "family:x" }),
      },
      ["ecs:DescribeTasks"],
    ],
  ];
  test.each(rows)("%s", async (_, metadata, changed, expected) => {
    const { actions } = await resolve(metadata, { ...changed });
    expect(await actions()).toEqual([...expected]);
  });

  test("name the cluster as the metadata does, and nothing but this task, its service and its instance", async () => {
    const { actions, calls } = await resolve(ec2.bridge);
    await actions();
    const cluster = "default";
    expect(calls.map(({ input }) => input)).toMatchObject([
      { cluster, tasks: [ec2.bridge.task.TaskARN] },
      { cluster, services: ["MyService"] },
      {
        cluster,
        containerInstances: [
          "arn:aws:ecs:us-west-2:111122223333:container-instance/default/18f9eda5-27d7-4c19-b133-45adc516e8fb",
        ],
      },
      {
        "TargetGroupArns.member.1": groupArn("web"),
        "TargetGroupArns.member.2": groupArn("admin"),
      },
      { "InstanceId.1": "i-042f39dc" },
    ]);
    const onFargate = await resolve(fargate);
    await onFargate.actions();
    expect(onFargate.calls.map(({ input }) => input.cluster)).toEqual([
      fargate.task.Cluster,
      fargate.task.Cluster,
    ]);
  });

  test("ask for the chosen container's target groups alone", async () => {
    const { clients, calls } = awsOf({
      ...(await answersOf(ec2.host)),
      "ecs:DescribeServices": describeServices({
        loadBalancers: [loadBalancer("web"), loadBalancer("admin", 81, "admin")],
      }),
      "elasticloadbalancing:DescribeTargetGroups": describeTargetGroups([
        { name: "admin", targetType: "instance" },
      ]),
    });
    await resolveTargets(clients, await taskOf(ec2.host), { targetContainer: "admin" }, signal);
    expect(calls.at(-1)?.input).toMatchObject({ "TargetGroupArns.member.1": groupArn("admin") });
    expect(calls.at(-1)?.input).not.toHaveProperty(["TargetGroupArns.member.2"]);
  });
});

describe("the targets of each mode", () => {
  const web = groupArn("web");
  const admin = groupArn("admin");
  const v6 = describeTargetGroups([{ name: "web", ipAddressType: "ipv6" }, { name: "admin" }]);
  const rows: readonly (readonly [
    string,
    Metadata,
    object,
    readonly (readonly [string, string, number])[],
  ])[] = [
    [
      "awsvpc",
      ec2.awsvpc,
      {},
      [
        [web, "10.0.2.61", 80],
        [admin, "10.0.2.61", 80],
      ],
    ],
    [
      "dual-stack, each group by its own address type",
      ec2.dualStack,
      { "elasticloadbalancing:DescribeTargetGroups": v6 },
      [
        [web, "2600:1f14:30ab:6102::63c7", 80],
        [admin, "10.0.2.61", 80],
      ],
    ],
    [
      "IPv6-only",
      ec2.ipv6Only,
      {},
      [
        [web, "2600:1f14:30ab:6102:1bb1:b1e5:7d4a:63c7", 80],
        [admin, "2600:1f14:30ab:6102:1bb1:b1e5:7d4a:63c7", 80],
      ],
    ],
    [
      "bridge, each group by its own target type",
      ec2.bridge,
      {},
      [
        [web, "10.0.2.9", 32768],
        [admin, "i-042f39dc", 32768],
      ],
    ],
    [
      "host, each group by its own target type",
      ec2.host,
      {},
      [
        [web, "10.0.2.9", 80],
        [admin, "i-042f39dc", 80],
      ],
    ],
  ];
  test.each(rows)("%s", async (_, metadata, changed, expected) => {
    const { resolution, labels } = await resolve(metadata, { ...changed });
    expect(await labels()).toEqual([...expected]);
    expect(await resolution).toMatchObject({ pending: [], notices: [] });
  });
});

describe("the entries of each deployment controller", () => {
  const listener = {
    productionListenerRule: "arn:aws:elasticloadbalancing:us-west-2:111122223333:listener-rule/1",
    roleArn: "arn:aws:iam::111122223333:role/ecs",
  };
  const taskSet = (id: string, name: string): object => ({
    id,
    status: "ACTIVE",
    loadBalancers: [loadBalancer(name)],
  });
  const rows: readonly (readonly [string, object, readonly string[]])[] = [
    ["rolling, several", { loadBalancers: [loadBalancer("a"), loadBalancer("b")] }, ["a", "b"]],
    [
      "blue/green: the alternate target group too",
      {
        loadBalancers: [
          loadBalancer("a", 80, "web", {
            alternateTargetGroupArn: groupArn("alternate"),
            ...listener,
          }),
        ],
      },
      ["a", "alternate"],
    ],
    [
      "classic load balancers are passed over",
      {
        loadBalancers: [
          { loadBalancerName: "classic", containerName: "web", containerPort: 80 },
          loadBalancer("a"),
        ],
      },
      ["a"],
    ],
    [
      "CODE_DEPLOY: the service's and the task set's",
      {
        deploymentController: { type: "CODE_DEPLOY" },
        loadBalancers: [loadBalancer("blue")],
        taskSets: [
          taskSet("ecs-svc/1111111111111111111", "blue"),
          taskSet("ecs-svc/8313801574462400613", "green"),
        ],
      },
      ["blue", "green"],
    ],
    [
      "EXTERNAL before a primary task set: the task set's alone",
      {
        deploymentController: { type: "EXTERNAL" },
        taskSets: [
          taskSet("ecs-svc/1111111111111111111", "other"),
          taskSet("ecs-svc/8313801574462400613", "own"),
        ],
      },
      ["own"],
    ],
    [
      "EXTERNAL where no task set says that it started the task: all of them",
      {
        deploymentController: { type: "EXTERNAL" },
        taskSets: [
          taskSet("ecs-svc/1111111111111111111", "one"),
          taskSet("ecs-svc/2222222222222222222", "two"),
        ],
      },
      ["one", "two"],
    ],
  ];
  test.each(rows)("%s", async (_, service, names) => {
    const { labels, actions } = await resolve(ec2.awsvpc, {
      "ecs:DescribeServices": describeServices(service),
    });
    expect((await labels()).map(([arn]) => arn)).toEqual(names.map(groupArn));
    expect(await actions()).toEqual(["ecs:DescribeTasks", "ecs:DescribeServices"]);
  });
});

describe("what keeps the targets from being known", () => {
  const denied = {
    status: 400,
    body: { __type: "AccessDeniedException", message: "User is not authorized to perform it" },
  };
  const throttled = {
    status: 400,
    body: { __type: "ThrottlingException", message: "Rate exceeded" },
  };
  const arn = String(ec2.bridge.task.TaskARN);
  const rows: readonly (readonly [
    string,
    Metadata,
    Readonly<Record<string, WireAnswer | undefined>>,
    { readonly code: string; readonly transient: boolean },
    string,
  ])[] = [
    ["network mode none", ec2.none, {}, { code: "network-mode-none", transient: false }, "none"],
    [
      "a task that ECS does not know",
      ec2.awsvpc,
      { "ecs:DescribeTasks": missing("tasks", arn) },
      { code: "task-missing", transient: true },
      `${arn}: MISSING`,
    ],
    [
      "a task of no service",
      ec2.awsvpc,
      { "ecs:DescribeTasks": describeTasks(arn, { group: "family:curltest" }) },
      { code: "not-in-a-service", transient: false },
      "its group is family:curltest",
    ],
    [
      "a task without a group",
      ec2.awsvpc,
      { "ecs:DescribeTasks": describeTasks(arn, { group: undefined }) },
      { code: "not-in-a-service", transient: false },
      "its group is not given",
    ],
    [
      "a service that ECS does not know",
      ec2.awsvpc,
      { "ecs:DescribeServices": missing("services", "MyService") },
      { code: "service-missing", transient: true },
      "MyService in default: MISSING",
    ],
    [
      "a service without target groups",
      ec2.awsvpc,
      { "ecs:DescribeServices": describeServices({ loadBalancers: [] }) },
      { code: "no-target-groups", transient: false },
      "MyService has no target group",
    ],
    [
      "a service with nothing but classic load balancers",
      ec2.awsvpc,
      {
        "ecs:DescribeServices": describeServices({
          loadBalancers: [{ loadBalancerName: "old", containerName: "web", containerPort: 80 }],
        }),
      },
      { code: "no-target-groups", transient: false },
      "MyService has no target group",
    ],
    [
      "a service with nothing but target groups that hold no tasks",
      ec2.host,
      {
        "elasticloadbalancing:DescribeTargetGroups": describeTargetGroups([
          { name: "web", targetType: "alb" },
          { name: "admin", targetType: "lambda" },
        ]),
      },
      { code: "no-target-groups", transient: false },
      "targetgroup/web/0123456789abcdef has the target type alb",
    ],
    [
      "a container instance that ECS does not know",
      ec2.bridge,
      { "ecs:DescribeContainerInstances": missing("containerInstances", "x") },
      { code: "container-instance-missing", transient: true },
      "MISSING",
    ],
    [
      "a task in bridge mode without a container instance",
      ec2.bridge,
      { "ecs:DescribeTasks": describeTasks(arn, { containerInstanceArn: undefined }) },
      { code: "no-answer", transient: true },
      "containerInstanceArn",
    ],
    [
      "ecs:DescribeTasks denied",
      ec2.awsvpc,
      { "ecs:DescribeTasks": denied },
      { code: "denied", transient: false },
      "ecs:DescribeTasks failed: AccessDeniedException",
    ],
    [
      "ecs:DescribeServices throttled",
      ec2.awsvpc,
      { "ecs:DescribeServices": throttled },
      { code: "throttled", transient: true },
      "ecs:DescribeServices failed: ThrottlingException: Rate exceeded",
    ],
    [
      "ecs:DescribeContainerInstances failing",
      ec2.host,
      { "ecs:DescribeContainerInstances": { status: 500, body: { __type: "ServerException" } } },
      { code: "unavailable", transient: true },
      "ecs:DescribeContainerInstances failed",
    ],
    [
      "ecs:DescribeServices refused",
      ec2.awsvpc,
      { "ecs:DescribeServices": { status: 400, body: { __type: "ClusterNotFoundException" } } },
      { code: "rejected", transient: false },
      "ClusterNotFoundException",
    ],
    [
      "no connection",
      ec2.awsvpc,
      { "ecs:DescribeTasks": undefined },
      { code: "unavailable", transient: true },
      "ecs:DescribeTasks failed",
    ],
    [
      "an answer that is no JSON",
      ec2.awsvpc,
      { "ecs:DescribeTasks": "<html>Log in</html>" },
      { code: "no-answer", transient: true },
      "ecs:DescribeTasks failed",
    ],
    [
      "DescribeTargetGroups throttled",
      ec2.host,
      {
        "elasticloadbalancing:DescribeTargetGroups": {
          status: 400,
          body: elbError("Throttling", "Rate exceeded"),
        },
      },
      { code: "throttled", transient: true },
      "elasticloadbalancing:DescribeTargetGroups for targetgroup/web/0123456789abcdef",
    ],
  ];
  test.each(rows)("%s", async (_, metadata, changed, expected, message) => {
    const fault = await faultOf((await resolve(metadata, changed)).resolution);
    expect(fault).toMatchObject(expected);
    expect(fault.message).toContain(message);
    expect(fault.fix).not.toBe("");
  });

  test("a denied call names the action and the resource to allow, in the task's own partition", async () => {
    const fixOf = async (metadata: Metadata, action: string) =>
      (await faultOf((await resolve(metadata, { [action]: denied })).resolution)).fix;
    const account = "arn:aws:ecs:us-west-2:111122223333";
    expect(await fixOf(ec2.awsvpc, "ecs:DescribeTasks")).toContain(
      `Allow ecs:DescribeTasks on ${account}:task/default/* `,
    );
    expect(await fixOf(fargate, "ecs:DescribeServices")).toContain(
      `Allow ecs:DescribeServices on ${account}:service/default/MyService `,
    );
    expect(await fixOf(ec2.host, "ecs:DescribeContainerInstances")).toContain(
      `Allow ecs:DescribeContainerInstances on ${account}:container-instance/default/* `,
    );
  });
});

describe("target groups that cannot be read", () => {
  const denied = {
    status: 403,
    body: elbError("AccessDenied", "User is not authorized to perform it"),
  };
  const rows: readonly (readonly [string, Metadata, string, number])[] = [
    ["dual-stack: IPv4", ec2.dualStack, "10.0.2.61", 80],
    ["bridge: the instance", ec2.bridge, "i-042f39dc", 32768],
    ["host: the instance", ec2.host, "i-042f39dc", 80],
  ];
  test.each(rows)("denied, %s and one notice", async (_, metadata, id, port) => {
    const { resolution, actions } = await resolve(metadata, {
      "elasticloadbalancing:DescribeTargetGroups": denied,
    });
    const { targets, notices, pending } = await resolution;
    expect(targets).toEqual([
      { targetGroupArn: groupArn("web"), id, port },
      { targetGroupArn: groupArn("admin"), id, port },
    ]);
    expect(notices).toMatchObject([{ code: "target-groups-denied" }]);
    expect(notices[0]?.fix).toContain("elasticloadbalancing:DescribeTargetGroups");
    expect(pending).toEqual([]);
    expect(await actions()).not.toContain("ec2:DescribeInstances");
  });

  test("one that is deleted is taken for a usual one, and the others are read", async () => {
    const { labels } = await resolve(ec2.dualStack, {
      "elasticloadbalancing:DescribeTargetGroups": describeTargetGroups([
        { name: "admin", ipAddressType: "ipv6" },
      ]),
    });
    expect(await labels()).toEqual([
      [groupArn("web"), "10.0.2.61", 80],
      [groupArn("admin"), "2600:1f14:30ab:6102::63c7", 80],
    ]);
  });
});

describe("an instance's address that cannot be read", () => {
  const rows: readonly (readonly [
    string,
    WireAnswer | undefined,
    { readonly code: string; readonly transient: boolean },
  ])[] = [
    [
      "denied",
      { status: 403, body: ec2Error("UnauthorizedOperation", "You are not authorized") },
      { code: "denied", transient: false },
    ],
    [
      "throttled",
      { status: 503, body: ec2Error("RequestLimitExceeded", "Request limit exceeded.") },
      { code: "throttled", transient: true },
    ],
    [
      "not known",
      {
        status: 400,
        body: ec2Error("InvalidInstanceID.NotFound", "The instance ID does not exist"),
      },
      { code: "instance-missing", transient: true },
    ],
    ["not listed", noInstances, { code: "instance-missing", transient: true }],
    [
      "without an address",
      describeInstances("i-042f39dc", ""),
      { code: "no-answer", transient: true },
    ],
    ["no connection", undefined, { code: "unavailable", transient: true }],
  ];
  test.each(rows)("%s: pending, beside the targets that need none", async (_, answer, expected) => {
    const { resolution } = await resolve(ec2.bridge, { "ec2:DescribeInstances": answer });
    const { targets, pending } = await resolution;
    expect(targets).toEqual([{ targetGroupArn: groupArn("admin"), id: "i-042f39dc", port: 32768 }]);
    expect(pending).toMatchObject([expected]);
  });

  test("no EC2 client: pending for good, beside the targets that need none", async () => {
    const { resolution } = await resolve(ec2.host, {}, ({ ecs, elb }) => ({ ecs, elb }));
    const { targets, pending } = await resolution;
    expect(targets).toHaveLength(1);
    expect(pending).toMatchObject([{ code: "ec2-client-missing", transient: false }]);
  });
});

describe("what is not there yet", () => {
  const withoutPorts: Metadata = {
    container: ec2.bridge.container,
    task: {
      ...ec2.bridge.task,
      Containers: [{ Name: "web", Type: "NORMAL", KnownStatus: "PULLED" }],
    },
  };
  const groups = { "elasticloadbalancing:DescribeTargetGroups": instanceGroups };

  test("a host port that is not bound is pending, and nothing rejects", async () => {
    const { resolution } = await resolve(withoutPorts, groups);
    expect(await resolution).toMatchObject({
      targets: [],
      pending: [{ code: "host-port-pending", transient: true }],
    });
  });

  test("a container that is not listed is pending", async () => {
    const task = { ...ec2.bridge.task, Containers: [] };
    const { resolution } = await resolve({ ...ec2.bridge, task }, groups);
    expect(await resolution).toMatchObject({
      targets: [],
      pending: [{ code: "container-pending", transient: true }],
    });
  });
});

test("an aborted call is the last", async () => {
  const controller = new AbortController();
  controller.abort();
  const { clients, calls } = awsOf(await answersOf(ec2.awsvpc));
  const task = await taskOf(ec2.awsvpc);
  const fault = await faultOf(resolveTargets(clients, task, {}, controller.signal));
  expect(fault.cause).toMatchObject({ name: "AbortError" });
  expect(calls).toHaveLength(1);
});

test("a placement is read with an ECS client alone", async () => {
  const { clients } = awsOf(await answersOf(ec2.host));
  const placement = await readPlacement({ ecs: clients.ecs }, await taskOf(ec2.host), signal);
  expect(placement).toMatchObject({
    serviceName: "MyService",
    startedBy: "ecs-svc/8313801574462400613",
    taskSets: [],
    containerInstance: { ec2InstanceId: "i-042f39dc" },
  });
});

test("the EC2 client is loaded only by the chunk that is imported on demand", async () => {
  const built = await Bun.build({
    entrypoints: [new URL("../src/index.ts", import.meta.url).pathname],
    packages: "external",
    splitting: true,
    target: "node",
  });
  const naming = [];
  for (const output of built.outputs)
    if ((await output.text()).includes('"@aws-sdk/client-ec2"')) naming.push(output.kind);
  expect(naming).toEqual(["chunk"]);
});
