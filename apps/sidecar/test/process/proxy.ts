// An HTTP proxy that records what it is asked for, and forwards it to one origin.

import { request as ask, createServer } from "node:http";

/** A proxy. */
export interface Proxy extends AsyncDisposable {
  /** `http://127.0.0.1:43210` */
  readonly url: string;
  /** What it was asked for: hosts with their ports, as the client named them. */
  readonly hosts: readonly string[];
  /** Where plain requests go, whatever host they name; undefined: they are refused with 502. Tunnels are always refused. */
  forwardTo(origin: string): void;
}

/** Starts a proxy on 127.0.0.1. */
export async function startProxy(): Promise<Proxy> {
  const hosts: string[] = [];
  let origin: string | undefined;
  const server = createServer((incoming, response) => {
    const url = new URL(incoming.url ?? "/", "http://no-proxy-request");
    hosts.push(url.host);
    if (origin === undefined) {
      response.writeHead(502).end();
      return;
    }
    const { method, headers } = incoming;
    const asked = ask(`${origin}${url.pathname}${url.search}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    asked.on("error", () => response.destroy());
    incoming.pipe(asked);
  });
  server.on("connect", (incoming, socket) => {
    hosts.push(incoming.url ?? "");
    socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    hosts,
    forwardTo(to) {
      origin = to;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
