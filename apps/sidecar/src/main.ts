// The real world, and the process: signals in, an exit code out.

import type { Clock } from "@nlb-sidecar/health";
import { awsClients } from "./aws.ts";
import { realClock } from "./clock.ts";
import { parseCommandLine } from "./command-line.ts";
import { procConnections } from "./connections.ts";
import { askDirectly } from "./direct.ts";
import { type OpenLog, openLog, toDescriptor } from "./log.ts";
import { sidecar } from "./sidecar.ts";
import { statusServer } from "./status-server.ts";
import type { World } from "./world.ts";

// A log that nobody reads is not waited for.
const flushMs = 250;
const restartMs = 1_000;
const restartMaxMs = 60_000;

const realWorld = (clock: Clock, log: OpenLog): World => ({
  env: process.env,
  clock,
  random: Math.random,
  fetch: (url, init) => fetch(url, init),
  post: async (url, body, signal) => {
    const headers = { "content-type": "application/json" };
    const { status } = await fetch(url, { method: "POST", headers, body, signal });
    return status;
  },
  log,
  aws: awsClients(clock, process.env),
  connections: procConnections(clock),
  processorMs: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  serve: statusServer,
});

async function end(log: OpenLog, exitCode: number): Promise<never> {
  await log.flush(flushMs);
  return process.exit(exitCode);
}

async function run(): Promise<void> {
  const log = openLog(toDescriptor(1));
  const stop = new AbortController();
  let ending = false;
  // Process 1 of a container has no default action on these: without a handler a stop would wait for SIGKILL.
  for (const name of ["SIGTERM", "SIGINT"] as const)
    process.on(name, () => {
      if (!stop.signal.aborted) return stop.abort(name);
      if (ending) return;
      ending = true;
      log.write({ event: "stopped", signal: name, elapsedMs: undefined });
      void end(log, 0);
    });
  // What a library has to say (the SDK of a slow credentials endpoint) becomes a line like every other.
  for (const name of ["debug", "info", "log", "warn", "error"] as const)
    console[name] = (...words: readonly unknown[]) =>
      log.write({
        event: "notice",
        code: "library",
        message: words.map(String).join(" ").slice(0, 500),
        fix: "Nothing to change: a library of the sidecar says so.",
      });
  let defects = 0;
  const defect = (error: unknown): void => {
    defects += 1;
    log.write({
      event: "defect",
      message: error instanceof Error ? error.message : String(error),
      stack: error instanceof Error ? error.stack : undefined,
      times: defects,
    });
  };
  process.on("uncaughtException", defect);
  process.on("unhandledRejection", defect);
  askDirectly(process.env);
  const world = realWorld(realClock, log);
  for (;;)
    try {
      const { exitCode } = await sidecar(world, stop.signal);
      if (ending) return;
      ending = true;
      return await end(log, exitCode);
    } catch (error) {
      // Only a fault of our own comes here, and it must not end a healthy task.
      defect(error);
      const pauseMs = Math.min(restartMaxMs, restartMs * 2 ** (defects - 1));
      await realClock.sleep(pauseMs, stop.signal);
    }
}

const command = parseCommandLine(process.argv.slice(2));
if (command.command === "run") void run();
else {
  (command.exitCode === 0 ? process.stdout : process.stderr).write(command.text);
  process.exitCode = command.exitCode;
}
