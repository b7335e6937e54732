// Settles each setting from the environment, the file and its default, and collects every fault.

import * as v from "valibot";
import { durationLabelOf } from "./duration.ts";
import { gotLabelOf, lineOf } from "./printable.ts";
import type { SettingFault } from "./setting-fault.ts";
import { ruleList, type SettingRule, settingRules } from "./setting-rules.ts";
import type { Settings } from "./settings.ts";
import { unknownNameFaults } from "./unknown-names.ts";

/** The environment of a process, such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The one file, parsed. */
export interface SettingsFile {
  /** As faults are to name it: `/etc/nlb-sidecar/config.yaml`. */
  readonly path: string;
  /** Whatever was in it; null or undefined for an empty file. */
  readonly value: unknown;
}

/** Every setting, and every fault; the settings hold only if there is no fault. */
export interface Settlement {
  readonly settings: Settings;
  readonly faults: readonly SettingFault[];
}

/** The variable that names the file. */
export const fileVariable = "NLB_SIDECAR_CONFIG";

const prefix = "NLB_SIDECAR_";

/** Whether a variable counts as unset: a template leaves empty, or blank, what it has no value for. */
export const isUnset = (text: string | undefined): text is undefined =>
  text === undefined || text.trim() === "";

/**
 * Settles the settings. Pure; never throws.
 *
 * @param file undefined if there is none; `"unusable"` if there is one whose settings are not known, so that no setting can be
 * held against another.
 */
export function settle(
  environment: Environment,
  file: SettingsFile | "unusable" | undefined,
): Settlement {
  const faults: SettingFault[] = [];
  const path = lineOf(typeof file === "object" ? file.path : "");
  const entries = typeof file === "object" ? entriesOf(path, file.value, faults) : {};
  const findings = Object.fromEntries(
    Object.entries(settingRules).map(([name, rule]) => {
      const inFile = Object.hasOwn(entries, rule.key)
        ? judge(rule, `${path}: ${rule.key}`, entries[rule.key], faults)
        : undefined;
      const text = environment[rule.variable];
      const inEnvironment = isUnset(text) ? undefined : judge(rule, rule.variable, text, faults);
      const byDefault = { source: "the default", value: rule.fallback };
      // Both sources were judged, so that a fault in the one that is beaten is told too.
      return [name, inEnvironment ?? inFile ?? byDefault];
    }),
  ) as unknown as Findings;
  faults.push(...unknownKeys(entries, path), ...unknownVariables(environment));
  if (file !== "unusable") faults.push(...contradictions(findings));
  return { settings: settingsOf(findings), faults };
}

/** A setting's value and where it came from. Undefined for a setting that is off or follows another, and for a faulty one. */
interface Finding<Value> {
  readonly source: string;
  readonly value: Value | undefined;
}

type Findings = { readonly [Name in keyof Settings]: Finding<Settings[Name]> };

function settingsOf(findings: Findings): Settings {
  const { deregistrationWaitMs, drainTimeoutMs } = findings;
  const values = Object.entries(findings).map(([name, { value }]) => [name, value]);
  return {
    ...(Object.fromEntries(values) as unknown as Settings),
    // Undefined only beside a fault, and then nobody is given these settings.
    drainTimeoutMs: drainTimeoutMs.value ?? deregistrationWaitMs.value ?? 0,
  };
}

function judge(
  { schema, wanted }: SettingRule<unknown>,
  source: string,
  came: unknown,
  faults: SettingFault[],
): Finding<unknown> {
  const judged = v.safeParse(schema, came, { abortPipeEarly: true });
  if (judged.success) return { source, value: judged.output };
  const got = gotLabelOf(came);
  if (came === null || (typeof came === "string" && isUnset(came)))
    faults.push({
      code: "empty",
      source,
      wanted,
      got,
      message: `${source} is empty: give it ${wanted}, or leave the key out.`,
    });
  else if (judged.issues.every(({ type }) => type === "min_value" || type === "max_value"))
    faults.push({
      code: "out-of-bounds",
      source,
      wanted,
      got,
      message: `${source} is out of bounds: it wants ${wanted}, and got ${got}.`,
    });
  else
    faults.push({
      code: "malformed",
      source,
      wanted,
      got,
      message: `${source} wants ${wanted}, and got ${got}.`,
    });
  return { source, value: undefined };
}

function entriesOf(
  path: string,
  value: unknown,
  faults: SettingFault[],
): Readonly<Record<string, unknown>> {
  if (value === null || value === undefined) return {};
  if (typeof value === "object" && !Array.isArray(value)) return value as Record<string, unknown>;
  const wanted = "a mapping of setting names to values";
  const got = gotLabelOf(value);
  faults.push({
    code: "malformed",
    source: path,
    wanted,
    got,
    message: `${path} wants ${wanted}, and holds ${got}.`,
  });
  return {};
}

const spellingsOf = ({ variable, key }: { readonly variable: string; readonly key: string }) => [
  variable,
  key,
];

const unknownKeys = (entries: Readonly<Record<string, unknown>>, path: string) =>
  unknownNameFaults(
    Object.keys(entries).filter((key) => key !== "$schema"),
    ruleList.map((rule) => ({ name: rule.key, spellings: spellingsOf(rule) })),
    path,
    (label) => `${path}: ${label}`,
  );

const unknownVariables = (environment: Environment) =>
  unknownNameFaults(
    Object.keys(environment).filter(
      // The process would not find a name in another case: it is as unknown as a mistyped one.
      (name) =>
        name.toUpperCase().startsWith(prefix) &&
        name !== fileVariable &&
        !isUnset(environment[name]),
    ),
    [...ruleList, { variable: fileVariable, key: "config" }].map((rule) => ({
      name: rule.variable,
      spellings: spellingsOf(rule),
    })),
    "the environment",
    (label) => label,
  );

// Judged only between settings that are themselves right: a fault must not bring a second one with it.
function contradictions({
  deregistrationWaitMs: wait,
  drainTimeoutMs: timeout,
  stopHoldMs: hold,
  deregisterOnStop: deregister,
}: Findings): readonly SettingFault[] {
  const faults: SettingFault[] = [];
  if (wait.value !== undefined && timeout.value !== undefined && timeout.value < wait.value) {
    const wanted = `at least the deregistration wait of ${durationLabelOf(wait.value)} (${wait.source})`;
    const got = durationLabelOf(timeout.value);
    faults.push({
      code: "contradiction",
      source: timeout.source,
      wanted,
      got,
      message: `${timeout.source} ends a drain too soon: it wants ${wanted}, and got ${got}.`,
    });
  }
  if (deregister.value && hold.value === 0) {
    const { key, variable } = settingRules.stopHoldMs;
    const wanted = `false, or a ${key} (${variable}) above 0s`;
    faults.push({
      code: "contradiction",
      source: deregister.source,
      wanted,
      got: `true beside a ${key} of 0s (${hold.source})`,
      message: `${deregister.source} has no effect where a stop signal ends the process at once: it wants ${wanted}, and got true beside 0s (${hold.source}).`,
    });
  }
  return faults;
}
