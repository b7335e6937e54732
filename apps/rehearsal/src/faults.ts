// What can go wrong with AWS during a rehearsal, by name.

import type { Fault } from "@nlb-sidecar/simulator";

/** A named fault of a rehearsal. */
export interface RehearsedFault {
  /** One line for `--help` and the stage's description. */
  readonly summary: string;
  /** The world's faults; `fromMs` and `toMs` count from the moment at which the rehearsal acts. */
  readonly faults: readonly Fault[];
}

const health = "elasticloadbalancing:DescribeTargetHealth";

/** By name, in the order in which `--help` lists them. All begin when the rehearsal acts, so that the drain falls into them. */
export const rehearsedFaults = {
  throttle: {
    summary: "Elastic Load Balancing refuses every call: the account's request rate is used up",
    faults: [{ kind: "throttle", action: "elasticloadbalancing:*" }],
  },
  flaky: {
    summary: "six of ten calls to any API of AWS fail with a 503",
    faults: [
      { kind: "error", status: 503, action: "elasticloadbalancing:*", share: 0.6 },
      { kind: "error", status: 503, action: "ecs:*", share: 0.6 },
    ],
  },
  outage: {
    summary: "every API of AWS fails with a 503 for 4 s, credentials too",
    faults: ["elasticloadbalancing:*", "ecs:*", "ec2:*", "credentials:*"].map((action) => ({
      kind: "error" as const,
      status: 503,
      action,
      toMs: 4_000,
    })),
  },
  hang: {
    summary: "Elastic Load Balancing takes connections and never answers",
    faults: [{ kind: "hang", action: "elasticloadbalancing:*" }],
  },
  "credentials-hang": {
    summary: "the credentials endpoint takes connections and never answers",
    faults: [{ kind: "hang", action: "credentials:*" }],
  },
  deny: {
    summary: "the task role loses its permission for Elastic Load Balancing",
    faults: [{ kind: "deny", action: "elasticloadbalancing:*" }],
  },
  "deny-all": {
    summary: "the task role loses every permission: nobody can tell the sidecar of the drain",
    faults: ["elasticloadbalancing:*", "ecs:*"].map((action) => ({
      kind: "deny" as const,
      action,
    })),
  },
  reset: {
    summary: "half of the connections to Elastic Load Balancing are reset",
    faults: [{ kind: "reset", action: health, share: 0.5 }],
  },
  garbage: {
    summary: "Elastic Load Balancing answers half of the calls with something that is no answer",
    faults: [{ kind: "garbage", action: health, share: 0.5 }],
  },
  stall: {
    summary: "Elastic Load Balancing's answers stop half-way",
    faults: [{ kind: "stall", action: health }],
  },
  late: {
    summary: "each answer of AWS takes 1.5 s",
    faults: ["elasticloadbalancing:*", "ecs:*"].map((action) => ({
      kind: "late" as const,
      ms: 1_500,
      action,
    })),
  },
} as const satisfies { readonly [name: string]: RehearsedFault };

/** The name of a fault, as `--fault` takes it. */
export type FaultName = keyof typeof rehearsedFaults;

/** Every name, in the order of the table. */
export const faultNames: readonly FaultName[] = Object.keys(rehearsedFaults) as FaultName[];

/** The faults of several names, moved to the moment of the act. */
export function faultsAt(names: readonly FaultName[], actMs: number): readonly Fault[] {
  return names.flatMap((name) =>
    (rehearsedFaults[name].faults as readonly Fault[]).map((fault) => ({
      ...fault,
      fromMs: actMs + (fault.fromMs ?? 0),
      ...(fault.toMs === undefined ? {} : { toMs: actMs + fault.toMs }),
    })),
  );
}
