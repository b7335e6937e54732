// Lets a server listen, and tells where it does.

import type { AddressInfo, Server } from "node:net";

/**
 * Resolves with the address when `server` listens.
 *
 * @param port 0: any port that is free.
 * @throws the system's error, such as `EADDRINUSE`.
 */
export async function listening(server: Server, port: number, host: string): Promise<AddressInfo> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const address = server.address();
  if (address === null || typeof address === "string")
    throw new Error(`The server has no TCP address: ${address}`);
  return address;
}
