// Makes the real world of what the process gives, and runs the sidecar in it until there is an exit code.

import type { Fetch } from "@nlb-sidecar/resolver";
import { awsClients } from "./aws.ts";
import { realClock } from "./clock.ts";
import { parseCommandLine } from "./command-line.ts";
import { procConnections } from "./connections.ts";
import { askDirectly } from "./direct.ts";
import { defectOf } from "./fault-log.ts";
import { openLog, toDescriptor } from "./log.ts";
import { sidecar } from "./sidecar.ts";
import { statusServer } from "./status-server.ts";
import type { Post, World } from "./world.ts";

/** What only the entry point may name: the process and the runtime's globals. */
export interface Process {
  /** The arguments after the program's own name. */
  readonly words: readonly string[];
  readonly env: Record<string, string | undefined>;
  readonly random: () => number;
  readonly fetch: Fetch;
  readonly post: Post;
  readonly processorMs: () => number;
  /** Prints a text, to stdout if the exit code is 0, and ends with that code. */
  readonly print: (text: string, exitCode: number) => void;
  readonly exit: (exitCode: number) => never;
  /** A stop signal that is not the first. */
  readonly onStopAgain: (listener: (name: string) => void) => void;
  /** Whatever was thrown or rejected, and caught by nobody. */
  readonly onDefect: (listener: (error: unknown) => void) => void;
  /** What a library writes to the console. */
  readonly onConsole: (listener: (text: string) => void) => void;
}

// A log that nobody reads is not waited for.
const flushMs = 250;
const restartMs = 1_000;
const restartMaxMs = 60_000;

/** Runs what the command line asks for. Resolves only where it was something to print; otherwise the process ends. */
export async function run(real: Process, stop: AbortSignal): Promise<void> {
  const command = parseCommandLine(real.words);
  if (command.command === "print") return real.print(command.text, command.exitCode);
  const log = openLog(toDescriptor(1));
  let ending = false;
  const end = async (exitCode: number): Promise<void> => {
    if (ending) return;
    ending = true;
    await log.flush(flushMs);
    real.exit(exitCode);
  };
  real.onStopAgain((signal) => {
    if (!ending) log.write({ event: "stopped", signal, elapsedMs: undefined });
    void end(0);
  });
  // What a library has to say (the SDK of a slow credentials endpoint) becomes a line like every other.
  real.onConsole((text) =>
    log.write({
      event: "notice",
      code: "library",
      message: text.slice(0, 500),
      fix: "Nothing to change: a library of the sidecar says so.",
    }),
  );
  let defects = 0;
  const defect = (error: unknown): void => {
    defects += 1;
    log.write(defectOf(error, defects));
  };
  real.onDefect(defect);
  askDirectly(real.env);
  const { env, random, fetch, post, processorMs } = real;
  const world: World = {
    env,
    clock: realClock,
    random,
    fetch,
    post,
    log,
    aws: awsClients(realClock, env),
    connections: procConnections(realClock),
    processorMs,
    serve: statusServer,
  };
  for (;;)
    try {
      const { exitCode } = await sidecar(world, stop);
      return await end(exitCode);
    } catch (error) {
      // Only a fault of our own comes here, and it must not end a healthy task.
      defect(error);
      const pauseMs = Math.min(restartMaxMs, restartMs * 2 ** (defects - 1));
      await realClock.sleep(pauseMs, stop);
    }
}
