// The real status server: HTTP on the loopback address.

import type { StatusServer } from "./world.ts";

/** Listens on 127.0.0.1 alone: neighbours in the task reach it, and nobody else. */
export const statusServer: StatusServer = (port, answer) => {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port,
    fetch(request) {
      if (request.method !== "GET" && request.method !== "HEAD")
        return new Response(null, { status: 405, headers: { allow: "GET, HEAD" } });
      const { status, body } = answer(new URL(request.url).pathname);
      return Response.json(body, { status });
    },
  });
  return { close: () => void server.stop(true) };
};
