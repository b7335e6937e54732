// Finds where the example application can listen so that its connections can be counted as in a task.

import { createServer } from "node:net";
import { networkInterfaces } from "node:os";

/** An address of this machine and a port that nobody listens on. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/**
 * Finds `number` places with different ports. The sidecar leaves out connections with a peer on the loopback interface, as
 * they are no clients': the application must listen on another address of this machine.
 *
 * @returns fewer than `number`: this machine has no other IPv4 address.
 */
export async function findPlaces(number: number): Promise<readonly Place[]> {
  const host = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal)?.address;
  if (host === undefined) return [];
  // On every address, as another task's application listens on the same port of another one; all at once, so that they differ.
  const servers = await Promise.all(
    Array.from({ length: number }, async () => {
      const server = createServer();
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(0, "0.0.0.0", resolve);
      });
      return server;
    }),
  );
  const places = servers.flatMap((server) => {
    const address = server.address();
    return address === null || typeof address === "string" ? [] : [{ host, port: address.port }];
  });
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  return places;
}
