// Gathers the settings from the environment and the one file.

import { ConfigError } from "./config-error.ts";
import { parseSettingsText } from "./parse-settings-text.ts";
import { lineOf } from "./printable.ts";
import type { SettingFault, SettingFaultCode } from "./setting-fault.ts";
import type { Settings } from "./settings.ts";
import { readSettingsText } from "./settings-text.ts";
import { type Environment, fileVariable, isUnset, type SettingsFile, settle } from "./settle.ts";

/** Where the file is looked for if no variable names it. At most one of them may be there. */
export const defaultFilePaths: readonly string[] = [
  "/etc/nlb-sidecar/config.yaml",
  "/etc/nlb-sidecar/config.yml",
  "/etc/nlb-sidecar/config.json",
];

/** The settings in effect, and the file that they partly come from; undefined if there is none. */
export interface LoadedSettings {
  readonly settings: Settings;
  readonly file: string | undefined;
}

/**
 * Reads the file that `NLB_SIDECAR_CONFIG` names, or else the one at a default path, and gives the settings in effect. It reads
 * nothing else, and runs no code of the file or of the working directory.
 *
 * @param filePaths the default paths; one that is not there is passed over.
 * @throws {@link ConfigError} with every fault at once: `faulty-file` if the file itself cannot be used (the faults of the
 * environment are told with it), otherwise `faulty-settings`.
 */
export async function loadSettings(
  environment: Environment,
  filePaths: readonly string[] = defaultFilePaths,
): Promise<LoadedSettings> {
  const file = await loadFile(environment[fileVariable], filePaths);
  if (file !== undefined && "fault" in file) {
    const { faults } = settle(environment, "unusable");
    throw new ConfigError("faulty-file", [file.fault, ...faults]);
  }
  const { settings, faults } = settle(environment, file);
  if (faults.length > 0) throw new ConfigError("faulty-settings", faults);
  return { settings, file: file?.path };
}

type FoundFile = SettingsFile | { readonly fault: SettingFault } | undefined;

async function loadFile(
  named: string | undefined,
  filePaths: readonly string[],
): Promise<FoundFile> {
  if (!isUnset(named)) return loadNamedFile(named);
  const files = await Promise.all(filePaths.map(async (path) => await loadOne(path)));
  const found = files.filter((file) => file !== undefined);
  if (found.length < 2) return found[0];
  const there = filePaths.filter((_, index) => files[index] !== undefined).map(lineOf);
  const paths = there.join(" and ");
  return faultOf(
    "ambiguous",
    there.join(", "),
    "one settings file",
    `${there.length}`,
    `${paths} are there together, and one settings file is wanted: remove one, or name one in ${fileVariable}.`,
  );
}

async function loadNamedFile(named: string): Promise<FoundFile> {
  const label = `"${lineOf(named)}"`;
  if (!/\.(ya?ml|json)$/.test(named))
    return faultOf("malformed", fileVariable, "a path that ends in .yaml, .yml or .json", label);
  const absent = faultOf(
    "missing",
    fileVariable,
    "a file that is there",
    label,
    `${fileVariable} names ${label}, which does not exist.`,
  );
  return (await loadOne(named)) ?? absent;
}

async function loadOne(path: string): Promise<FoundFile> {
  const source = lineOf(path);
  const read = await readSettingsText(path);
  if (read.kind === "absent") return undefined;
  if (read.kind === "unreadable")
    return faultOf("unreadable", source, "a text file in UTF-8 of at most 256 KiB", read.holds);
  const parsed = parseSettingsText(read.text);
  if (parsed.kind === "value") return { path, value: parsed.value };
  return faultOf(
    "unreadable",
    source,
    "one JSON or YAML document",
    parsed.reason,
    `${source} is not one JSON or YAML document, ${parsed.reason}.`,
  );
}

const faultOf = (
  code: SettingFaultCode,
  source: string,
  wanted: string,
  got: string,
  message = `${source} wants ${wanted}, and got ${got}.`,
): { readonly fault: SettingFault } => ({ fault: { code, source, wanted, got, message } });
