// What the application beside it gets: its open connections waited for, a word on the drain, and a status port.

import { describe, expect, test } from "bun:test";
import { createServer as createHttpServer } from "node:http";
import { connect, createServer, type Server, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { type Beginning, beginLife, describeTargetHealth, testMs, wallMsOf } from "./life.ts";
import { until } from "./sidecar-process.ts";

// Peers on the loopback interface are no clients': they are not counted.
const own = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ internal, family }) => !internal && family === "IPv4")?.address;

async function listen(server: Server, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("it has no port");
  return address.port;
}

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => void server.close(() => resolve()));

/** The application: it accepts on every address, and ends what its clients end. */
async function startApplication(): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.resume().on("error", () => {});
  });
  const port = await listen(server, "0.0.0.0");
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await closed(server);
    },
  };
}

const connected = (host: string, port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    socket.once("connect", () => resolve(socket)).once("error", reject);
  });

const inHostMode = (port: number, settings: Readonly<Record<string, string>>): Beginning => ({
  description: {
    networkMode: "host",
    containers: [
      { name: "app", portMappings: [{ containerPort: port, hostPort: port }] },
      { name: "nlb-sidecar" },
    ],
  },
  settings: { DEREGISTRATION_WAIT: "1", ...settings },
});

// One count is at most a second after another; the rest is for a busy machine.
const countMs = 1_000 + 1_500;

describe.concurrent("with a drain timeout", () => {
  if (own === undefined) {
    console.warn("no address but the loopback interface's: no connection here would be counted");
    return;
  }

  test(
    "it stays while connections are open, and leaves within a count of the last one's end",
    async () => {
      await using application = await startApplication();
      const { port } = application;
      const clients = await Promise.all([connected(own, port), connected(own, port)]);
      // A neighbour in the task, which keeps nothing open that the load balancer has sent.
      const neighbour = await connected("127.0.0.1", port);
      await using life = await beginLife(inHostMode(port, { NLB_SIDECAR_DRAIN_TIMEOUT: "120" }));
      const { sidecar, world } = life;
      await life.healthy();
      life.drain();
      const began = await sidecar.line("drain-began");
      const pollsPastTheWait = () =>
        life
          .calls(describeTargetHealth)
          .filter(({ atMs }) => world.wallMs(atMs) > wallMsOf(began) + 1_000).length;
      await until("polls past the wait", () => pollsPastTheWait() >= 2, sidecar.output);
      clients[0]?.destroy();
      const polls = pollsPastTheWait();
      await until("more polls", () => pollsPastTheWait() >= polls + 2, sidecar.output);
      expect(sidecar.running()).toBe(true);

      const endedMs = performance.now();
      clients[1]?.destroy();
      const { code, atMs } = await sidecar.exit();
      expect(code).toBe(0);
      expect(atMs - endedMs).toBeLessThan(countMs);
      expect(await sidecar.line("drained")).toMatchObject({
        because: "drained",
        openConnections: 0,
      });
      neighbour.destroy();
    },
    testMs,
  );

  test(
    "it leaves at the drain timeout at the latest, and tells what was open",
    async () => {
      await using application = await startApplication();
      const client = await connected(own, application.port);
      await using life = await beginLife(
        inHostMode(application.port, { NLB_SIDECAR_DRAIN_TIMEOUT: "3" }),
      );
      await life.healthy();
      life.drain();
      expect((await life.sidecar.exit()).code).toBe(0);
      const drained = await life.sidecar.line("drained");
      expect(drained).toMatchObject({ because: "drain-timeout", openConnections: 1 });
      expect(drained.elapsedMs).toBeGreaterThanOrEqual(3_000);
      client.destroy();
    },
    testMs,
  );

  test(
    "it leaves with the deregistration wait where no connection is open",
    async () => {
      await using application = await startApplication();
      await using life = await beginLife(
        inHostMode(application.port, { NLB_SIDECAR_DRAIN_TIMEOUT: "120" }),
      );
      await life.healthy();
      life.drain();
      expect((await life.sidecar.exit()).code).toBe(0);
      const drained = await life.sidecar.line("drained");
      expect(drained).toMatchObject({ because: "drained", openConnections: 0 });
      expect(drained.elapsedMs).toBeLessThan(countMs + 1_000);
    },
    testMs,
  );
});

interface Heard extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly { readonly of: string; readonly body: unknown }[];
}

async function startListener(status: number): Promise<Heard> {
  const requests: { of: string; body: unknown }[] = [];
  const server = createHttpServer(async (incoming, response) => {
    let text = "";
    for await (const chunk of incoming) text += chunk;
    requests.push({ of: `${incoming.method} ${incoming.url}`, body: JSON.parse(text) });
    response.writeHead(status).end();
  });
  const port = await listen(server, "127.0.0.1");
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await closed(server);
    },
  };
}

describe.concurrent("an application that wants to know", () => {
  test(
    "gets one POST when the drain begins, and one when it is called off",
    async () => {
      await using heard = await startListener(204);
      await using life = await beginLife({
        settings: {
          NLB_SIDECAR_ON_DRAIN_URL: `${heard.url}/drain`,
          NLB_SIDECAR_ON_RETURN_URL: `${heard.url}/return`,
        },
      });
      const { sidecar, world, target, task } = life;
      await life.healthy();
      world.setTargetHealth(target, { state: "draining" });
      await sidecar.line("notified", ({ of }) => of === "drain");
      world.setTargetHealth(target, undefined);
      await sidecar.line("notified", ({ of }) => of === "return");
      await sidecar.line("drain-called-off");
      const told = { task: task.arn, cluster: expect.any(String) };
      expect(heard.requests).toEqual([
        { of: "POST /drain", body: { phase: "draining", ...told } },
        { of: "POST /return", body: { phase: "watching", ...told } },
      ]);
      life.drain();
      const { code } = await sidecar.exit();
      expect(code).toBe(0);
      expect(heard.requests.map(({ of }) => of)).toEqual([
        "POST /drain",
        "POST /return",
        "POST /drain",
      ]);
    },
    testMs,
  );

  test(
    "delays nothing where it does not take the POST",
    async () => {
      await using heard = await startListener(500);
      await using life = await beginLife({
        settings: { NLB_SIDECAR_ON_DRAIN_URL: `${heard.url}/drain`, DEREGISTRATION_WAIT: "3" },
      });
      const { sidecar } = life;
      await life.healthy();
      life.drain();
      await sidecar.line("fault", ({ source }) => source === "application");
      expect((await sidecar.exit()).code).toBe(0);
      expect((await sidecar.line("drained")).elapsedMs).toBeLessThan(3_000 + countMs);
      expect(heard.requests).toHaveLength(3);
    },
    testMs,
  );
});

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server, "127.0.0.1");
  await closed(server);
  return port;
}

describe.concurrent("the status port", () => {
  const ready = async (port: number): Promise<number> =>
    (await fetch(`http://127.0.0.1:${port}/ready`)).status;

  test(
    "answers 200 until the drain, 503 from then on, and neighbours in the task alone",
    async () => {
      const port = await freePort();
      await using life = await beginLife({ settings: { NLB_SIDECAR_STATUS_PORT: `${port}` } });
      const { sidecar } = life;
      await sidecar.line("status-listening");
      await life.healthy();
      expect(await ready(port)).toBe(200);
      for (const host of [own, "127.0.0.2", "::1"].filter((each) => each !== undefined))
        await expect(connected(host, port)).rejects.toThrow();
      life.drain();
      await sidecar.line("drain-began");
      expect(await ready(port)).toBe(503);
      expect((await sidecar.exit()).code).toBe(0);
    },
    testMs,
  );

  test(
    "that is in use is a fault that is told, and the watch goes on",
    async () => {
      await using taken = await startListener(204);
      const { port } = new URL(taken.url);
      await using life = await beginLife({ settings: { NLB_SIDECAR_STATUS_PORT: port } });
      expect(await life.sidecar.line("fault")).toMatchObject({ code: "status-port" });
      await life.healthy();
      life.drain();
      expect((await life.sidecar.exit()).code).toBe(0);
      await life.sidecar.line("drained");
    },
    testMs,
  );
});
