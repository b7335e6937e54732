// A request and an answer as they go over the wire, without the wire.

/** A request as it came. Header names are in lower case. */
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
