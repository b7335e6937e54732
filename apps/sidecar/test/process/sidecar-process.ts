// The real sidecar as a process: its log as it comes, its end, and signals.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { executable } from "./executable.ts";

/** One line of the log. */
export interface Line {
  /** ISO 8601, with milliseconds. */
  readonly time: string;
  readonly level: string;
  readonly event: string;
  readonly [field: string]: unknown;
}

/** How the process ended. */
export interface Exit {
  /** Undefined where a signal ended it. */
  readonly code: number | undefined;
  readonly signal: string | undefined;
  /** On this process' monotonic clock. */
  readonly atMs: number;
}

/** How it is started. */
export interface Start {
  /** The whole of its environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly words?: readonly string[];
  readonly directory?: string;
  /** What the executable is run by: a program and its first arguments. */
  readonly under?: readonly string[];
  /** A descriptor for stdout, which is then not read here, and whether stderr goes there too. */
  readonly stdout?: number;
  readonly stderr?: number;
}

/** A sidecar that was started. */
export interface SidecarProcess extends AsyncDisposable {
  /** The lines of its log so far. */
  readonly lines: readonly Line[];
  /** The first line of this event that `holds`, of those that came and those to come. */
  line(event: string, holds?: (line: Line) => boolean): Promise<Line>;
  /** Its end. */
  exit(): Promise<Exit>;
  /** Whether it runs. */
  running(): boolean;
  /** Sends a signal to the sidecar itself, whatever it is run by. */
  kill(signal: "SIGTERM" | "SIGINT" | "SIGKILL"): void;
  /** Everything that it wrote on stdout and stderr. */
  output(): string;
}

// Far beyond what anything here takes: a wait that comes to nothing is told with what was seen, before the test's own time-out.
const patienceMs = 40_000;

/** Waits until `condition` holds. Throws, with what `seen` says, where it does not for long. */
export async function until(
  what: string,
  condition: () => boolean,
  seen: () => string,
): Promise<void> {
  const endMs = performance.now() + patienceMs;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`no ${what}; seen:\n${seen()}`);
    await Bun.sleep(5);
  }
}

function parseLine(text: string): Line {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`this line of the log is no JSON: ${text}`);
  }
}

/** Starts a sidecar. */
export function startSidecar(start: Start): SidecarProcess {
  const { env, words = [], directory = "/", under = [], stdout = "pipe", stderr = "pipe" } = start;
  const [command = executable, ...args] = [...under, executable, ...words];
  const child = spawn(command, args, { cwd: directory, env, stdio: ["ignore", stdout, stderr] });
  let text = "";
  let errors = "";
  let exit: Exit | undefined;
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    errors += chunk;
  });
  child.on("error", (error) => {
    errors += error.message;
  });
  let atMs = 0;
  child.on("exit", () => {
    atMs = performance.now();
  });
  // Only then everything that it wrote has been read.
  child.on("close", (code, signal) => {
    exit = { code: code ?? undefined, signal: signal ?? undefined, atMs };
  });

  const parsed: Line[] = [];
  let parsedTo = 0;
  const lines = (): readonly Line[] => {
    for (let end = text.indexOf("\n", parsedTo); end !== -1; end = text.indexOf("\n", parsedTo)) {
      if (start.words === undefined) parsed.push(parseLine(text.slice(parsedTo, end)));
      parsedTo = end + 1;
    }
    return parsed;
  };
  const output = (): string => text + errors;
  const seen = (): string => `${output()}${JSON.stringify(exit ?? "it runs")}`;
  const own = (): number => {
    const { pid } = child;
    if (pid === undefined) throw new Error(`${command} was not started: ${errors}`);
    if (under.length === 0) return pid;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
    return Number(children[0]);
  };

  return {
    get lines() {
      return lines();
    },
    async line(event, holds = () => true) {
      const find = () => lines().find((line) => line.event === event && holds(line));
      await until(
        `line "${event}"`,
        () => find() !== undefined || exit !== undefined,
        () => seen(),
      );
      const found = find();
      if (found === undefined) throw new Error(`it ended without a line "${event}":\n${seen()}`);
      return found;
    },
    async exit() {
      await until("end", () => exit !== undefined, seen);
      if (exit === undefined) throw new Error("it runs");
      return exit;
    },
    running: () => exit === undefined && child.exitCode === null && child.signalCode === null,
    kill: (signal) => void process.kill(own(), signal),
    output,
    async [Symbol.asyncDispose]() {
      if (exit === undefined) child.kill("SIGKILL");
      await until("end", () => exit !== undefined || child.pid === undefined, seen);
    },
  };
}
