// The command line of a rehearsal: what is asked for, or what is wrong with the asking.

import { type FaultName, faultNames, rehearsedFaults } from "./faults.ts";
import { nearestOf } from "./nearest.ts";

/** The network modes that a load balancer's target can have. */
export type RehearsedMode = "awsvpc" | "bridge" | "host";

/**
 * What happens to the task:
 *
 * - `deploy`: a deployment replaces it.
 * - `idle-exit`: a deployment, and one connection that outlasts the deregistration wait; with `NLB_SIDECAR_DRAIN_TIMEOUT` and without.
 * - `stop-task`, `spot`: ECS stops it without waiting for the load balancer; with `NLB_SIDECAR_STOP_HOLD` and without.
 */
export type Scenario = "deploy" | "idle-exit" | "stop-task" | "spot";

/** What a command line asks for. */
export interface Options {
  readonly scenario: Scenario;
  readonly mode: RehearsedMode;
  readonly faults: readonly FaultName[];
  /** False: ECS alone. */
  readonly withSidecar: boolean;
  /** The path of a compiled executable; undefined: the source, run by this Bun. */
  readonly executable: string | undefined;
  /** Whether the report goes to stdout as one JSON document, and everything else to stderr. */
  readonly json: boolean;
}

/** A command line, understood or not. `message` is one line that names the nearest known word. */
export type CommandLine =
  | { readonly kind: "play"; readonly options: Options }
  | { readonly kind: "help" }
  | { readonly kind: "usage"; readonly message: string };

const modes: readonly RehearsedMode[] = ["awsvpc", "bridge", "host"];
const scenarios: readonly Scenario[] = ["idle-exit", "stop-task", "spot"];
const known: readonly string[] = [
  "--mode",
  "--fault",
  "--without-sidecar",
  ...scenarios.map((scenario) => `--${scenario}`),
  "--sidecar",
  "--json",
  "--help",
];

/** The text of `--help`. */
export const help: string = `Rehearses the end of a task behind a Network Load Balancer, with real connections and the real sidecar.

  bun run rehearse [options]
  npx --yes --allow-scripts=bun bun@1.4.5 run rehearse [options]

What happens
  (nothing)            a deployment replaces the task
  --idle-exit          a deployment, and a connection that outlasts the wait; with NLB_SIDECAR_DRAIN_TIMEOUT and without
  --stop-task          ECS stops the task at once (StopTask); with NLB_SIDECAR_STOP_HOLD and without
  --spot               Fargate Spot takes the task back; with NLB_SIDECAR_STOP_HOLD and without

How
  --mode MODE          ${modes.join(", ")}; default awsvpc
  --fault NAME         what AWS does meanwhile; may be given several times:
${faultNames.map((name) => `                         ${name.padEnd(18)}${rehearsedFaults[name].summary}`).join("\n")}
  --without-sidecar    ECS alone: what would happen
  --sidecar PATH       a compiled executable instead of the source
  --json               the report as JSON on stdout, the rest on stderr
  --help               this

The sidecar's settings are its environment variables: DEREGISTRATION_WAIT, POLLING_FREQUENCY, TARGET_CONTAINER_NAME
and NLB_SIDECAR_... are handed to it. DEREGISTRATION_WAIT=0 shows what leaving too early costs.

Exit code: 0 no connection was cut and the sidecar did as it should; 1 otherwise; 2 the command line is wrong.`;

/** Reads a command line (without the program's own name). Never throws. */
export function parseOptions(args: readonly string[]): CommandLine {
  const words = args.flatMap((arg) => {
    const equals = arg.startsWith("--") ? arg.indexOf("=") : -1;
    return equals < 0 ? [arg] : [arg.slice(0, equals), arg.slice(equals + 1)];
  });
  const usage = (message: string): CommandLine => ({ kind: "usage", message });
  const chosen = new Set<Scenario>();
  const faults = new Set<FaultName>();
  let mode: RehearsedMode = "awsvpc";
  let executable: string | undefined;
  let withSidecar = true;
  let json = false;

  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const scenario = scenarios.find((one) => word === `--${one}`);
    if (scenario !== undefined) chosen.add(scenario);
    else if (word === "--help" || word === "-h") return { kind: "help" };
    else if (word === "--json") json = true;
    else if (word === "--without-sidecar") withSidecar = false;
    else if (word === "--sidecar" || word === "--mode" || word === "--fault") {
      const value = words.shift();
      if (value === undefined || value === "" || value.startsWith("--"))
        return usage(`${word} wants a value: ${wantedBy(word)}`);
      if (word === "--sidecar") executable = value;
      else if (word === "--mode") {
        const found = modes.find((one) => one === value);
        if (found === undefined) return usage(unknown("network mode", value, modes));
        mode = found;
      } else {
        const found = faultNames.find((one) => one === value);
        if (found === undefined) return usage(unknown("fault", value, faultNames));
        faults.add(found);
      }
    } else if (word.startsWith("-")) return usage(unknown("option", word, known));
    else return usage(`"${word}" is not expected here; options begin with --`);
  }

  const several = [...chosen];
  if (several.length > 1)
    return usage(`${several.map((one) => `--${one}`).join(" and ")} exclude each other`);
  const scenario = several[0] ?? "deploy";
  if (!withSidecar && scenario !== "deploy")
    return usage(`--without-sidecar and --${scenario} exclude each other`);
  if (!withSidecar && executable !== undefined)
    return usage("--without-sidecar and --sidecar exclude each other");
  if (scenario === "idle-exit" && mode === "bridge")
    return usage(
      "--idle-exit needs --mode awsvpc or host: in bridge mode the sidecar cannot see the application's connections",
    );
  if (scenario === "spot" && mode !== "awsvpc")
    return usage("--spot needs --mode awsvpc: Fargate has no other network mode");
  const options = { scenario, mode, faults: [...faults], withSidecar, executable, json };
  return { kind: "play", options };
}

function wantedBy(option: string): string {
  if (option === "--mode") return modes.join(", ");
  return option === "--fault" ? faultNames.join(", ") : "the path of an executable";
}

function unknown(what: string, word: string, names: readonly string[]): string {
  const nearest = nearestOf(word, names);
  const hint = nearest === undefined ? `known: ${names.join(", ")}` : `did you mean ${nearest}?`;
  return `unknown ${what} "${word}"; ${hint}`;
}
