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
  const found = await loadFile(environment[fileVariable], filePaths);
  if (found.kind === "unusable") {
    const { faults } = settle(environment, "unusable");
    throw new ConfigError("faulty-file", [...found.faults, ...faults]);
  }
  const file = found.kind === "file" ? found.file : undefined;
  const { settings, faults } = settle(environment, file);
  if (faults.length > 0) throw new ConfigError("faulty-settings", faults);
  return { settings, file: file?.path };
}

type Found =
  | { readonly kind: "file"; readonly file: SettingsFile }
  | { readonly kind: "absent" }
  | {
      readonly kind: "unusable";
      readonly faults: readonly SettingFault[];
      readonly there: boolean;
    };

async function loadFile(named: string | undefined, filePaths: readonly string[]): Promise<Found> {
  if (!isUnset(named)) return loadNamedFile(named);
  const all = await Promise.all(filePaths.map(loadOne));
  const there = filePaths.filter((_, index) => {
    const found = all[index];
    return found?.kind === "file" || (found?.kind === "unusable" && found.there);
  });
  if (there.length > 1) {
    const paths = there.map(lineOf).join(" and ");
    const message = `${paths} are there together, and one settings file is wanted: remove one, or name one in ${fileVariable}.`;
    return unusable("ambiguous", paths, "one settings file", `${there.length}`, message);
  }
  const faults = all.flatMap((found) => (found.kind === "unusable" ? found.faults : []));
  if (faults.length > 0) return { kind: "unusable", faults, there: true };
  return all.find(({ kind }) => kind === "file") ?? { kind: "absent" };
}

async function loadNamedFile(named: string): Promise<Found> {
  const name = `"${lineOf(named)}"`;
  if (!/\.(ya?ml|json)$/.test(named)) {
    const wanted = "a path that ends in .yaml, .yml or .json";
    const message = `${fileVariable} wants ${wanted}, and got ${name}.`;
    return unusable("malformed", fileVariable, wanted, name, message);
  }
  const found = await loadOne(named);
  if (found.kind !== "absent") return found;
  const message = `${fileVariable} names ${name}, which does not exist.`;
  return unusable("missing", fileVariable, "a file that is there", name, message);
}

async function loadOne(path: string): Promise<Found> {
  const source = lineOf(path);
  const read = await readSettingsText(path);
  if (read.kind === "absent") return read;
  if (read.kind !== "text") {
    const wanted = "a text file in UTF-8 of at most 256 KiB";
    const message = `${source} has to be ${wanted}, and is ${read.is}.`;
    return unusable("unreadable", source, wanted, read.is, message, read.kind !== "denied");
  }
  const parsed = await parseSettingsText(read.text);
  if (parsed.kind === "value") return { kind: "file", file: { path, value: parsed.value } };
  const wanted = "one JSON or YAML document";
  const message = `${source} is not ${wanted}, ${parsed.reason}.`;
  return unusable("unreadable", source, wanted, parsed.reason, message);
}

const unusable = (
  code: SettingFaultCode,
  source: string,
  wanted: string,
  got: string,
  message: string,
  there = true,
): Found => ({ kind: "unusable", faults: [{ code, source, wanted, got, message }], there });
