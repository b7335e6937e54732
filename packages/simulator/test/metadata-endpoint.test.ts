// What the task metadata endpoint and the credentials endpoint answer, by network mode and moment.

import { describe, expect, test } from "bun:test";
import { answer, environmentOf, fetchOf, type World, type WorldDescription } from "../src/index.ts";
import { firstTask, simulatedWorld } from "./simulated-world.ts";

const origin = "http://127.0.0.1:1";

async function ask(
  world: World,
  path: string,
  container = "nlb-sidecar",
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field
): Promise<{ status: number; body: any }> {
  const uri = environmentOf(
    world,
    world.tasks().at(-1)?.arn ?? "",
    container,
    origin,
  ).ECS_CONTAINER_METADATA_URI_V4;
  const response = await fetchOf(world)(`${uri}${path}`);
  const text = await response.text();
  try {
    return { status: response.status, body: JSON.parse(text) };
  } catch {
    return { status: response.status, body: text };
  }
}

describe("the container's own networks and ports", () => {
  const rows: readonly (readonly [string, WorldDescription, object, number])[] = [
    ["awsvpc", {}, { NetworkMode: "awsvpc", IPv4Addresses: ["10.0.2.61"] }, 0],
    [
      "awsvpc, dual-stack",
      { addressFamily: "dualstack" },
      { IPv4Addresses: ["10.0.2.61"], IPv6Addresses: ["2001:db8:1234:1a00::3d"] },
      0,
    ],
    [
      "awsvpc, IPv6 alone",
      { addressFamily: "ipv6" },
      {
        NetworkMode: "awsvpc",
        IPv6Addresses: ["2001:db8:1234:1a00::3d"],
        SubnetGatewayIpv6Address: "fe80::1/64",
      },
      0,
    ],
    [
      "bridge",
      { networkMode: "bridge" },
      { NetworkMode: "bridge", IPv4Addresses: ["172.17.0.2"] },
      2,
    ],
    ["host", { networkMode: "host" }, { NetworkMode: "host", IPv4Addresses: [""] }, 0],
    ["none", { networkMode: "none" }, { NetworkMode: "none", IPv4Addresses: [""] }, 0],
  ];
  test.each(rows)("in %s", async (_title, description, network, ports) => {
    const { world } = simulatedWorld(description);
    const { status, body } = await ask(world, "", "app");
    expect(status).toBe(200);
    expect(body.Networks).toEqual([expect.objectContaining(network)]);
    expect(body.Ports?.length ?? 0).toBe(ports);
  });

  test("in IPv6 alone name no IPv4 address", async () => {
    const { world } = simulatedWorld({ addressFamily: "ipv6" });
    expect((await ask(world, "")).body.Networks[0]).not.toHaveProperty("IPv4Addresses");
  });

  test("in bridge mode list a port for IPv4 and IPv6, and each of a range", async () => {
    const { world } = simulatedWorld({
      networkMode: "bridge",
      containers: [
        {
          name: "app",
          portMappings: [
            { containerPort: 80, hostPortV6: 50_000 },
            { containerPortRange: "90-91" },
          ],
        },
        { name: "nlb-sidecar" },
      ],
    });
    expect((await ask(world, "", "app")).body.Ports).toEqual([
      { ContainerPort: 80, Protocol: "tcp", HostPort: 32768, HostIp: "0.0.0.0" },
      { ContainerPort: 80, Protocol: "tcp", HostPort: 50000, HostIp: "::" },
      { ContainerPort: 90, Protocol: "tcp", HostPort: 32769, HostIp: "0.0.0.0" },
      { ContainerPort: 90, Protocol: "tcp", HostPort: 32769, HostIp: "::" },
      { ContainerPort: 91, Protocol: "tcp", HostPort: 32770, HostIp: "0.0.0.0" },
      { ContainerPort: 91, Protocol: "tcp", HostPort: 32770, HostIp: "::" },
    ]);
    expect((await ask(world, "")).body).not.toHaveProperty("Ports");
  });
});

describe("the task", () => {
  test.each([
    ["FARGATE", {}, "arn:aws:ecs:eu-west-1:111122223333:cluster/default", false],
    ["EC2", { launchType: "EC2" }, "default", true],
    ["EC2", { networkMode: "bridge" }, "default", false],
    ["FARGATE", { clusterInMetadata: "name" }, "default", false],
  ] as const)("on %s with %o", async (launchType, description, cluster, pause) => {
    const { world } = simulatedWorld(description);
    const { body } = await ask(world, "/task");
    expect(body).toMatchObject({
      Cluster: cluster,
      TaskARN: firstTask(world).arn,
      LaunchType: launchType,
      DesiredStatus: "RUNNING",
      KnownStatus: "RUNNING",
    });
    expect(body).not.toHaveProperty("ServiceName");
    const names: readonly string[] = body.Containers.map(({ Name }: { Name: string }) => Name);
    expect(names.toSorted()).toEqual([
      "app",
      "nlb-sidecar",
      ...(pause ? ["~internal~ecs~pause"] : []),
    ]);
    expect(body.Containers.find(({ Name }: { Name: string }) => Name.startsWith("~"))?.Type).toBe(
      pause ? "CNI_PAUSE" : undefined,
    );
  });

  test("lists its containers in any order", async () => {
    const { world } = simulatedWorld();
    const first = new Set<string>();
    for (let time = 0; time < 20; time += 1)
      first.add((await ask(world, "/task")).body.Containers[0].Name);
    expect(first.size).toBe(2);
  });

  test("tells the service's name where the world is told to", async () => {
    const { world } = simulatedWorld({ serviceNameInMetadata: true, service: "shop" });
    expect((await ask(world, "/task")).body.ServiceName).toBe("shop");
  });

  test("does not know that it is being deregistered, only that its containers are stopped", async () => {
    const { world, clock } = simulatedWorld({
      targetGroups: [{ name: "web", deregistrationDelayMs: 60_000 }],
    });
    world.stopTask(firstTask(world).arn, "service");
    expect((await ask(world, "/task")).body.DesiredStatus).toBe("RUNNING");
    await clock.advance(60_000);
    expect((await ask(world, "/task")).body.DesiredStatus).toBe("STOPPED");
  });

  test("shows a container by what has become of it so far", async () => {
    const { world, clock } = simulatedWorld({
      networkMode: "bridge",
      containers: [
        {
          name: "app",
          pullMs: 1_000,
          startMs: 1_000,
          essential: false,
          portMappings: [{ containerPort: 80 }],
          dependsOn: [{ containerName: "slow", condition: "START" }],
        },
        { name: "slow", pullMs: 2_000 },
        { name: "nlb-sidecar" },
      ],
    });
    const { arn } = world.startTask();
    const app = async () =>
      (await ask(world, "/task")).body.Containers.find(
        ({ Name }: { Name: string }) => Name === "app",
      );
    expect(await app()).toBeUndefined();
    await clock.advance(1_000);
    expect(await app()).toMatchObject({ KnownStatus: "PULLED", DockerId: "" });
    expect(await app()).not.toHaveProperty("Networks");
    await clock.advance(1_000);
    expect((await app()).KnownStatus).toBe("CREATED");
    expect(await app()).not.toHaveProperty("Networks");
    expect(await app()).not.toHaveProperty("Ports");
    expect((await ask(world, "", "app")).status).toBe(500);
    await clock.advance(1_000);
    expect((await app()).Ports).toHaveLength(2);
    expect((await ask(world, "", "app")).status).toBe(200);
    world.containerExited(arn, "app", 3);
    expect(await app()).toMatchObject({ KnownStatus: "STOPPED", ExitCode: 3 });
  });
});

describe("the metadata endpoint refuses", () => {
  test("an unknown id with 404 and a JSON string", async () => {
    const { world } = simulatedWorld();
    for (const path of ["/v4/unknown", "/v4/unknown/task"]) {
      const response = await fetchOf(world)(`${origin}${path}`);
      expect(response.status).toBe(404);
      expect(typeof (await response.json())).toBe("string");
    }
  });

  test("a trailing slash and an unknown route with 404, a double slash with 301", async () => {
    const { world } = simulatedWorld();
    expect((await ask(world, "/")).status).toBe(404);
    expect((await ask(world, "/task/")).status).toBe(404);
    expect((await ask(world, "/nothing")).status).toBe(404);
    const request = { method: "GET", headers: {}, body: "" };
    for (const path of ["//v4/x", "/v4//x"])
      expect(answer(world, { ...request, path })).toMatchObject({
        status: 301,
        headers: { location: "/v4/x" },
      });
  });

  test("the 61st request at once with 429, and one 25 ms later no more", async () => {
    const { world, clock } = simulatedWorld();
    const statuses: number[] = [];
    for (let time = 0; time < 61; time += 1) statuses.push((await ask(world, "/task")).status);
    expect(statuses.lastIndexOf(200)).toBe(59);
    expect(await ask(world, "/task")).toEqual({
      status: 429,
      body: "You have reached maximum request limit.",
    });
    expect((await ask(world, "")).status).toBe(200);
    await clock.advance(25);
    expect((await ask(world, "/task")).status).toBe(200);
    expect((await ask(world, "/task")).status).toBe(429);
  });
});

describe("the credentials endpoint", () => {
  test("gives each task its own, for the described time", async () => {
    const { world, clock } = simulatedWorld({ tasks: 2, credentialsLifetimeMs: 60_000 });
    await clock.advance(1_000);
    const read = async (index: number) => {
      const task = world.tasks()[index];
      const environment = environmentOf(world, task?.id ?? "", "app", origin);
      const response = await fetchOf(world)(environment.AWS_CONTAINER_CREDENTIALS_FULL_URI ?? "");
      return (await response.json()) as { readonly AccessKeyId: string };
    };
    const [first, second] = [await read(0), await read(1)];
    expect(first).toMatchObject({ Expiration: "1970-01-01T00:01:01.000Z" });
    expect(first.AccessKeyId).not.toBe(second.AccessKeyId);
  });

  test("refuses an unknown id as the ECS agent does", async () => {
    const { world } = simulatedWorld();
    const response = await fetchOf(world)(`${origin}/v2/credentials/unknown`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "InvalidIdInRequest", HTTPErrorCode: 400 });
  });
});

test.each([
  ["FARGATE", "AWS_ECS_FARGATE"],
  ["EC2", "AWS_ECS_EC2"],
] as const)("the environment on %s is ECS's", (launchType, execution) => {
  const { world } = simulatedWorld({ launchType, region: "cn-north-1", partition: "aws-cn" });
  const environment = environmentOf(world, firstTask(world).arn, "app", origin);
  expect(environment).toMatchObject({
    AWS_EXECUTION_ENV: execution,
    AWS_REGION: "cn-north-1",
    AWS_DEFAULT_REGION: "cn-north-1",
    AWS_ENDPOINT_URL: origin,
  });
  expect(firstTask(world).arn).toStartWith("arn:aws-cn:ecs:cn-north-1:");
  expect(() => environmentOf(world, "nobody", "app", origin)).toThrow("a task nobody");
});
