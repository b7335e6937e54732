// The one error class of this package.

import type { SettingFault } from "./setting-fault.ts";

/**
 * - `faulty-settings`: at least one variable or key of the file is faulty.
 * - `faulty-file`: the file itself cannot be used, so the settings in it are not known. The variables are judged all the same.
 */
export type ConfigErrorCode = "faulty-settings" | "faulty-file";

/**
 * The settings cannot be used. `faults` has every fault at once, in the order of the settings table; `message` lists them, a line
 * each; `fix` says what to change.
 */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly code: ConfigErrorCode;
  readonly faults: readonly SettingFault[];
  /** Settings do not mend themselves. */
  readonly transient = false;
  readonly fix: string;

  constructor(code: ConfigErrorCode, faults: readonly SettingFault[]) {
    const head = `The settings have ${faults.length === 1 ? "a fault" : `${faults.length} faults`}`;
    super([`${head}:`, ...faults.map(({ message }) => `- ${message}`)].join("\n"));
    this.code = code;
    this.faults = faults;
    this.fix =
      code === "faulty-file"
        ? "Mend the file, or mount another; then the settings named here, if any, in the task definition."
        : "Change these settings in the task definition or in the file, and deploy again.";
  }
}
