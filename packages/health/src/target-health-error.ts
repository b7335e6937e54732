// The one error class of this package.

import { type CallFaultCode, callFaultOf } from "./call-fault.ts";
import type { TargetHealth } from "./target-health.ts";

/**
 * Elastic Load Balancing was asked and gave no usable answer. `message` says what was seen, and never a credential; `fix` what
 * to change; `cause` is the call's own error, which may quote the request with its session token: it is not for logs.
 */
export class TargetHealthError extends Error {
  override readonly name = "TargetHealthError";
  readonly code: CallFaultCode;
  /** Whether asking again may be answered without anybody changing anything. */
  readonly transient: boolean;
  readonly fix: string;
  /** What was answered all the same, where several calls were made and only some failed. */
  readonly readings: readonly TargetHealth[];

  constructor(
    code: CallFaultCode,
    transient: boolean,
    message: string,
    fix: string,
    options?: { readonly cause?: unknown; readonly readings?: readonly TargetHealth[] },
  ) {
    super(message, { cause: options?.cause });
    this.code = code;
    this.transient = transient;
    this.fix = fix;
    this.readings = options?.readings ?? [];
  }
}

const fixes: Record<CallFaultCode, (action: string) => string> = {
  throttled: () =>
    "Nothing to change for this task: it asks more slowly by itself. If it lasts, raise the poll interval of the fleet.",
  denied: (action) =>
    `Allow ${action} on Resource "*" in the task role (not the execution role), and check that the task has one.`,
  unavailable: () =>
    "Check that the task reaches the regional endpoint (NAT, or an interface endpoint) and its credentials endpoint.",
  rejected: (action) => `Check the target group's ARN, region and account against ${action}.`,
  "no-answer": () =>
    "Check what answers in the endpoint's place: a proxy, or a faulty AWS_ENDPOINT_URL.",
};

/** The error for a failed call of `action`, such as `elasticloadbalancing:DescribeTargetHealth`, about `subject`. */
export function targetHealthErrorOf(
  error: unknown,
  action: string,
  subject: string,
): TargetHealthError {
  const fault = callFaultOf(error);
  return new TargetHealthError(
    fault.code,
    fault.transient,
    `${action} for ${subject} failed: ${fault.name}: ${fault.message}`,
    fixes[fault.code](action),
    { cause: error },
  );
}

/** The error for an answer of `action` that lacks `wanted`. */
export function noAnswerError(action: string, wanted: string): TargetHealthError {
  return new TargetHealthError(
    "no-answer",
    true,
    `${action} answered without ${wanted}`,
    `Nothing to change if it passes. ${fixes["no-answer"](action)}`,
  );
}
