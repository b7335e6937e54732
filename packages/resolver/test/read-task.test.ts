// Reading the task metadata endpoint: this answer gives this task; this answer gives this error.

import { afterEach, describe, expect, test } from "bun:test";
import { type Fetch, readTask, type Task } from "../src/index.ts";
import { faultOf } from "./fault.ts";
import * as ec2 from "./fixtures/metadata-ec2.ts";
import { fargate } from "./fixtures/metadata-fargate.ts";
import { endpoint, fetchOf, type Metadata, taskOf } from "./metadata.ts";

const { signal } = new AbortController();

/** The endpoint of `metadata`, one of whose two paths answers something else. */
const spoilt =
  (path: "" | "/task", answer: () => Response | Promise<Response>): Fetch =>
  async (url, init) =>
    url === `${endpoint}${path}` ? answer() : fetchOf(ec2.awsvpc)(url, init);

describe("the documented answers", () => {
  const rows: readonly (readonly [string, Metadata, Partial<Task>])[] = [
    [
      "Fargate",
      fargate,
      {
        networkMode: "awsvpc",
        ipv4Addresses: ["192.0.2.3"],
        ipv6Addresses: [],
        cluster: "arn:aws:ecs:us-west-2:111122223333:cluster/default",
        serviceName: undefined,
      },
    ],
    [
      "EC2, awsvpc",
      ec2.awsvpc,
      {
        networkMode: "awsvpc",
        ipv4Addresses: ["10.0.2.61"],
        cluster: "default",
        serviceName: "MyService",
        region: "us-west-2",
        partition: "aws",
      },
    ],
    [
      "IPv6-only",
      ec2.ipv6Only,
      { ipv4Addresses: [], ipv6Addresses: ["2600:1f14:30ab:6102:1bb1:b1e5:7d4a:63c7"] },
    ],
    [
      "dual-stack, with the IPv6 address brought to its short form",
      ec2.dualStack,
      { ipv4Addresses: ["10.0.2.61"], ipv6Addresses: ["2600:1f14:30ab:6102::63c7"] },
    ],
    ["bridge", ec2.bridge, { networkMode: "bridge", ipv4Addresses: ["172.17.0.2"] }],
    ["docker's network on Windows is bridge", ec2.nat, { networkMode: "bridge" }],
    [
      "a network shared for Service Connect is bridge",
      ec2.sharedNetwork,
      { networkMode: "bridge" },
    ],
    ["host, its empty address left out", ec2.host, { networkMode: "host", ipv4Addresses: [] }],
    ["none", ec2.none, { networkMode: "none", ipv4Addresses: [] }],
  ];
  test.each(rows)("%s", async (_, metadata, expected) => {
    expect(await taskOf(metadata)).toMatchObject(expected);
  });

  test("containers come with type, status and every listed port, the agent's own among them", async () => {
    expect((await taskOf(ec2.awsvpc)).containers[0]).toEqual({
      name: "~internal~ecs~pause",
      type: "CNI_PAUSE",
      knownStatus: "RESOURCES_PROVISIONED",
      ports: [],
    });
    expect((await taskOf(ec2.bridge)).containers[0]).toEqual({
      name: "web",
      type: "NORMAL",
      knownStatus: "RUNNING",
      ports: [
        { containerPort: 80, hostPort: 32769, hostIp: "::", protocol: "tcp" },
        { containerPort: 80, hostPort: 32768, hostIp: "0.0.0.0", protocol: "tcp" },
      ],
    });
  });

  test("a stopped container, a container without network and one that is only pulled are listed", async () => {
    const task = {
      ...ec2.bridge.task,
      Containers: [
        { Name: "web", Type: "NORMAL", KnownStatus: "STOPPED", ExitCode: 0, FinishedAt: "now" },
        { Name: "init", Type: "NORMAL", KnownStatus: "CREATED" },
        { Name: "late", Type: "NORMAL", KnownStatus: "PULLED" },
      ],
    };
    const { containers } = await taskOf({ ...ec2.bridge, task });
    expect(containers.map(({ name, knownStatus }) => [name, knownStatus])).toEqual([
      ["web", "STOPPED"],
      ["init", "CREATED"],
      ["late", "PULLED"],
    ]);
  });

  test("the network mode is the container's own, whatever the task's list says", async () => {
    const task = { ...ec2.host.task, Containers: ec2.bridge.task.Containers };
    expect((await taskOf({ container: ec2.host.container, task })).networkMode).toBe("host");
  });

  test("partition and region are whatever stands in the task's ARN", async () => {
    const TaskARN = "arn:aws-nowhere:ecs:xx-lunar-7:111122223333:task/web/0123456789abcdef";
    const task = await taskOf({ ...ec2.awsvpc, task: { ...ec2.awsvpc.task, TaskARN } });
    expect([task.partition, task.region, task.arn]).toEqual(["aws-nowhere", "xx-lunar-7", TaskARN]);
  });

  test("without a Cluster the one in the task's ARN is taken", async () => {
    const task = { ...ec2.awsvpc.task, Cluster: undefined };
    expect((await taskOf({ ...ec2.awsvpc, task })).cluster).toBe("default");
  });

  test("malformed members of a list are left out, unknown fields ignored", async () => {
    const Containers = [
      null,
      7,
      { Type: "NORMAL" },
      {
        Name: "web",
        Shape: "round",
        Ports: [{ ContainerPort: 80 }, { ContainerPort: 80, HostPort: 70_000 }, "80"],
      },
    ];
    const { containers } = await taskOf({
      ...ec2.bridge,
      task: { ...ec2.bridge.task, Containers },
    });
    expect(containers).toEqual([{ name: "web", type: "NORMAL", knownStatus: "NONE", ports: [] }]);
  });
});

describe("what is asked", () => {
  const originalFetch = globalThis.fetch;
  const originalProxy = process.env.HTTP_PROXY;
  afterEach(() => {
    globalThis.fetch = originalFetch;
    if (originalProxy === undefined) delete process.env.HTTP_PROXY;
    else process.env.HTTP_PROXY = originalProxy;
  });

  test.each(["", "/", "//"])(
    "the two documented paths, with %p at the endpoint's end",
    async (end) => {
      const asked: string[] = [];
      await readTask(fetchOf(ec2.awsvpc, asked), `${endpoint}${end}`, signal);
      expect(asked).toEqual([endpoint, `${endpoint}/task`]);
    },
  );

  test("only by the fetch that was handed in, so that HTTP_PROXY and the global fetch play no part", async () => {
    process.env.HTTP_PROXY = "http://127.0.0.1:9";
    globalThis.fetch = Object.assign(() => Promise.reject(new Error("the global fetch")), {
      preconnect: () => undefined,
    });
    const asked: string[] = [];
    await readTask(fetchOf(ec2.awsvpc, asked), endpoint, signal);
    expect(asked).toHaveLength(2);
  });

  test("with the caller's signal", async () => {
    const signals: AbortSignal[] = [];
    const controller = new AbortController();
    await readTask(
      (url, init) => {
        signals.push(init.signal);
        return fetchOf(ec2.awsvpc)(url, init);
      },
      endpoint,
      controller.signal,
    );
    expect(signals).toEqual([controller.signal, controller.signal]);
  });
});

describe("what is no answer", () => {
  test.each([
    [undefined, "is not set"],
    ["", "is not set"],
    ["169.254.170.2/v4/1", "is no http URL: 169.254.170.2/v4/1"],
    ["http://", "is no http URL"],
    ["file:///etc/passwd", "is no http URL"],
  ])("endpoint %p is not-on-ecs, for good, and nothing is asked", async (value, message) => {
    const asked: string[] = [];
    const fault = await faultOf(readTask(fetchOf(ec2.awsvpc, asked), value, signal));
    expect(fault).toMatchObject({ code: "not-on-ecs", transient: false });
    expect(fault.message).toContain(message);
    expect(asked).toEqual([]);
  });

  const json = (body: unknown, status = 200): (() => Response) => {
    return () => Response.json(body, { status });
  };
  const text = (body: string, status = 200): (() => Response) => {
    return () => new Response(body, { status });
  };
  const rows: readonly (readonly [
    string,
    "" | "/task",
    () => Response | Promise<Response>,
    { readonly code: string; readonly transient: boolean },
    string,
  ])[] = [
    [
      "404 with a JSON string",
      "/task",
      json("V4 task metadata handler: unable to get task arn from request", 404),
      { code: "metadata-unavailable", transient: false },
      'answered 404: "V4 task metadata handler: unable to get task arn from request"',
    ],
    [
      "429 with a text",
      "/task",
      text("You have reached maximum request limit.", 429),
      { code: "metadata-unavailable", transient: true },
      "answered 429: You have reached maximum request limit.",
    ],
    [
      "301",
      "/task",
      text("", 301),
      { code: "metadata-unavailable", transient: false },
      "answered 301: (nothing)",
    ],
    [
      "500 while the container's network settings are missing",
      "",
      json("unable to generate metadata for v4 container", 500),
      { code: "metadata-unavailable", transient: true },
      "answered 500",
    ],
    [
      "no connection",
      "/task",
      () => Promise.reject(new Error("connection refused")),
      { code: "metadata-unavailable", transient: true },
      "failed: connection refused",
    ],
    [
      "a body that breaks off in the connection",
      "/task",
      () =>
        new Response(
          new ReadableStream({
            start: (controller) => controller.error(new Error("socket closed")),
          }),
        ),
      { code: "metadata-unavailable", transient: true },
      "failed: socket closed",
    ],
    [
      "an empty body",
      "",
      text(""),
      { code: "metadata-unreadable", transient: true },
      "0 characters that are no JSON: (nothing)",
    ],
    [
      "half a body",
      "/task",
      text(JSON.stringify(ec2.awsvpc.task).slice(0, 700)),
      { code: "metadata-unreadable", transient: true },
      "700 characters that are no JSON",
    ],
    [
      "nonsense",
      "",
      text("<html>\n<body>\u0007Log in to the hotel's network</body></html>"),
      { code: "metadata-unreadable", transient: true },
      "no JSON: <html> <body> Log in to the hotel's network</body></html>",
    ],
    [
      "JSON that is no task",
      "/task",
      json(null),
      { code: "metadata-unreadable", transient: true },
      "no TaskARN",
    ],
    [
      "an ARN of something else",
      "/task",
      json({ TaskARN: "arn:aws:ecs:us-west-2:111122223333:cluster/default" }),
      { code: "metadata-unreadable", transient: true },
      "not a task's ARN: arn:aws:ecs:us-west-2:111122223333:cluster/default",
    ],
    [
      "a task without any cluster",
      "/task",
      json({ TaskARN: "arn:aws:ecs:us-west-2:111122223333:task/0123456789abcdef" }),
      { code: "metadata-unreadable", transient: true },
      "neither Cluster nor a cluster in TaskARN",
    ],
    [
      "a container that has no network yet",
      "",
      json({ ...ec2.awsvpc.container, Networks: undefined }),
      { code: "network-pending", transient: true },
      "no network of this container yet",
    ],
    [
      "an awsvpc container that has no address yet",
      "",
      json({ ...ec2.awsvpc.container, Networks: [{ NetworkMode: "awsvpc" }] }),
      { code: "network-pending", transient: true },
      "no address of this container yet",
    ],
  ];
  test.each(rows)("%s", async (_, path, answer, expected, message) => {
    const fault = await faultOf(readTask(spoilt(path, answer), endpoint, signal));
    expect(fault).toMatchObject(expected);
    expect(fault.message).toContain(message);
    expect(fault.fix).not.toBe("");
  });

  test("a long body is quoted only by its beginning", async () => {
    const fault = await faultOf(readTask(spoilt("", text("x".repeat(1e6))), endpoint, signal));
    expect(fault.message.length).toBeLessThan(400);
  });

  test("the error below it is the cause", async () => {
    const cause = new Error("connection refused");
    const fault = await faultOf(
      readTask(
        spoilt("", () => Promise.reject(cause)),
        endpoint,
        signal,
      ),
    );
    expect(fault.cause).toBe(cause);
  });
});
