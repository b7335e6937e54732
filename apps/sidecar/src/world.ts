// The type of everything outside the process.

import type {
  Clock,
  DeregistrationClient,
  TargetGroupAttributesClient,
  TargetGroupClient,
  TargetHealthClient,
} from "@nlb-sidecar/health";
import type { Fetch, PlacementClients, TaskClient } from "@nlb-sidecar/resolver";
import type { ConnectionCounter } from "./connections.ts";
import type { OpenLog } from "./log.ts";

/** The clients of AWS. */
export interface AwsClients extends PlacementClients {
  readonly ecs: PlacementClients["ecs"] & TaskClient;
  readonly elb: TargetHealthClient &
    TargetGroupClient &
    TargetGroupAttributesClient &
    DeregistrationClient;
}

/** Asks a URL once, for whoever is told of the drain. */
export type Post = (url: string, body: string, signal: AbortSignal) => Promise<number>;

/** An answer: a status code, and a body that becomes JSON. */
export interface StatusAnswer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * Opens a server on 127.0.0.1 that answers GET requests by their path.
 *
 * @throws where the port cannot be had.
 */
export type StatusServer = (
  port: number,
  answer: (path: string) => StatusAnswer,
) => { readonly close: () => void };

/** Everything that the process can ask, tell or wait for. */
export interface World {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Asks the task metadata endpoint, never through a proxy. */
  readonly fetch: Fetch;
  readonly post: Post;
  readonly log: Pick<OpenLog, "write" | "limitTo">;
  /** @param attempts of each call, by the SDK itself, as they are wanted just then. */
  aws(region: string, attempts: () => number): AwsClients;
  readonly connections?: ConnectionCounter;
  /** The processor time that this process has used, in milliseconds. */
  readonly processorMs?: () => number;
  /** Opens the status server. */
  readonly serve?: StatusServer;
}
