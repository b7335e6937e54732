// Classes the error of an AWS call by the SDK's own error data.

import { isServerError, isThrottlingError, isTransientError } from "@smithy/core/retry";

/**
 * What kind of fault ended a call:
 *
 * - `throttled`: the account's request rate is used up (`Throttling` is what Elastic Load Balancing sends, `ThrottlingException` ECS).
 * - `denied`: a permission or the credentials themselves are refused. Will not pass by itself.
 * - `unavailable`: the service or the way to it fails: 5xx, a time-out, no connection, no or expired credentials.
 * - `rejected`: any other refusal of the request. Will not pass by itself.
 * - `no-answer`: something answered, but not in a form that the call knows.
 */
export type CallFaultCode = "throttled" | "denied" | "unavailable" | "rejected" | "no-answer";

/** A classed fault. `transient` says that asking again later may well be answered. */
export interface CallFault {
  readonly code: CallFaultCode;
  readonly transient: boolean;
  /** The service's own name for it, such as `AccessDenied`, or the error's. */
  readonly name: string;
  /** The service's or the runtime's message. */
  readonly message: string;
}

interface SdkErrorShape {
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  readonly $fault?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

// A session that ran out is mended by the next credentials, unlike every other 403.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/CommonErrors.html
const expired = new Set(["ExpiredToken", "ExpiredTokenException", "RequestExpired"]);

const denied = new Set([
  "AccessDenied",
  "AccessDeniedException",
  "AuthFailure",
  "IncompleteSignature",
  "InvalidClientTokenId",
  "MissingAuthenticationToken",
  "MissingAuthenticationTokenException",
  "NotAuthorized",
  "OptInRequired",
  "SignatureDoesNotMatch",
  "UnauthorizedOperation",
  "UnrecognizedClientException",
]);

/**
 * Classes what a `send` of an AWS client rejected with. Never throws.
 *
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/CommonErrors.html
 */
export function callFaultOf(error: unknown): CallFault {
  const seen = (typeof error === "object" && error !== null ? error : {}) as SdkErrorShape;
  const name = seen.name || "Error";
  const message = seen.message || (error instanceof Error ? name : String(error));
  const fault = (code: CallFaultCode, transient: boolean): CallFault => ({
    code,
    transient,
    name: seen.code !== undefined && name === "Error" ? seen.code : name,
    message,
  });
  const sdkError = (error instanceof Error ? error : new Error(message)) as Parameters<
    typeof isThrottlingError
  >[0];
  const status = seen.$metadata?.httpStatusCode;
  if (isThrottlingError(sdkError)) return fault("throttled", true);
  if (expired.has(name)) return fault("unavailable", true);
  if (denied.has(name) || status === 401 || status === 403) return fault("denied", false);
  if (isTransientError(sdkError) || isServerError(sdkError)) return fault("unavailable", true);
  // The SDK marks a parsed error of the service with its side; a 2xx that it could not parse has none.
  if (status !== undefined && status >= 400 && seen.$fault === "client")
    return fault("rejected", false);
  if (status !== undefined || error instanceof SyntaxError) return fault("no-answer", true);
  return fault("unavailable", true);
}
