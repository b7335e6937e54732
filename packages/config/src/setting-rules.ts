// The settings table: each setting's names, default, bounds and form, and the schema of the file that follows from it.

import * as v from "valibot";
import { durationLabelOf, durationMsOf, durationPattern } from "./duration.ts";
import type { Settings } from "./settings.ts";

/** What is known of one setting, from whichever source its value comes. */
export interface SettingRule<Value> {
  /** The variable: `NLB_SIDECAR_MODE`. */
  readonly variable: string;
  /** The key in the file: `mode`. */
  readonly key: string;
  /** What is in effect where no source has it; undefined where that is none, or follows another setting. */
  readonly fallback: Value | undefined;
  /** What a right value is, for a message: `act or observe`. */
  readonly wanted: string;
  /** Judges a value as it came and gives it as the program takes it. A variable and a quoted text in the file are judged alike. */
  readonly schema: v.GenericSchema<unknown, Value>;
}

/** The rules, by the name that the setting has in {@link Settings} and in the order of its table. */
export type SettingRules = {
  readonly [Name in keyof Settings]: SettingRule<NonNullable<Settings[Name]>>;
};

interface Names<Value> {
  readonly variable: string;
  readonly key: string;
  readonly fallback?: Value;
  /** For people: the description in the file's JSON Schema. */
  readonly says: string;
}

function durationRule(
  { variable, key, fallback, says }: Names<number>,
  lowestMs: number,
  highestMs: number,
): SettingRule<number> {
  const bounds = `${durationLabelOf(lowestMs)} to ${durationLabelOf(highestMs)}`;
  return {
    variable,
    key,
    fallback,
    wanted: `a duration from ${bounds} (plain decimal seconds, or with a unit: 45, 45s, 1.5m; no finer than 1ms)`,
    schema: v.pipe(
      v.union([
        v.pipe(v.number(), v.minValue(lowestMs / 1000), v.maxValue(highestMs / 1000)),
        v.pipe(v.string(), v.regex(durationPattern)),
      ]),
      v.metadata({
        description: `${says} Seconds, or a text with a unit: ms, s, m or h. From ${bounds}.`,
        ...(fallback === undefined ? {} : { default: durationLabelOf(fallback) }),
        examples: [durationLabelOf(fallback || highestMs / 2)],
      }),
      // The form of the file ends here; what follows is out of the JSON Schema's reach.
      v.transform(durationMsOf),
      v.minValue(lowestMs),
      v.maxValue(highestMs),
      v.integer(),
    ),
  };
}

function choiceRule<const Choice extends string>(
  { variable, key, fallback, says }: Names<NoInfer<Choice>>,
  choices: readonly Choice[],
): SettingRule<Choice> {
  return {
    variable,
    key,
    fallback,
    wanted: `${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`,
    schema: v.pipe(v.picklist(choices), v.metadata({ description: says, default: fallback })),
  };
}

function booleanRule({ variable, key, fallback, says }: Names<boolean>): SettingRule<boolean> {
  return {
    variable,
    key,
    fallback,
    wanted: "true or false",
    schema: v.pipe(
      v.union([v.boolean(), v.picklist(["true", "false"])]),
      v.metadata({ description: says, default: fallback }),
      v.transform((value) => value === true || value === "true"),
    ),
  };
}

function portRule({ variable, key, says }: Names<number>): SettingRule<number> {
  return {
    variable,
    key,
    fallback: undefined,
    wanted: "a port from 1 to 65535",
    schema: v.pipe(
      v.union([
        v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535)),
        v.pipe(v.string(), v.regex(/^[0-9]+$/)),
      ]),
      v.metadata({ description: says, examples: [8080] }),
      v.transform(Number),
      v.minValue(1),
      v.maxValue(65535),
    ),
  };
}

function urlRule({ variable, key, says }: Names<string>): SettingRule<string> {
  return {
    variable,
    key,
    fallback: undefined,
    wanted: "an http or https URL without a user name and password",
    schema: v.pipe(
      v.string(),
      v.regex(/^https?:\/\/[^\s/?#@\\]+([/?#]\S*)?$/),
      v.metadata({ description: says, format: "uri", examples: ["http://127.0.0.1:8080/drain"] }),
      v.check((url) => URL.canParse(url)),
    ),
  };
}

/** The table itself. The seed's three variables keep their names; all others have the prefix. */
export const settingRules: SettingRules = {
  deregistrationWaitMs: durationRule(
    {
      variable: "DEREGISTRATION_WAIT",
      key: "deregistrationWait",
      fallback: 120_000,
      says: "The floor of a drain: how long the load balancer may still send new connections after a target was deregistered.",
    },
    0,
    3_600_000,
  ),
  pollIntervalMs: durationRule(
    {
      variable: "POLLING_FREQUENCY",
      key: "pollInterval",
      fallback: 30_000,
      says: "The time between two rounds of readings of target health.",
    },
    1000,
    300_000,
  ),
  targetContainer: {
    variable: "TARGET_CONTAINER_NAME",
    key: "targetContainer",
    fallback: undefined,
    wanted: "a container's name: up to 255 letters, digits, hyphens and underscores",
    schema: v.pipe(
      v.string(),
      // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
      v.regex(/^[A-Za-z0-9_-]{1,255}$/),
      v.metadata({
        description:
          "Watches the load balancer entries of this one container. By default every entry of the service is watched.",
        examples: ["web"],
      }),
    ),
  },
  mode: choiceRule(
    {
      variable: "NLB_SIDECAR_MODE",
      key: "mode",
      fallback: "act",
      says: "`observe` watches and logs, `would-exit` included, and changes nothing: only a stop signal ends it.",
    },
    ["act", "observe"],
  ),
  drainWhen: choiceRule(
    {
      variable: "NLB_SIDECAR_DRAIN_WHEN",
      key: "drainWhen",
      fallback: "all",
      says: "Whether a drain begins when all targets of the task have left their target groups, or any.",
    },
    ["all", "any"],
  ),
  taskSignal: booleanRule({
    variable: "NLB_SIDECAR_TASK_SIGNAL",
    key: "taskSignal",
    fallback: true,
    says: "Whether the task's desired status in ECS begins a drain where Elastic Load Balancing gives no answer.",
  }),
  drainTimeoutMs: durationRule(
    {
      variable: "NLB_SIDECAR_DRAIN_TIMEOUT",
      key: "drainTimeout",
      says: "The ceiling of a drain while connections are open. At least the deregistration wait, which is its default.",
    },
    0,
    3_600_000,
  ),
  stopHoldMs: durationRule(
    {
      variable: "NLB_SIDECAR_STOP_HOLD",
      key: "stopHold",
      fallback: 0,
      says: "How long a stop signal is held off while the targets drain; 0 exits at once. Must be below the container's stopTimeout.",
    },
    0,
    118_000,
  ),
  deregisterOnStop: booleanRule({
    variable: "NLB_SIDECAR_DEREGISTER_ON_STOP",
    key: "deregisterOnStop",
    fallback: false,
    says: "Whether a stop signal deregisters the targets first. Needs stopHold, and elasticloadbalancing:DeregisterTargets.",
  }),
  faultPolicy: choiceRule(
    {
      variable: "NLB_SIDECAR_FAULT_POLICY",
      key: "faultPolicy",
      fallback: "stay",
      says: "Whether a fault that will not pass, such as a missing permission, ends the process before the watch has begun.",
    },
    ["stay", "exit"],
  ),
  statusPort: portRule({
    variable: "NLB_SIDECAR_STATUS_PORT",
    key: "statusPort",
    says: "Serves /ready and /status on this port of 127.0.0.1. Off by default.",
  }),
  onDrainUrl: urlRule({
    variable: "NLB_SIDECAR_ON_DRAIN_URL",
    key: "onDrainUrl",
    says: "POSTed once when a drain begins.",
  }),
  onReturnUrl: urlRule({
    variable: "NLB_SIDECAR_ON_RETURN_URL",
    key: "onReturnUrl",
    says: "POSTed once when a drain is called off.",
  }),
  logLevel: choiceRule(
    {
      variable: "NLB_SIDECAR_LOG_LEVEL",
      key: "logLevel",
      fallback: "info",
      says: "The least important level that is logged.",
    },
    ["debug", "info", "warn", "error"],
  ),
};

/** The rules as a list, in the table's order. */
export const ruleList: readonly SettingRule<unknown>[] = Object.values(settingRules);

/** The form of the file, as an editor may know it: `$schema` is allowed and ignored. */
export const fileSchema: v.GenericSchema = v.strictObject({
  $schema: v.optional(v.pipe(v.string(), v.description("For editors; ignored."))),
  ...Object.fromEntries(ruleList.map(({ key, schema }) => [key, v.optional(schema)])),
});
