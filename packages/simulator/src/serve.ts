// The world on a port: one HTTP server for all of its endpoints.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { answer } from "./answer.ts";
import { listening } from "./listening.ts";
import type { WireAnswer } from "./wire.ts";
import type { World } from "./world.ts";

/** A world that is being served. */
export interface WorldServer {
  /** `http://127.0.0.1:43210`, without a trailing slash. */
  readonly origin: string;
  readonly host: string;
  readonly port: number;
  /** Ends it, open connections too, and the running of the world. */
  close(): Promise<void>;
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}

async function deliver(
  world: World,
  response: ServerResponse,
  { status, headers, body, delivery }: WireAnswer,
  signal: AbortSignal,
): Promise<void> {
  const bytes = Buffer.from(body, "utf8");
  const half = bytes.subarray(0, Math.floor(bytes.length / 2));
  const head = (): void => {
    response.writeHead(status, { ...headers, "content-length": bytes.length });
  };
  switch (delivery.kind) {
    case "hang":
      return;
    case "reset":
      response.socket?.resetAndDestroy();
      return;
    case "cut":
    case "stall":
      head();
      // The half must have left before the connection ends.
      response.write(half, () => {
        if (delivery.kind === "cut") response.socket?.destroy();
      });
      return;
    case "slow":
      head();
      response.write(half);
      await world.clock.sleep(delivery.ms, signal);
      response.end(bytes.subarray(half.length));
      return;
    case "late":
      await world.clock.sleep(delivery.ms, signal);
      break;
  }
  head();
  response.end(bytes);
}

/**
 * Serves a world over HTTP, and runs it meanwhile.
 *
 * @param how.port any free one by default.
 * @param how.host `127.0.0.1` by default.
 * @throws the system's error where the address cannot be listened on.
 */
export async function serve(
  world: World,
  { port = 0, host = "127.0.0.1" }: { readonly port?: number; readonly host?: string } = {},
): Promise<WorldServer> {
  const closing = new AbortController();
  const reply = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    // Without a listener, a client that goes away while it is answered would end the process.
    response.on("error", () => {});
    const body = await bodyOf(incoming);
    const headers = Object.fromEntries(
      Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
    );
    const { method = "GET", url: path = "/" } = incoming;
    const answered = answer(world, { method, path, headers, body });
    await deliver(world, response, answered, closing.signal);
  };
  const server = createServer((incoming, response) => {
    reply(incoming, response).catch(() => response.destroy());
  });
  // A client that keeps its connection must not find it closed just as it asks again.
  server.keepAliveTimeout = 0;
  const address = await listening(server, port, host);
  const running = world.run(closing.signal);
  // Every address of the machine is no address to ask.
  const asked = { "0.0.0.0": "127.0.0.1", "::": "::1" }[address.address] ?? address.address;
  const name = asked.includes(":") ? `[${asked}]` : asked;
  return {
    origin: `http://${name}:${address.port}`,
    host: address.address,
    port: address.port,
    async close() {
      closing.abort();
      await running;
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
