// Takes the faults out of whatever refuses settings, for the tests.

import { ConfigError, type SettingFault } from "../src/index.ts";

/** The error that `refuse` throws or rejects with; fails if it does neither, or throws another one. */
export async function errorOf(refuse: () => unknown): Promise<ConfigError> {
  try {
    await refuse();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("the settings were accepted");
}

/** The faults of that error. */
export async function faultsOf(refuse: () => unknown): Promise<readonly SettingFault[]> {
  return (await errorOf(refuse)).faults;
}
