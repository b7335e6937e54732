// One request in, one answer out: the wire formats of all the endpoints, without a socket.

import type { World } from "./world.ts";

/** A request as it came over the wire. Header names are in lower case. */
export interface WireRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: { readonly [name: string]: string | undefined };
  readonly body: string;
}

/**
 * How an answer goes back: `at-once`; `late` after `ms`; its body `slow` over `ms`; headers and half of the body, then nothing
 * (`stall`) or the connection's end (`cut`); never (`hang`); or the connection is `reset`.
 */
export type Delivery =
  | { readonly kind: "at-once" | "stall" | "cut" | "hang" | "reset" }
  | { readonly kind: "late" | "slow"; readonly ms: number };

/** An answer, and how it is to be delivered. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  readonly body: string;
  readonly delivery: Delivery;
}

/**
 * Answers a request as the endpoint that it means would: the task metadata endpoint, the credentials endpoint, ECS, Elastic
 * Load Balancing, EC2, or the world's own control routes under `/_world/`. Records the call. Never throws for what a request holds.
 */
export function answer(_world: World, _request: WireRequest): WireAnswer {
  throw new Error("not built yet");
}
