// The record of one call, for tests that count.

/** One call that somebody made to the world. */
export interface Call {
  /** On the world's clock. */
  readonly atMs: number;
  /** `ecs:DescribeTasks`, `elasticloadbalancing:DescribeTargetHealth`, `metadata:task`, `credentials:read`, ...; `unknown` where nothing was recognised. */
  readonly action: string;
  /** The task whose credentials or metadata path the call came with. */
  readonly taskArn: string | undefined;
  /** `answered`, the code of AWS's error (`Throttling`), or the fault without an answer (`hang`). */
  readonly outcome: string;
  readonly status: number | undefined;
  /** The ARNs, names and ids that were asked about. */
  readonly about: readonly string[];
}
