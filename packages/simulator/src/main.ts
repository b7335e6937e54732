#!/usr/bin/env node
// Serves a world on a port, for people and for tests in other containers.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { realClock } from "./clock.ts";
import { createWorld } from "./create-world.ts";
import type { NetworkMode, WorldDescription } from "./description.ts";
import { environmentOf } from "./environment.ts";
import { serve } from "./serve.ts";

const help = `nlb-simulator: a stand-in for Amazon ECS, the task metadata endpoint and a Network Load Balancer

  --port <port>                 where to listen; 8080 by default, 0 for any free one
  --host <address>              127.0.0.1 by default
  --mode <network mode>         awsvpc (default), bridge, host or none
  --deregistration-delay <s>    of every target group; 300 by default
  --tasks <number>              1 by default
  --world <file>                a whole WorldDescription as JSON, before the options above
  --help

It prints one line of JSON when it serves: the origin, and the environment of each container of each task.
While it serves, POST /_world/deploy, /_world/stop-task, /_world/fault, ... act on the world; GET /_world lists every route.
`;

class UsageError extends Error {}

function wholeNumber(name: string, value: string): number {
  if (!/^\d{1,9}$/.test(value))
    throw new UsageError(`--${name} wants a whole number, got "${value}"`);
  return Number(value);
}

function networkMode(value: string): NetworkMode {
  const modes: readonly NetworkMode[] = ["awsvpc", "bridge", "host", "none"];
  const found = modes.find((mode) => mode === value);
  if (found === undefined)
    throw new UsageError(`--mode wants one of ${modes.join(", ")}, got "${value}"`);
  return found;
}

function parseOptions(): ReturnType<typeof parseArgs>["values"] {
  const text = { type: "string" } as const;
  try {
    return parseArgs({
      options: {
        port: text,
        host: text,
        mode: text,
        "deregistration-delay": text,
        tasks: text,
        world: text,
        help: { type: "boolean" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function readDescription(path: string): WorldDescription {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new UsageError(`--world ${path}: ${error instanceof Error ? error.message : error}`);
  }
}

async function main(): Promise<void> {
  const options = parseOptions();
  if (options.help === true) {
    process.stdout.write(help);
    return;
  }
  const given = (name: string): string | undefined => {
    const value = options[name];
    return typeof value === "string" ? value : undefined;
  };
  const path = given("world");
  const described = path === undefined ? {} : readDescription(path);
  const mode = given("mode");
  const tasks = given("tasks");
  const delay = given("deregistration-delay");
  const deregistrationDelayMs =
    delay === undefined ? undefined : wholeNumber("deregistration-delay", delay) * 1000;
  const description: WorldDescription = {
    ...described,
    ...(mode !== undefined && { networkMode: networkMode(mode) }),
    ...(tasks !== undefined && { tasks: wholeNumber("tasks", tasks) }),
    ...(deregistrationDelayMs !== undefined && {
      targetGroups: (described.targetGroups ?? [{ name: "web" }]).map((group) => ({
        ...group,
        deregistrationDelayMs,
      })),
    }),
  };
  const world = createWorld({ clock: realClock, random: Math.random, ...description });
  const server = await serve(world, {
    port: wholeNumber("port", given("port") ?? "8080"),
    host: given("host") ?? "127.0.0.1",
  });
  const environments = world.tasks().map(({ arn, containers }) => ({
    taskArn: arn,
    containers: Object.fromEntries(
      containers.map(({ name }) => [name, environmentOf(world, arn, name, server.origin)]),
    ),
  }));
  process.stdout.write(`${JSON.stringify({ origin: server.origin, tasks: environments })}\n`);
  const stop = (): void => {
    server.close().then(() => process.exit(0));
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

main().catch((error: unknown) => {
  const usage = error instanceof UsageError || error instanceof RangeError;
  process.stderr.write(
    usage ? `${error.message}\n\n${help}` : `${error instanceof Error ? error.stack : error}\n`,
  );
  process.exitCode = usage ? 2 : 1;
});
