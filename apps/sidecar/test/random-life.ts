// A random life of one task: drawn from a number, played on a small model of ECS and Elastic Load Balancing, and recorded.

import { DescribeServicesCommand, type DescribeTasksCommandOutput } from "@aws-sdk/client-ecs";
import {
  DeregisterTargetsCommand,
  DescribeTargetHealthCommand,
  type DescribeTargetHealthCommandInput,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { type SimulatedClock, simulatedClock } from "@nlb-sidecar/simulator";
import type { LogEvent } from "../src/log-event.ts";
import { sidecar } from "../src/sidecar.ts";
import type { AwsClients, World } from "../src/world.ts";
import { seededRandom } from "./life.ts";

/** What a target is: where it is registered, its state by health checks and listeners; or not registered (any more). */
type Standing =
  | "initial"
  | "healthy"
  | "unhealthy"
  | "unhealthy.draining"
  | "unavailable"
  | "not-in-use"
  | "absent";

/** From `atMs` on a target is that; sorted by time, the first at 0. */
interface Change {
  readonly atMs: number;
  readonly standing: Standing;
}

type FaultKind =
  | "throttle"
  | "5xx"
  | "reset"
  | "hang"
  | "deny"
  | "garbage"
  | "stale"
  | "unknown-state";

interface FaultSpell {
  readonly of: "elb" | "ecs" | "credentials" | "metadata";
  readonly kind: FaultKind;
  readonly fromMs: number;
  readonly toMs: number;
  /** Of the calls in it, 0 to 1. */
  readonly share: number;
}

/** Everything that is drawn. All times in milliseconds after the sidecar's start. */
export interface Plan {
  readonly waitMs: number;
  readonly drainTimeoutMs: number;
  readonly intervalMs: number;
  readonly drainWhen: "all" | "any";
  readonly taskSignal: boolean;
  readonly stopHoldMs: number;
  readonly deregisterOnStop: boolean;
  readonly mode: "act" | "observe";
  readonly counted: boolean;
  readonly delayMs: number;
  readonly elbLagMs: number;
  readonly ecsLagMs: number;
  readonly latencyMs: number;
  readonly targets: readonly (readonly Change[])[];
  readonly deletedMs: readonly (number | undefined)[];
  /** When ECS decides to stop the task; undefined: never. */
  readonly drainMs: number | undefined;
  readonly faults: readonly FaultSpell[];
  readonly restartMs: number | undefined;
  readonly stopMs: number | undefined;
  readonly containersStoppedMs: number | undefined;
  /** When the last connection ends. */
  readonly lastConnectionMs: number;
  /** The log throws at this line of the watch's loop, once; 0: never. */
  readonly defectAtLine: number;
  readonly horizonMs: number;
}

/** A reading that was delivered: what was true at `trueMs`. */
export interface Delivered {
  readonly target: number;
  readonly trueMs: number;
  readonly atMs: number;
  readonly says: "serves" | "not-in-use" | "draining" | "gone" | "nothing";
}

/** What happened. Only the model's own record, nothing of the program's log. */
export interface Played {
  readonly plan: Plan;
  /** Undefined where it still ran at the horizon, and had to be stopped. */
  readonly endedMs: number | undefined;
  readonly exitCode: number | undefined;
  readonly delivered: readonly Delivered[];
  /** Answers of ECS about the task that were delivered. */
  readonly ecsAnsweredMs: readonly number[];
  /** Calls by target group and `ecs`, of the watch that ran last. */
  readonly calls: readonly { readonly of: string; readonly atMs: number }[];
  readonly deregisterCalls: readonly string[];
  /** When the watch of the last sidecar asked first; undefined: it never did. */
  readonly watchedMs: number | undefined;
  readonly lines: readonly string[];
}

const groupArns = ["web", "admin", "other"].map(
  (name) =>
    `arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/${name}/1a2b3c4d5e6f7a8b`,
);
const taskArn = "arn:aws:ecs:eu-west-1:111122223333:task/default/158d1c8083dd49d6b527399fd6414f5c";

const serving: ReadonlySet<Standing> = new Set([
  "initial",
  "healthy",
  "unhealthy",
  "unhealthy.draining",
  "unavailable",
]);

/** Draws a plan. */
export function planOf(random: () => number): Plan {
  const chance = (share: number): boolean => random() < share;
  const within = (fromMs: number, toMs: number): number =>
    Math.round(fromMs + random() * (toMs - fromMs));
  const pick = <Value>(values: readonly Value[]): Value => {
    const value = values[Math.floor(random() * values.length)];
    if (value === undefined) throw new Error("nothing to pick from");
    return value;
  };

  const intervalMs = pick([1, 5, 10, 30, 30, 30, 60, 300]) * 1000;
  const waitMs = pick([0, 1, 10, 30, 60, 120, 300]) * 1000;
  const drainTimeoutMs = chance(0.4) ? waitMs + pick([10, 60, 300]) * 1000 : waitMs;
  const windowMs = Math.min(1_200_000, Math.max(120_000, intervalMs * 20));
  const delayMs = pick([0, 0, 1, 5, 20, 60, 120, 300]) * 1000;
  const drainMs = chance(0.75) ? within(0, windowMs) : undefined;
  const untilMs = drainMs ?? windowMs;

  const targets = Array.from(
    { length: pick([1, 1, 1, 2, 2, 3]) },
    (_, index): readonly Change[] => {
      if (index > 0 && chance(0.2)) return [{ atMs: 0, standing: "absent" }];
      const changes: Change[] = chance(0.2)
        ? [
            { atMs: 0, standing: "absent" },
            { atMs: within(1, untilMs / 2), standing: "initial" },
          ]
        : [{ atMs: 0, standing: "healthy" }];
      for (let left = pick([0, 0, 0, 1, 2, 3]); left > 0; left -= 1)
        changes.push({
          atMs: within(1, untilMs),
          standing: pick([
            "absent",
            "absent",
            "healthy",
            "unhealthy",
            "unhealthy.draining",
            "unavailable",
            "not-in-use",
          ] as const),
        });
      const before = changes.filter(({ atMs }) => atMs < untilMs).sort((a, b) => a.atMs - b.atMs);
      return drainMs === undefined ? before : [...before, { atMs: drainMs, standing: "absent" }];
    },
  );

  const faultsUntilMs = windowMs + 600_000;
  const faults = Array.from({ length: pick([0, 0, 1, 1, 2, 3, 5]) }, (): FaultSpell => {
    const fromMs = chance(0.3) ? 0 : within(0, faultsUntilMs);
    const of = pick(["elb", "elb", "ecs", "credentials", "metadata"] as const);
    return {
      of,
      kind: pick(
        of === "elb"
          ? ["throttle", "5xx", "reset", "hang", "deny", "garbage", "stale", "unknown-state"]
          : of === "ecs"
            ? ["throttle", "5xx", "reset", "hang", "deny", "garbage"]
            : ["reset", "hang"],
      ),
      fromMs,
      toMs: within(fromMs, Math.min(faultsUntilMs, fromMs + intervalMs * 15)),
      share: pick([0.2, 0.5, 1, 1]),
    };
  });

  const stopMs = chance(0.3) ? within(0, windowMs + waitMs + 60_000) : undefined;
  return {
    waitMs,
    drainTimeoutMs,
    intervalMs,
    drainWhen: pick(["all", "all", "any"]),
    taskSignal: chance(0.8),
    stopHoldMs: chance(0.5) ? pick([1, 10, 60, 118]) * 1000 : 0,
    deregisterOnStop: chance(0.5),
    mode: chance(0.1) ? "observe" : "act",
    counted: chance(0.8),
    delayMs,
    elbLagMs: chance(0.3) ? within(0, 20_000) : 0,
    ecsLagMs: chance(0.3) ? within(0, 15_000) : 0,
    latencyMs: chance(0.3) ? within(1, 1_500) : 0,
    targets,
    deletedMs: targets.map(() => (chance(0.05) ? within(1, windowMs) : undefined)),
    drainMs,
    faults,
    restartMs: chance(0.15) ? within(1, untilMs + waitMs) : undefined,
    stopMs,
    containersStoppedMs:
      stopMs !== undefined && chance(0.3) ? stopMs + within(0, 60_000) : undefined,
    lastConnectionMs: untilMs + within(0, 2 * (waitMs + 60_000)),
    defectAtLine: chance(0.05) ? within(1, 20) : 0,
    horizonMs: windowMs + 600_000 + horizonSlackOf({ intervalMs, faults }) + waitMs + 400_000,
  };
}

/**
 * How long after the last fault it may take to ask again: five rounds; and after throttling or refusals, which are asked about
 * more rarely the longer they last, twice as long as the spells were.
 */
export function horizonSlackOf({
  intervalMs,
  faults,
}: Pick<Plan, "intervalMs" | "faults">): number {
  const spellsMs = faults.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  const slows = faults.some(
    ({ kind }) => kind === "throttle" || kind === "deny" || kind === "garbage",
  );
  return 5 * 1.25 * intervalMs + 60_000 + (slows ? 2 * spellsMs + 8 * intervalMs : 0);
}

const standingAt = (plan: Plan, target: number, atMs: number): Standing => {
  const deletedMs = plan.deletedMs[target];
  if (deletedMs !== undefined && atMs >= deletedMs) return "absent";
  return (
    plan.targets[target]?.findLast((change) => change.atMs <= Math.max(0, atMs))?.standing ??
    "absent"
  );
};

/** The true moments at which a target was deregistered, or its target group deleted; before the start: 0. */
export function deregistrationsOf(plan: Plan, target: number): readonly number[] {
  const deletedMs = plan.deletedMs[target];
  const changes = plan.targets[target] ?? [];
  const moments = changes.flatMap(({ atMs, standing }, index) =>
    standing === "absent" && changes[index - 1]?.standing !== "absent" ? [atMs] : [],
  );
  return deletedMs === undefined
    ? moments
    : [...moments.filter((atMs) => atMs < deletedMs), deletedMs];
}

// What DescribeTargetHealth says of it, as of a moment.
function toldAt(
  plan: Plan,
  target: number,
  atMs: number,
): { State: string; Reason?: string } | "deleted" {
  const deletedMs = plan.deletedMs[target];
  if (deletedMs !== undefined && atMs >= deletedMs) return "deleted";
  const standing = standingAt(plan, target, atMs);
  if (standing === "not-in-use") return { State: "unused", Reason: "Target.NotInUse" };
  if (standing !== "absent") return { State: standing };
  const sinceMs = deregistrationsOf(plan, target).findLast((moment) => moment <= atMs);
  // What was absent from the beginning has not been draining.
  const first = plan.targets[target]?.[0]?.standing === "absent" && sinceMs === 0;
  if (sinceMs !== undefined && !first && atMs < sinceMs + plan.delayMs)
    return { State: "draining", Reason: "Target.DeregistrationInProgress" };
  return { State: "unused", Reason: "Target.NotRegistered" };
}

const errorOf = (kind: FaultKind): Error => {
  const of = (name: string, $fault: string, httpStatusCode: number): Error =>
    Object.assign(new Error(name), { name, $fault, $metadata: { httpStatusCode } });
  if (kind === "throttle") return of("Throttling", "client", 400);
  if (kind === "deny") return of("AccessDenied", "client", 403);
  if (kind === "5xx") return of("InternalFailure", "server", 500);
  return Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
};

/** Plays a plan with the real sidecar. */
export async function play(plan: Plan, random: () => number): Promise<Played> {
  const clock = simulatedClock();
  const delivered: Delivered[] = [];
  const ecsAnsweredMs: number[] = [];
  const calls: { of: string; atMs: number }[] = [];
  const deregisterCalls: string[] = [];
  const lines: string[] = [];
  let watchedMs: number | undefined;
  let ended: { readonly atMs: number; readonly exitCode: number } | undefined;
  let stopped = false;

  const spellOf = (of: FaultSpell["of"]): FaultSpell | undefined =>
    plan.faults.find(
      (each) =>
        each.of === of &&
        each.fromMs <= clock.now() &&
        clock.now() < each.toMs &&
        (each.share === 1 || random() < each.share),
    );
  // Answers of Elastic Load Balancing never go back behind those before, as a spell of stale ones stands still.
  const elbTrueMs = (): number => {
    const stale = plan.faults.filter(
      ({ of, kind, fromMs, toMs }) =>
        of === "elb" && kind === "stale" && fromMs <= clock.now() && clock.now() < toMs,
    );
    return Math.max(0, Math.min(clock.now(), ...stale.map(({ fromMs }) => fromMs)) - plan.elbLagMs);
  };

  /** One sidecar; a restart leaves it standing still for ever, as a killed process does. */
  const start = (stop: AbortController): { readonly die: () => void } => {
    let dead = false;
    const alive = <Value>(promise: Promise<Value>): Promise<Value> =>
      new Promise((resolve, reject) => {
        promise.then(
          (value) => dead || resolve(value),
          (error) => dead || reject(error),
        );
      });
    const own: Pick<SimulatedClock, "now" | "sleep"> = {
      now: () => clock.now(),
      sleep: (ms, signal) => (dead ? new Promise(() => {}) : alive(clock.sleep(ms, signal))),
    };
    const call = async <Value>(of: "elb" | "ecs", answer: () => Value, signal?: AbortSignal) => {
      const meets = async (spell: FaultSpell | undefined): Promise<void> => {
        if (spell === undefined || spell.kind === "stale") return;
        if (spell.kind === "hang")
          // Half of what hangs does not even heed the signal.
          await new Promise((_, reject) => {
            if (random() < 0.5)
              signal?.addEventListener("abort", () => reject(new Error("aborted")));
          });
        if (spell.kind !== "garbage" && spell.kind !== "unknown-state") throw errorOf(spell.kind);
      };
      await meets(spellOf("credentials"));
      const spell = spellOf(of);
      await meets(spell);
      const value = answer();
      if (plan.latencyMs > 0) await own.sleep(random() * plan.latencyMs, signal ?? never);
      if (signal?.aborted) throw new Error("aborted");
      return { value, spell };
    };
    const elb = {
      async send(command: unknown, options?: { abortSignal?: AbortSignal }): Promise<unknown> {
        if (dead) return new Promise(() => {});
        if (command instanceof DeregisterTargetsCommand) {
          deregisterCalls.push(command.input.TargetGroupArn ?? "");
          await alive(call("elb", () => undefined, options?.abortSignal));
          return {};
        }
        if (!(command instanceof DescribeTargetHealthCommand))
          return alive(Promise.reject(errorOf("deny")));
        const input: DescribeTargetHealthCommandInput = command.input;
        const target = groupArns.indexOf(input.TargetGroupArn ?? "");
        watchedMs ??= clock.now();
        calls.push({ of: `elb ${target}`, atMs: clock.now() });
        const trueMs = elbTrueMs();
        const { value, spell } = await alive(
          call("elb", () => toldAt(plan, target, trueMs), options?.abortSignal),
        );
        if (dead) return new Promise(() => {});
        if (spell?.kind === "garbage") return { TargetHealthDescriptions: [{}] };
        const unknown = spell?.kind === "unknown-state";
        delivered.push({
          target,
          trueMs,
          atMs: clock.now(),
          says: unknown ? "nothing" : saysOf(value),
        });
        if (value === "deleted" && !unknown)
          throw Object.assign(new Error("deleted"), { name: "TargetGroupNotFoundException" });
        const [asked] = input.Targets ?? [];
        return {
          TargetHealthDescriptions: [
            { Target: asked, TargetHealth: unknown ? { State: "resting" } : value },
          ],
        };
      },
    };
    const ecs = {
      async send(command: unknown, options?: { abortSignal?: AbortSignal }): Promise<unknown> {
        if (dead) return new Promise(() => {});
        if (command instanceof DescribeServicesCommand) {
          const loadBalancers = plan.targets.map((_, index) => ({
            targetGroupArn: groupArns[index],
            containerName: "app",
            containerPort: 8080,
          }));
          const { spell } = await alive(call("ecs", () => undefined, options?.abortSignal));
          return spell?.kind === "garbage"
            ? {}
            : { services: [{ serviceName: "web", loadBalancers }] };
        }
        calls.push({ of: "ecs", atMs: clock.now() });
        const stops = plan.drainMs !== undefined && clock.now() - plan.ecsLagMs >= plan.drainMs;
        const { spell } = await alive(call("ecs", () => undefined, options?.abortSignal));
        if (spell?.kind === "garbage") return {};
        ecsAnsweredMs.push(clock.now());
        const answer: Pick<DescribeTasksCommandOutput, "tasks"> = {
          tasks: [
            {
              taskArn,
              group: "service:web",
              desiredStatus: stops ? "STOPPED" : "RUNNING",
              lastStatus: stops ? "DEACTIVATING" : "RUNNING",
            },
          ],
        };
        return answer;
      },
    };
    const metadata = (url: string): unknown => {
      const status =
        plan.containersStoppedMs !== undefined && clock.now() >= plan.containersStoppedMs
          ? "STOPPED"
          : "RUNNING";
      const Networks = [{ NetworkMode: "awsvpc", IPv4Addresses: ["10.0.2.61"] }];
      const self = { Name: "nlb-sidecar", Type: "NORMAL", KnownStatus: "RUNNING", Networks };
      if (!url.endsWith("/task")) return self;
      const app = { Name: "app", Type: "NORMAL", KnownStatus: status, Networks };
      return { Cluster: "default", TaskARN: taskArn, Containers: [app, self] };
    };
    let written = 0;
    const world: World = {
      env: {
        ECS_CONTAINER_METADATA_URI_V4: "http://169.254.170.2/v4/1",
        DEREGISTRATION_WAIT: `${plan.waitMs / 1000}`,
        POLLING_FREQUENCY: `${plan.intervalMs / 1000}`,
        NLB_SIDECAR_MODE: plan.mode,
        NLB_SIDECAR_DRAIN_WHEN: plan.drainWhen,
        NLB_SIDECAR_TASK_SIGNAL: `${plan.taskSignal}`,
        NLB_SIDECAR_DRAIN_TIMEOUT: `${plan.drainTimeoutMs / 1000}`,
        NLB_SIDECAR_STOP_HOLD: `${plan.stopHoldMs / 1000}`,
        NLB_SIDECAR_DEREGISTER_ON_STOP: `${plan.deregisterOnStop && plan.stopHoldMs > 0}`,
      },
      clock: own,
      random,
      fetch: (url, { signal }) =>
        alive(
          (async () => {
            const spell = spellOf("metadata");
            if (spell?.kind === "hang")
              await new Promise((_, reject) => {
                signal.addEventListener("abort", () => reject(new Error("aborted")));
              });
            if (spell !== undefined) throw errorOf("reset");
            const text = JSON.stringify(metadata(url));
            return { status: 200, text: async () => text } as Response;
          })(),
        ),
      post: async () => 200,
      log: {
        limitTo: () => {},
        write: (event: LogEvent) => {
          if (dead) return;
          if (ofTheLoop.has(event.event) && ++written === plan.defectAtLine)
            throw new TypeError("a planted defect");
          lines.push(`${clock.now() / 1000} ${JSON.stringify(event)}`);
        },
      },
      aws: () => ({ elb, ecs }) as unknown as AwsClients,
      connections: {
        count: async () =>
          plan.counted ? (clock.now() < plan.lastConnectionMs ? 3 : 0) : undefined,
      },
    };
    void sidecar(world, stop.signal).then(({ exitCode }) => {
      if (!dead) ended = { atMs: clock.now(), exitCode };
    });
    return {
      die: () => {
        dead = true;
      },
    };
  };

  // The settings' file is looked for on the real disk, for which no simulated clock waits.
  const started = async (): Promise<void> => {
    const before = lines.length;
    while (lines.length === before) await new Promise((resolve) => void setImmediate(resolve));
  };
  const to = async (atMs: number): Promise<void> => {
    // In steps, so that a life that is over costs no more.
    while (ended === undefined && clock.now() < atMs)
      await clock.advance(Math.min(atMs - clock.now(), Math.max(60_000, plan.intervalMs)));
  };

  const stop = new AbortController();
  let current = start(stop);
  await started();
  const acts = [
    ...(plan.restartMs === undefined
      ? []
      : [
          {
            atMs: plan.restartMs,
            act: async () => {
              if (ended !== undefined || stopped) return;
              current.die();
              calls.length = 0;
              delivered.length = 0;
              ecsAnsweredMs.length = 0;
              watchedMs = undefined;
              current = start(stop);
              await started();
            },
          },
        ]),
    ...(plan.stopMs === undefined
      ? []
      : [
          {
            atMs: plan.stopMs,
            act: async () => {
              if (ended !== undefined) return;
              stopped = true;
              stop.abort("SIGTERM");
              await clock.advance(0);
            },
          },
        ]),
  ].sort((a, b) => a.atMs - b.atMs);
  for (const { atMs, act } of acts) {
    await to(atMs);
    await act();
  }
  await to(plan.horizonMs);
  const { atMs: endedMs, exitCode } = ended ?? { atMs: undefined, exitCode: undefined };
  const played: Played = {
    plan,
    endedMs,
    exitCode,
    delivered: [...delivered],
    ecsAnsweredMs: [...ecsAnsweredMs],
    calls: [...calls],
    deregisterCalls: [...deregisterCalls],
    watchedMs,
    lines: [...lines],
  };
  // What is left of it ends with the test.
  stop.abort("SIGTERM");
  await clock.advance(plan.stopHoldMs + 1);
  return played;
}

// Elsewhere a defect is for the process itself to catch, and to start anew.
const ofTheLoop: ReadonlySet<LogEvent["event"]> = new Set<LogEvent["event"]>([
  "reading",
  "task-status",
  "target-gone",
  "drain-began",
  "drain-called-off",
  "draining",
]);

const never = new AbortController().signal;

function saysOf(told: ReturnType<typeof toldAt>): Delivered["says"] {
  if (told === "deleted" || told.Reason === "Target.NotRegistered") return "gone";
  if (told.State === "draining") return "draining";
  if (told.State === "unused") return "not-in-use";
  return serving.has(told.State as Standing) ? "serves" : "nothing";
}

/** A stream of numbers for one life of one seed. */
export const randomOf = (seed: number, life: number): (() => number) =>
  seededRandom(Math.abs(seed * 1_000_003 + life * 7_919) % 2_147_483_646);
