// How a fault bends an answer: what it says, and how it goes back.

import { ApiError, type ApiService, refusalOf } from "./api-error.ts";
import type { Fault } from "./fault.ts";
import type { Delivery, WireAnswer } from "./wire.ts";

/** The refusal that a fault stands for; undefined where it stands for none. */
export function refusalByFault(
  fault: Fault | undefined,
  service: ApiService,
  action: string,
): ApiError | undefined {
  if (fault === undefined) return undefined;
  if (fault.kind === "throttle") return refusalOf(service, "throttled", action);
  if (fault.kind === "deny") return refusalOf(service, "denied", action);
  if (fault.kind === "expired-token") return refusalOf(service, "expired", action);
  if (fault.kind !== "error") return undefined;
  const { status = 500 } = fault;
  const usual = refusalOf(service, status === 503 ? "unavailable" : "internal", action);
  return new ApiError(status, fault.code ?? usual.code, fault.message ?? usual.message);
}

/** What a fault makes of the right answer. Refusals are none of its business. */
export function bent(answer: WireAnswer, fault: Fault | undefined): WireAnswer {
  if (fault === undefined) return answer;
  const deliver = (delivery: Delivery): WireAnswer => ({ ...answer, delivery });
  switch (fault.kind) {
    case "hang":
    case "reset":
    case "stall":
    case "cut":
      return deliver({ kind: fault.kind });
    case "late":
    case "slow":
      return deliver({ kind: fault.kind, ms: fault.ms });
    case "empty":
      return { ...answer, status: 200, body: "" };
    case "garbage":
      return { ...answer, status: 200, body: fault.body ?? "<<< this is no answer >>>" };
    default:
      return answer;
  }
}
