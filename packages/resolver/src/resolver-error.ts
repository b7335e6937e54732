// The one error class of this package, and how a failed call of AWS becomes one.

import { type CallFaultCode, callFaultOf } from "@nlb-sidecar/health";

/**
 * What kept the task's targets from being known. The five of {@link CallFaultCode} are about a call of AWS, the others are:
 *
 * - `not-on-ecs`: there is no task metadata endpoint to ask, or its address is no URL.
 * - `metadata-unavailable`: the endpoint gives no answer, or one with a status other than 200.
 * - `metadata-unreadable`: it answers 200 with something that is not the documented JSON.
 * - `network-pending`: the task's network is not set up yet. Passes.
 * - `network-mode-none`: the task has no network, so no load balancer can reach it.
 * - `not-in-a-service`: nobody but a service registers a task with a target group.
 * - `no-target-groups`: the service has none that its tasks could be in.
 * - `container-pending`: an entry's container is not listed yet, as while its image is pulled. Passes.
 * - `host-port-pending`: the container has no host port yet, as before it runs. Passes.
 * - `task-missing`, `service-missing`, `container-instance-missing`, `instance-missing`: AWS answers that it knows none
 *   of that name, or has not heard of it yet.
 * - `ec2-client-missing`: a target group wants the EC2 instance's address, and there is no EC2 client to ask.
 */
export type ResolverErrorCode =
  | CallFaultCode
  | "not-on-ecs"
  | "metadata-unavailable"
  | "metadata-unreadable"
  | "network-pending"
  | "network-mode-none"
  | "not-in-a-service"
  | "no-target-groups"
  | "container-pending"
  | "host-port-pending"
  | "task-missing"
  | "service-missing"
  | "container-instance-missing"
  | "instance-missing"
  | "ec2-client-missing";

/**
 * The task, its targets or its status could not be told. `message` says what was seen, `fix` what to change, `cause` is the
 * error below it, if there is one.
 */
export class ResolverError extends Error {
  override readonly name = "ResolverError";
  readonly code: ResolverErrorCode;
  /** Whether asking again may be answered without anybody changing anything. */
  readonly transient: boolean;
  readonly fix: string;

  constructor(
    code: ResolverErrorCode,
    transient: boolean,
    message: string,
    fix: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
    this.code = code;
    this.transient = transient;
    this.fix = fix;
  }
}

const fixes: Record<CallFaultCode, (action: string, resource: string) => string> = {
  throttled: () =>
    "Nothing to change for this task: ask again, more slowly. If it lasts, something in the account uses up the region's request rate.",
  denied: (action, resource) =>
    `Allow ${action} on ${resource} in the task role (not the execution role), and check that the task has one.`,
  unavailable: () =>
    "Check that the task reaches the regional endpoint (NAT, or an interface endpoint) and its credentials endpoint.",
  rejected: (action, resource) =>
    `Check the region, the account and ${resource} against ${action}.`,
  "no-answer": () =>
    "Check what answers in the endpoint's place: a proxy, or a faulty AWS_ENDPOINT_URL.",
};

/**
 * The error for a failed call.
 *
 * @param action as a policy names it: `ecs:DescribeTasks`.
 * @param resource what a policy would have to allow it on: `arn:aws:ecs:eu-west-1:111122223333:task/web/*`, or `*`.
 */
export function callErrorOf(error: unknown, action: string, resource: string): ResolverError {
  const fault = callFaultOf(error);
  return new ResolverError(
    fault.code,
    fault.transient,
    `${action} failed: ${fault.name}: ${fault.message}`,
    fixes[fault.code](action, resource),
    { cause: error },
  );
}

/** The error for an answer that lacks what the API always gives, such as `desiredStatus`. */
export function noAnswerOf(action: string, lacking: string): ResolverError {
  return new ResolverError(
    "no-answer",
    true,
    `${action} answered without ${lacking}`,
    fixes["no-answer"](action, "*"),
  );
}
