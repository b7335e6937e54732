// The stage of a rehearsal: how long AWS takes for what, shortened in proportion, and how the sidecar is set up for it.

import type { ContainerDefinition, WorldDescription } from "@nlb-sidecar/simulator";
import type { Pace } from "./clients.ts";
import type { FaultName } from "./faults.ts";
import type { Options, RehearsedMode } from "./options.ts";
import type { Place } from "./places.ts";

/** Every time that AWS and the application take is divided by this. */
export const shortening = 20;

/** The times of the stage, at AWS's own length. */
export const fullLength: {
  /** The target group's default. */
  readonly deregistrationDelayMs: number;
  /** AWS names no figure, and advises a deregistration delay of at least 120 s; users measured 10 s to 180 s. */
  readonly deregistrationLagMs: number;
  /** The sidecar's own default for `DEREGISTRATION_WAIT`. */
  readonly deregistrationWaitMs: number;
  readonly initialHealthCheckMs: number;
  /** How long the example's long connections last. */
  readonly longConnectionMs: number;
  readonly applicationStopTimeoutMs: number;
  /** The most that Fargate allows. */
  readonly sidecarStopTimeoutMs: number;
  readonly stopHoldMs: number;
  /** With `--idle-exit`: how long after the wait the last connection ends, and how little the application is given. */
  readonly lastConnectionMs: number;
  readonly shortStopTimeoutMs: number;
  readonly drainTimeoutMs: number;
} = {
  deregistrationDelayMs: 300_000,
  deregistrationLagMs: 80_000,
  deregistrationWaitMs: 120_000,
  initialHealthCheckMs: 20_000,
  longConnectionMs: 60_000,
  applicationStopTimeoutMs: 60_000,
  sidecarStopTimeoutMs: 120_000,
  stopHoldMs: 110_000,
  lastConnectionMs: 20_000,
  shortStopTimeoutMs: 8_000,
  drainTimeoutMs: 240_000,
};

// Fargate ends a task that Spot takes back two minutes after the signal: the hold and the application's stop have to fit into them.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html
const spotLength: typeof fullLength = {
  ...fullLength,
  stopHoldMs: 90_000,
  applicationStopTimeoutMs: 30_000,
  longConnectionMs: 25_000,
};

const lengthOf = (act: Options["scenario"]): typeof fullLength =>
  act === "spot" ? spotLength : fullLength;

/** A stage, ready for a life to be played on it. */
export interface Stage {
  /** What tells this life from the one beside it, such as `with NLB_SIDECAR_STOP_HOLD`; empty where it is alone. */
  readonly title: string;
  readonly mode: RehearsedMode;
  /** What happens to the task. */
  readonly act: "deploy" | "stop-task" | "spot";
  readonly world: WorldDescription;
  readonly deregistrationDelayMs: number;
  readonly faults: readonly FaultName[];
  /** What to run as the sidecar; undefined: the task has none. */
  readonly sidecar: readonly [string, ...string[]] | undefined;
  /** The sidecar's public settings, by environment variable. */
  readonly settings: { readonly [variable: string]: string };
  /** How long the sidecar stays at least after it has seen a drain; undefined where its settings cannot be read. */
  readonly deregistrationWaitMs: number | undefined;
  /** How long it may hold on a stop signal. */
  readonly stopHoldMs: number;
  /** Whether the sidecar can count the connections, and is to leave when the last one has ended. */
  readonly followsConnections: boolean;
  readonly pace: Pace;
  /** How long after the wait the last connection ends; undefined: there is no such connection. */
  readonly lastConnectionMs: number | undefined;
  /** Where the task's application listens; undefined: on the loopback interface, at any port. */
  readonly place: Place | undefined;
}

const scaled = (ms: number): number => ms / shortening;
const seconds = (ms: number): string => `${scaled(ms) / 1000}`;

/**
 * The stages of what is asked for: one, or for the scenarios that show a feature two, with it and without.
 *
 * @param sidecar the command of the sidecar's program.
 * @param given settings from outside, which beat the stage's own.
 * @param places one for each life whose connections are to be counted: two for `idle-exit`.
 */
export function stagesOf(
  options: Options,
  sidecar: readonly [string, ...string[]],
  given: { readonly [variable: string]: string },
  places: readonly Place[] = [],
): readonly Stage[] {
  const shown = featureOf(options.scenario);
  const stage = (
    title: string,
    settings: { readonly [variable: string]: string },
    place?: Place,
  ): Stage => {
    const all = {
      DEREGISTRATION_WAIT: seconds(fullLength.deregistrationWaitMs),
      POLLING_FREQUENCY: "1",
      ...settings,
    };
    return stageOf(options, sidecar, title, all, place);
  };
  if (shown === undefined) return [stage("", given)];
  const { [shown.variable]: _, ...others } = given;
  return [
    stage(`with ${shown.variable}`, { [shown.variable]: shown.value, ...given }, places[0]),
    stage(`without ${shown.variable}`, others, places[1]),
  ];
}

/** The setting that a scenario shows, and its value there. */
function featureOf(
  scenario: Options["scenario"],
): { readonly variable: string; readonly value: string } | undefined {
  if (scenario === "deploy") return undefined;
  return scenario === "idle-exit"
    ? { variable: "NLB_SIDECAR_DRAIN_TIMEOUT", value: seconds(fullLength.drainTimeoutMs) }
    : { variable: "NLB_SIDECAR_STOP_HOLD", value: seconds(lengthOf(scenario).stopHoldMs) };
}

function stageOf(
  { scenario, mode, faults, withSidecar }: Options,
  sidecar: readonly [string, ...string[]],
  title: string,
  settings: { readonly [variable: string]: string },
  place: Place | undefined,
): Stage {
  const port = place?.port ?? 8080;
  const length = lengthOf(scenario);
  const stopTimeoutMs =
    scenario === "idle-exit" ? length.shortStopTimeoutMs : length.applicationStopTimeoutMs;
  const application: ContainerDefinition = {
    name: "app",
    portMappings: [{ containerPort: port, hostPort: mode === "bridge" ? 0 : port }],
    stopTimeoutMs: scaled(stopTimeoutMs),
  };
  // Stop signals come in the reverse order: the sidecar's first, the application's when the sidecar has gone.
  const beside: ContainerDefinition = {
    name: "nlb-sidecar",
    dependsOn: [{ containerName: "app", condition: "START" }],
    stopTimeoutMs: scaled(length.sidecarStopTimeoutMs),
  };
  const stopped = scenario === "stop-task" || scenario === "spot";
  return {
    title,
    mode,
    act: scenario === "idle-exit" ? "deploy" : scenario,
    world: {
      networkMode: mode,
      containers: withSidecar ? [application, beside] : [application],
      targetGroups: [
        {
          name: "web",
          deregistrationDelayMs: scaled(length.deregistrationDelayMs),
          deregistrationLagMs: scaled(length.deregistrationLagMs),
          initialHealthCheckMs: scaled(length.initialHealthCheckMs),
        },
      ],
      // Credentials that hold for hours would outlive any fault of their endpoint: these are asked for anew with each call.
      ...(faults.includes("credentials-hang") || faults.includes("outage")
        ? { credentialsLifetimeMs: 60_000 }
        : {}),
      // A task that ECS stops without a deployment leaves its clients to another one.
      tasks: stopped ? 2 : 1,
      // In host mode two tasks with the same port cannot share an instance.
      containerInstances: [
        { ec2InstanceId: "i-0a1b2c3d4e5f60001", privateIpv4: "10.0.1.11" },
        { ec2InstanceId: "i-0a1b2c3d4e5f60002", privateIpv4: "10.0.1.12" },
        { ec2InstanceId: "i-0a1b2c3d4e5f60003", privateIpv4: "10.0.1.13" },
      ],
    },
    deregistrationDelayMs: scaled(length.deregistrationDelayMs),
    faults,
    sidecar: withSidecar ? sidecar : undefined,
    settings: withSidecar ? settings : {},
    deregistrationWaitMs: parseMs(settings.DEREGISTRATION_WAIT),
    stopHoldMs: parseMs(settings.NLB_SIDECAR_STOP_HOLD) ?? 0,
    followsConnections: place !== undefined && settings.NLB_SIDECAR_DRAIN_TIMEOUT !== undefined,
    pace: {
      shortEveryMs: 50,
      longEveryMs: 200,
      longLastsMs: scaled(length.longConnectionMs),
      questionEveryMs: 250,
    },
    lastConnectionMs: scenario === "idle-exit" ? scaled(length.lastConnectionMs) : undefined,
    place,
  };
}

const unitMs: { readonly [unit: string]: number } = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Reads a setting as the sidecar does: seconds, or a number with a unit. Undefined for what it would refuse. */
export function parseMs(value: string | undefined): number | undefined {
  const found = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(value ?? "");
  return found === null ? undefined : Number(found[1]) * (unitMs[found[2] ?? "s"] ?? 1_000);
}

/** The stage in lines for people: what was shortened, and from what; then the sidecar's settings. */
export function linesOf(stages: readonly Stage[]): readonly string[] {
  const [first] = stages;
  if (first === undefined) return [];
  const length = lengthOf(first.act);
  const times: readonly (readonly [string, number])[] = [
    ["deregistration delay", length.deregistrationDelayMs],
    ["new connections after a deregistration", length.deregistrationLagMs],
    ["long connections", length.longConnectionMs],
    ["first health checks", length.initialHealthCheckMs],
    [
      "stop timeout of the application",
      first.lastConnectionMs === undefined
        ? length.applicationStopTimeoutMs
        : length.shortStopTimeoutMs,
    ],
    ...(first.sidecar === undefined
      ? []
      : [["stop timeout of the sidecar", length.sidecarStopTimeoutMs] as const]),
    ...(first.lastConnectionMs === undefined
      ? []
      : [["last connection, after the wait", length.lastConnectionMs] as const]),
  ];
  return [
    `Network mode ${first.mode}. Every time of AWS and the application is a ${shortening}th of its full length:`,
    ...times.map(
      ([name, ms]) => `  ${name.padEnd(40)}${`${seconds(ms)} s`.padStart(7)}  (${ms / 1000} s)`,
    ),
    ...stages.map(({ sidecar, settings, title }) => {
      if (sidecar === undefined) return "No sidecar: ECS alone.";
      const list = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
      return `The sidecar's settings${title === "" ? "" : `, ${title}`}: ${list.join(" ")}`;
    }),
  ];
}
