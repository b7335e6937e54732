// What the status server answers to neighbours in the task.

import type { Settings } from "@nlb-sidecar/config";
import { faultOf, openFaultLog } from "./fault-log.ts";
import { version } from "./version.ts";
import type { StatusAnswer, World } from "./world.ts";

/** The phase as neighbours see it, and the server that tells it. */
export interface Status {
  readonly changed: (phase: string) => void;
  readonly close: () => void;
}

/**
 * `/ready`: 200 until a drain begins, 503 from then on; `/status`: the phase and since when, in seconds. Without a status
 * port nothing listens; a port that is in use is logged, and nothing else comes of it.
 */
export function openStatus(world: World, { statusPort }: Settings): Status {
  const { clock, log } = world;
  let phase = "starting";
  let sinceMs = clock.now();
  const answer = (path: string): StatusAnswer => {
    const sinceSeconds = Math.round((clock.now() - sinceMs) / 1000);
    const ready = phase !== "draining" && phase !== "exit";
    if (path === "/ready") return { status: ready ? 200 : 503, body: { ready, phase } };
    if (path === "/status") return { status: 200, body: { phase, sinceSeconds, version } };
    return { status: 404, body: { paths: ["/ready", "/status"] } };
  };
  const changed = (next: string): void => {
    phase = next;
    sinceMs = clock.now();
  };
  if (statusPort === undefined || world.serve === undefined) return { changed, close: () => {} };
  try {
    const { close } = world.serve(statusPort, answer);
    log.write({ event: "status-listening", address: `127.0.0.1:${statusPort}` });
    return { changed, close };
  } catch (error) {
    openFaultLog(clock, log).failed("status", {
      code: "status-port",
      message: `The status server cannot listen on 127.0.0.1:${statusPort}: ${faultOf(error).message}`,
      fix: "Choose a port that no other container of the task uses. The watch goes on without it.",
      transient: false,
    });
    return { changed, close: () => {} };
  }
}
