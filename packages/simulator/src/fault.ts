// Faults by script: what goes wrong, with which calls, from when to when.

/**
 * What a call meets:
 *
 * - `throttle`: refused, with the service's own code; 429 by the metadata endpoint.
 * - `error`: `status` (500 by default) with the service's `code` for it.
 * - `deny`: refused for want of permission. `expired-token`: for an old session.
 * - `hang`: the connection is accepted and nothing comes. `reset`: the connection is reset.
 * - `garbage`: status 200 and `body`, which no client can read. `empty`: status 200 without a body.
 * - `late`: the right answer, after `ms`. `slow`: the right answer, its body spread over `ms`.
 * - `stall`: headers and half of the body, then nothing. `cut`: headers and half of the body, then the connection ends.
 */
export type FaultKind =
  | { readonly kind: "throttle" | "deny" | "expired-token" }
  | { readonly kind: "hang" | "reset" | "empty" | "stall" | "cut" }
  | {
      readonly kind: "error";
      readonly status?: number;
      readonly code?: string;
      readonly message?: string;
    }
  | { readonly kind: "garbage"; readonly body?: string }
  | { readonly kind: "late" | "slow"; readonly ms: number };

/**
 * A fault. Of several that meet a call, the first that was set strikes.
 *
 * `action` is one of `ecs:DescribeTasks`, `elasticloadbalancing:DescribeTargetHealth`, `ec2:DescribeInstances`, ..., `metadata:task`,
 * `metadata:container`, `credentials:read`; or `ecs:*`, `metadata:*`, ...; or `*`.
 */
export type Fault = FaultKind & {
  readonly action: string;
  /** On the world's clock; from now by default. */
  readonly fromMs?: number;
  /** On the world's clock, excluded; without end by default. */
  readonly toMs?: number;
  /** How many calls it strikes; all by default. */
  readonly count?: number;
  /** The share of calls that it strikes, 0 to 1, by the world's `random`; 1 by default. */
  readonly share?: number;
  /** Strikes only the calls of this task (its ARN). */
  readonly taskArn?: string;
};
