// The load balancer: target groups and their registrations, whose health and routing are functions of time.

import type { Agenda } from "./agenda.ts";
import type { ResolvedTargetGroup } from "./resolved-description.ts";
import type { Target, TargetHealth, WorldEvent } from "./world-event.ts";

/** A health that a script set; states that Elastic Load Balancing does not have are allowed. */
export interface ScriptedHealth {
  readonly state: string;
  readonly reason?: string;
  readonly description?: string;
}

interface Registration {
  readonly target: Target;
  readonly registeredMs: number;
  deregisteredMs: number | undefined;
  /** The state is `draining` until then. */
  drainedMs: number | undefined;
  /** Since when health checks fail; undefined: they pass. With its past, for answers that lag. */
  readonly findings: { readonly atMs: number; readonly failing: boolean }[];
}

/** A target group and everything that ever happened to it. */
export interface TargetGroup {
  readonly arn: string;
  readonly described: ResolvedTargetGroup;
  deletedMs: number | undefined;
  readonly inUse: { readonly atMs: number; readonly inUse: boolean }[];
  /** By target, the latest last. */
  readonly registrations: Map<string, Registration[]>;
  readonly scripted: Map<
    string,
    { readonly atMs: number; readonly health: ScriptedHealth | undefined }[]
  >;
}

/** What the load balancer stands on: the model's present moment, and whom it tells. */
export interface LoadBalancerMeans {
  readonly nowMs: () => number;
  readonly agenda: Agenda;
  readonly tell: (event: WorldEvent) => void;
}

/** The load balancer of a world. */
export interface LoadBalancer {
  readonly groups: readonly TargetGroup[];
  /** Tells where connections go now, where that changed at this moment. */
  progress(): void;
  register(target: Target, agoMs?: number): void;
  deregister(target: Target): void;
  isRegistered(target: Target): boolean;
  setHealthChecks(target: Target, finding: "passing" | "failing"): void;
  setScripted(target: Target, health: ScriptedHealth | undefined): void;
  setInUse(group: TargetGroup, inUse: boolean): void;
  remove(group: TargetGroup): void;
  /** What is true, scripts left out; undefined: the group is deleted. */
  truth(target: Target): TargetHealth | undefined;
  /** What DescribeTargetHealth tells now. */
  told(target: Target): TargetHealth | undefined;
  listed(group: TargetGroup): readonly Target[];
  routes(group: TargetGroup): readonly Target[];
}

const keyOf = ({ id, port }: { id: string; port: number }): string => `${id} ${port}`;

const health = (
  state: TargetHealth["state"],
  reason?: string,
  description?: string,
): TargetHealth => ({ state, reason, description });

// The descriptions are what DescribeTargetHealth answers with.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html
const notRegistered = health(
  "unused",
  "Target.NotRegistered",
  "Target is not registered to the target group",
);
const notInUse = health(
  "unused",
  "Target.NotInUse",
  "Target group is not configured to receive traffic from the load balancer",
);
const registering = health(
  "initial",
  "Elb.RegistrationInProgress",
  "Target registration is in progress",
);
const checking = health(
  "initial",
  "Elb.InitialHealthChecking",
  "Initial health checks in progress",
);
const draining = health(
  "draining",
  "Target.DeregistrationInProgress",
  "Target deregistration is in progress",
);
const failed = ["Target.FailedHealthChecks", "Health checks failed"] as const;

const latest = <Entry extends { readonly atMs: number }>(
  history: readonly Entry[],
  atMs: number,
): Entry | undefined => history.findLast((entry) => entry.atMs <= atMs);

const registrationAt = (group: TargetGroup, key: string, atMs: number): Registration | undefined =>
  group.registrations.get(key)?.findLast(({ registeredMs }) => registeredMs <= atMs);

const checkedMs = ({ described }: TargetGroup, { registeredMs }: Registration): number =>
  registeredMs + described.registrationMs + described.initialHealthCheckMs;

const isInUse = (group: TargetGroup, atMs: number): boolean =>
  latest(group.inUse, atMs)?.inUse ?? group.described.inUse;

function truthAt(group: TargetGroup, key: string, atMs: number): TargetHealth | undefined {
  if (group.deletedMs !== undefined && group.deletedMs <= atMs) return undefined;
  const registration = registrationAt(group, key, atMs);
  if (registration === undefined) return notRegistered;
  const { registeredMs, deregisteredMs, drainedMs, findings } = registration;
  if (deregisteredMs !== undefined && deregisteredMs <= atMs)
    return atMs < (drainedMs ?? deregisteredMs) ? draining : notRegistered;
  if (!isInUse(group, atMs)) return notInUse;
  if (atMs < registeredMs + group.described.registrationMs) return registering;
  if (atMs < checkedMs(group, registration)) return checking;
  const finding = latest(findings, atMs);
  if (!finding?.failing) return health("healthy");
  // The interval counts only where connections to an unhealthy target are kept.
  const { unhealthyConnectionTermination, unhealthyDrainingIntervalMs } = group.described;
  const keptMs = unhealthyConnectionTermination ? 0 : unhealthyDrainingIntervalMs;
  return atMs < finding.atMs + keptMs
    ? health("unhealthy.draining", ...failed)
    : health("unhealthy", ...failed);
}

function toldAt(group: TargetGroup, key: string, atMs: number): TargetHealth | undefined {
  if (group.deletedMs !== undefined && group.deletedMs <= atMs) return undefined;
  const scripted = latest(group.scripted.get(key) ?? [], atMs)?.health;
  if (scripted === undefined) return truthAt(group, key, atMs);
  return health(scripted.state as TargetHealth["state"], scripted.reason, scripted.description);
}

// The data plane follows the configuration late: on after `registrationLagMs`, off after `deregistrationLagMs`.
function routesAt(group: TargetGroup, atMs: number): readonly Target[] {
  const { registrationLagMs, deregistrationLagMs } = group.described;
  const reachedMs = atMs - deregistrationLagMs;
  const wasDeleted = group.deletedMs !== undefined && group.deletedMs <= reachedMs;
  const changed = latest(group.inUse, atMs);
  const listened =
    changed === undefined
      ? group.described.inUse
      : changed.inUse
        ? changed.atMs + registrationLagMs <= atMs
        : changed.atMs > reachedMs;
  if (wasDeleted || !listened) return [];
  const known: { readonly target: Target; readonly healthy: boolean }[] = [];
  for (const registrations of group.registrations.values()) {
    const live = registrations.find(
      (registration) =>
        checkedMs(group, registration) + registrationLagMs <= atMs &&
        (registration.deregisteredMs === undefined || registration.deregisteredMs > reachedMs),
    );
    if (live === undefined) continue;
    known.push({ target: live.target, healthy: !latest(live.findings, atMs)?.failing });
  }
  // Where every target is unhealthy, a Network Load Balancer sends to all of them.
  const healthy = known.filter((each) => each.healthy);
  return (healthy.length > 0 ? healthy : known).map(({ target }) => target);
}

/** A load balancer with these target groups, without targets. */
export function createLoadBalancer(
  { nowMs, agenda, tell }: LoadBalancerMeans,
  described: readonly { readonly arn: string; readonly described: ResolvedTargetGroup }[],
): LoadBalancer {
  const groups: readonly TargetGroup[] = described.map((group) => ({
    ...group,
    deletedMs: undefined,
    inUse: [],
    registrations: new Map(),
    scripted: new Map(),
  }));
  const unrouted = new Set<TargetGroup>();
  const noted = new Map(
    groups.map((group) => [
      group,
      { states: new Map<string, string>(), routed: new Map<string, Target>() },
    ]),
  );

  const groupOf = (targetGroupArn: string): TargetGroup => {
    const group = groups.find(({ arn }) => arn === targetGroupArn);
    if (group === undefined)
      throw new RangeError(`This world has no target group ${targetGroupArn}`);
    return group;
  };
  const targetsOf = (group: TargetGroup): readonly Target[] => {
    const seen = new Map<string, Target>();
    for (const [key, [first]] of group.registrations)
      if (first !== undefined) seen.set(key, first.target);
    for (const key of group.scripted.keys())
      if (!seen.has(key)) {
        const [id = "", port = "0"] = key.split(" ");
        seen.set(key, { targetGroupArn: group.arn, id, port: Number(port) });
      }
    return [...seen.values()];
  };

  // Tells of a target what changed since it was last told of. Where connections go depends on all targets of a group: that is
  // told once, when a moment's changes are complete.
  const noteTarget = (group: TargetGroup, target: Target): void => {
    const atMs = nowMs();
    const states = noted.get(group)?.states;
    const key = keyOf(target);
    const now = toldAt(group, key, atMs) ?? notRegistered;
    const label = `${now.state} ${now.reason}`;
    const before = states?.get(key) ?? "unused Target.NotRegistered";
    states?.set(key, label);
    unrouted.add(group);
    if (label !== before) tell({ atMs, kind: "target", target, health: now });
  };
  const noteGroup = (group: TargetGroup): void => {
    unrouted.add(group);
    for (const target of targetsOf(group)) noteTarget(group, target);
  };
  const noteRoutes = (group: TargetGroup): void => {
    const atMs = nowMs();
    const last = noted.get(group);
    const routed = new Map(routesAt(group, atMs).map((target) => [keyOf(target), target]));
    const before = last?.routed ?? new Map<string, Target>();
    if (last !== undefined) last.routed = routed;
    for (const [key, target] of before)
      if (!routed.has(key)) tell({ atMs, kind: "routing", target, routed: false });
    for (const [key, target] of routed)
      if (!before.has(key)) tell({ atMs, kind: "routing", target, routed: true });
  };
  // Notes now and at each of the times.
  const noteAt = (times: readonly number[], note: () => void): void => {
    note();
    for (const atMs of new Set(times)) if (atMs > nowMs()) agenda.add(atMs, note);
  };

  const registrationOf = (target: Target): Registration | undefined =>
    registrationAt(groupOf(target.targetGroupArn), keyOf(target), nowMs());
  const isRegistered = (target: Target): boolean => {
    const registration = registrationOf(target);
    return (
      groupOf(target.targetGroupArn).deletedMs === undefined &&
      registration !== undefined &&
      registration.deregisteredMs === undefined
    );
  };

  return {
    groups,
    progress() {
      const groupsToNote = [...unrouted];
      unrouted.clear();
      for (const group of groupsToNote) noteRoutes(group);
    },
    isRegistered,
    register(target, agoMs = 0) {
      const group = groupOf(target.targetGroupArn);
      if (group.deletedMs !== undefined || isRegistered(target)) return;
      const registration: Registration = {
        target,
        registeredMs: nowMs() - agoMs,
        deregisteredMs: undefined,
        drainedMs: undefined,
        findings: [],
      };
      const key = keyOf(target);
      group.registrations.set(key, [...(group.registrations.get(key) ?? []), registration]);
      const checked = checkedMs(group, registration);
      noteAt(
        [
          registration.registeredMs + group.described.registrationMs,
          checked,
          checked + group.described.registrationLagMs,
        ],
        () => noteTarget(group, target),
      );
    },
    deregister(target) {
      const group = groupOf(target.targetGroupArn);
      const registration = registrationOf(target);
      if (registration === undefined || !isRegistered(target)) return;
      const { deregistrationDelayMs, deregistrationLagMs, connectionTermination } = group.described;
      const atMs = nowMs();
      // Where no listener forwards to the group there is nothing to drain.
      const drainedMs = atMs + (isInUse(group, atMs) ? deregistrationDelayMs : 0);
      registration.deregisteredMs = atMs;
      registration.drainedMs = drainedMs;
      noteAt([drainedMs, atMs + deregistrationLagMs], () => noteTarget(group, target));
      if (connectionTermination)
        agenda.add(drainedMs, () => {
          if (!isRegistered(target)) tell({ atMs: nowMs(), kind: "flows-reset", target });
        });
    },
    setHealthChecks(target, finding) {
      const group = groupOf(target.targetGroupArn);
      const registration = registrationOf(target);
      const atMs = nowMs();
      const failing = finding === "failing";
      if (registration === undefined) return;
      if ((latest(registration.findings, atMs)?.failing ?? false) === failing) return;
      registration.findings.push({ atMs, failing });
      noteAt([atMs + group.described.unhealthyDrainingIntervalMs], () => noteTarget(group, target));
      if (failing && group.described.unhealthyConnectionTermination && isRegistered(target))
        tell({ atMs, kind: "flows-reset", target });
    },
    setScripted(target, scripted) {
      const group = groupOf(target.targetGroupArn);
      const key = keyOf(target);
      const history = group.scripted.get(key) ?? [];
      history.push({ atMs: nowMs(), health: scripted });
      group.scripted.set(key, history);
      noteTarget(group, target);
    },
    setInUse(group, inUse) {
      const atMs = nowMs();
      if (isInUse(group, atMs) === inUse) return;
      group.inUse.push({ atMs, inUse });
      const { registrationLagMs, deregistrationLagMs } = group.described;
      noteAt([atMs + (inUse ? registrationLagMs : deregistrationLagMs)], () => noteGroup(group));
    },
    remove(group) {
      if (group.deletedMs !== undefined) return;
      group.deletedMs = nowMs();
      noteAt([group.deletedMs + group.described.deregistrationLagMs], () => noteGroup(group));
    },
    truth: (target) => truthAt(groupOf(target.targetGroupArn), keyOf(target), nowMs()),
    told(target) {
      const group = groupOf(target.targetGroupArn);
      return toldAt(group, keyOf(target), nowMs() - group.described.healthLagMs);
    },
    listed(group) {
      const atMs = nowMs() - group.described.healthLagMs;
      return targetsOf(group).filter((target) => {
        const now = toldAt(group, keyOf(target), atMs);
        return now !== undefined && now.reason !== "Target.NotRegistered";
      });
    },
    routes: (group) => routesAt(group, nowMs()),
  };
}
