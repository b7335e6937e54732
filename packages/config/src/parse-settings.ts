// Judges the environment and the parsed file, and gives the settings in effect.

import { ConfigError } from "./config-error.ts";
import type { Settings } from "./settings.ts";
import { type Environment, type SettingsFile, settle } from "./settle.ts";

/**
 * The settings in effect: the environment beats the file, and the file the defaults. Pure. `NLB_SIDECAR_CONFIG` is for
 * `loadSettings` and not looked at here.
 *
 * @throws {@link ConfigError} `faulty-settings`, with every fault at once.
 */
export function parseSettings(environment: Environment, file?: SettingsFile): Settings {
  const { settings, faults } = settle(environment, file);
  if (faults.length > 0) throw new ConfigError("faulty-settings", faults);
  return settings;
}
