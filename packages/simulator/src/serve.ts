// The world on a port: one HTTP server for all of its endpoints.

import type { World } from "./world.ts";

/** A world that is being served. */
export interface WorldServer {
  /** `http://127.0.0.1:43210`, without a trailing slash. */
  readonly origin: string;
  readonly port: number;
  /** Ends it, open connections too. */
  close(): Promise<void>;
}

/**
 * Serves a world over HTTP, and runs it meanwhile.
 *
 * @param how.port any free one by default.
 * @param how.host `127.0.0.1` by default.
 */
export function serve(
  _world: World,
  _how?: { readonly port?: number; readonly host?: string },
): Promise<WorldServer> {
  throw new Error("not built yet");
}
