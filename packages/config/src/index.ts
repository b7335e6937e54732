// The package's face: reading the settings.

export { ConfigError, type ConfigErrorCode } from "./config-error.ts";
export { defaultFilePaths, type LoadedSettings, loadSettings } from "./load-settings.ts";
export { parseSettings } from "./parse-settings.ts";
export type { SettingFault, SettingFaultCode } from "./setting-fault.ts";
export type { Settings } from "./settings.ts";
export type { Environment, SettingsFile } from "./settle.ts";
