// One fault of the settings, as a value.

/**
 * What is wrong with one setting, or with the file:
 *
 * - `missing`: something that another setting names is not there.
 * - `empty`: a key of the file has no value. (An empty variable is no fault: it counts as unset.)
 * - `malformed`: the value is none of those wanted.
 * - `out-of-bounds`: a value of the wanted form, below or above the bounds.
 * - `unknown`: no setting has this name.
 * - `contradiction`: a value that is fine alone, but not beside another setting's.
 * - `unreadable`: the file cannot be read, or is not one JSON or YAML document.
 * - `ambiguous`: several files, of which one alone is allowed.
 */
export type SettingFaultCode =
  | "missing"
  | "empty"
  | "malformed"
  | "out-of-bounds"
  | "unknown"
  | "contradiction"
  | "unreadable"
  | "ambiguous";

/** One fault. Every text is bounded and on one line, whatever the environment or the file held. */
export interface SettingFault {
  readonly code: SettingFaultCode;
  /** Where it came from: `DEREGISTRATION_WAIT`, or `/etc/nlb-sidecar/config.yaml: deregistrationWait`, or the file alone. */
  readonly source: string;
  /** What would have been right: `act or observe`. */
  readonly wanted: string;
  /** What came: `"1e3"`, `3601`, `a mapping`. Of a URL, what stands before an `@`, its path and its query are masked. */
  readonly got: string;
  /** All of it as one sentence. */
  readonly message: string;
}
