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
  /** The first line of the service's or the runtime's message. */
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
  "InvalidSignatureException",
  "MissingAuthenticationToken",
  "MissingAuthenticationTokenException",
  "NoCredentials",
  "NotAuthorized",
  "OptInRequired",
  "SignatureDoesNotMatch",
  "UnauthorizedOperation",
  "UnrecognizedClientException",
]);

// What the SDK calls an error whose body names none: a proxy's page, and not a word of the service.
const unnamed = new Set(["Unknown", "UnknownError", "NotFound"]);

/**
 * Classes what a `send` of an AWS client rejected with. Never throws.
 *
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/CommonErrors.html
 */
export function callFaultOf(error: unknown): CallFault {
  const seen = (typeof error === "object" && error !== null ? error : {}) as SdkErrorShape;
  const status = seen.$metadata?.httpStatusCode;
  const name = seen.name || "Error";
  const ofService = seen.$fault !== undefined && !unnamed.has(name);
  const fault = (code: CallFaultCode, transient: boolean): CallFault => ({
    code,
    transient,
    name: seen.code !== undefined && name === "Error" ? seen.code : name,
    message:
      seen.$fault !== undefined && !ofService
        ? `HTTP ${status} without an error of the service`
        : firstLineOf(seen.message || (error instanceof Error ? name : String(error))),
  });
  const sdkError = (error instanceof Error ? error : new Error()) as SdkError;
  if (isThrottlingError(sdkError)) return fault("throttled", true);
  // Before what is denied: a signature refused for a skewed clock is right the next time, as the SDK corrects its clock.
  if (expired.has(name) || isTransientError(sdkError) || isServerError(sdkError))
    return fault("unavailable", true);
  if (ofService && (denied.has(name) || status === 401 || status === 403))
    return fault("denied", false);
  if (ofService) return fault("rejected", false);
  // The SDK marks a parsed error of the service with its side; an answer that it could not parse has a status alone.
  if (status !== undefined || error instanceof SyntaxError) return fault("no-answer", true);
  return fault("unavailable", true);
}

type SdkError = Parameters<typeof isThrottlingError>[0];

// What follows the first line may be a secret: the refusal of a signature quotes the request with its session token.
const firstLineOf = (message: string): string => message.trim().split(/[\r\n]/, 1)[0] ?? "";
