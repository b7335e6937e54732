// A refusal of an AWS API, and how each of its protocols writes it.

/** The three protocols: ECS's JSON 1.1, Elastic Load Balancing's query, EC2's own query. */
export type ApiService = "ecs" | "elasticloadbalancing" | "ec2";

/** What a service refuses with, before it is written in the service's protocol. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  /** As it stands on the wire: `Throttling`, `ClusterNotFoundException`. */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The refusals that every service knows, under its own names. */
export type CommonRefusal =
  | "throttled"
  | "denied"
  | "expired"
  | "unsigned"
  | "unknown-action"
  | "internal"
  | "unavailable";

// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/CommonErrors.html
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
const refusals: {
  readonly [service in ApiService]: {
    readonly [refusal in CommonRefusal]: readonly [status: number, code: string];
  };
} = {
  ecs: {
    throttled: [400, "ThrottlingException"],
    denied: [400, "AccessDeniedException"],
    expired: [400, "ExpiredTokenException"],
    unsigned: [400, "MissingAuthenticationTokenException"],
    "unknown-action": [400, "UnknownOperationException"],
    internal: [500, "ServerException"],
    unavailable: [503, "ServiceUnavailableException"],
  },
  elasticloadbalancing: {
    throttled: [400, "Throttling"],
    denied: [403, "AccessDenied"],
    expired: [403, "ExpiredToken"],
    unsigned: [403, "MissingAuthenticationToken"],
    "unknown-action": [400, "InvalidAction"],
    internal: [500, "InternalFailure"],
    unavailable: [503, "ServiceUnavailable"],
  },
  ec2: {
    throttled: [503, "RequestLimitExceeded"],
    denied: [403, "UnauthorizedOperation"],
    expired: [400, "RequestExpired"],
    unsigned: [403, "MissingAuthenticationToken"],
    "unknown-action": [400, "InvalidAction"],
    internal: [500, "InternalError"],
    unavailable: [503, "Unavailable"],
  },
};

const sentences: { readonly [refusal in CommonRefusal]: (action: string) => string } = {
  throttled: () => "Rate exceeded",
  denied: (action) =>
    `User is not authorized to perform: ${action} because no identity-based policy allows the ${action} action`,
  expired: () => "The security token included in the request is expired",
  unsigned: () => "Missing Authentication Token",
  "unknown-action": (action) =>
    `The action ${action.split(":")[1] ?? action} is not valid for this endpoint.`,
  internal: () => "We encountered an internal error. Please try again.",
  unavailable: () => "Service is unavailable. Please try again later.",
};

/** A service's refusal of `action`, such as `ecs:DescribeTasks`, under the service's own name for it. */
export function refusalOf(service: ApiService, refusal: CommonRefusal, action: string): ApiError {
  const [status, code] = refusals[service][refusal];
  return new ApiError(status, code, sentences[refusal](action));
}
