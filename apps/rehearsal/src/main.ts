// The command line program: plays what is asked for, shows it, and ends with the verdict's exit code.

import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { realClock } from "@nlb-sidecar/simulator";
import { type Moment, type Present, playLife } from "./life.ts";
import { help, type Options, parseOptions } from "./options.ts";
import { findPlaces } from "./places.ts";
import { type Judgement, presentOf, reportOf } from "./report.ts";
import { type Output, screenOn } from "./screen.ts";
import { linesOf, type Stage, shortening, stagesOf } from "./stage.ts";
import { verdictOf } from "./verdict.ts";

const sidecarFile = join(import.meta.dirname, "../../sidecar/src/main.ts");

// The sidecar's own variables; nothing else of this shell reaches it, as nothing of an operator's shell reaches a container.
const settingNames =
  /^(DEREGISTRATION_WAIT|POLLING_FREQUENCY|TARGET_CONTAINER_NAME|NLB_SIDECAR_.*)$/;
const processNames = /^(PATH|HOME|TMPDIR|LANG|TZ)$/;

const children = new Set<ChildProcess>();
const interrupted = new AbortController();

// However this process ends, the processes of its containers end before it.
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => {
    interrupted.abort();
    process.exit(signal === "SIGINT" ? 130 : signal === "SIGTERM" ? 143 : 129);
  });
process.stdout.on("error", () => process.exit(1));

function variablesOf(names: RegExp): { readonly [name: string]: string } {
  const found = Object.entries(process.env).flatMap(([name, value]) =>
    names.test(name) && value !== undefined && value !== "" ? [[name, value] as const] : [],
  );
  return Object.fromEntries(found);
}

const wholeNumbers = (_name: string, value: unknown): unknown =>
  typeof value === "number" ? Math.round(value) : value;

async function play(options: Options): Promise<number> {
  const file = options.executable === undefined ? sidecarFile : resolve(options.executable);
  if (options.withSidecar && !existsSync(file)) {
    process.stderr.write(`There is no sidecar at ${file}\n`);
    return 2;
  }
  const places = options.scenario === "idle-exit" ? await findPlaces(2) : undefined;
  if (places !== undefined && (process.platform !== "linux" || places.length < 2)) {
    process.stderr.write(
      "--idle-exit needs Linux and an IPv4 address besides the loopback interface's: the sidecar counts connections in /proc/net\n",
    );
    return 2;
  }
  const stages = stagesOf(
    options,
    options.executable === undefined ? [process.execPath, file] : [file],
    variablesOf(settingNames),
    places,
  );
  const stream = options.json ? process.stderr : process.stdout;
  const output: Output = {
    write: (text) => stream.write(text),
    terminal: stream.isTTY === true,
    columns: stream.columns ?? 80,
  };
  const screen = screenOn(output);
  for (const line of linesOf(stages)) screen.line(line);
  screen.line("");

  const presents = new Map<string, () => Present>();
  const over = new AbortController();
  const showPresent = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await realClock.sleep(output.terminal ? 200 : 2_500, over.signal);
      if (presents.size < stages.length || over.signal.aborted) continue;
      const lives = stages.flatMap(({ title }) => {
        const present = presents.get(title)?.();
        return present === undefined ? [] : [{ title, present }];
      });
      screen.status(presentOf(lives));
    }
  };

  const live = async (stage: Stage): Promise<Judgement> => {
    const { title } = stage;
    const startedMs = realClock.now();
    const life = await playLife(
      {
        // Whole milliseconds: sums and differences of the world's times are then exact.
        clock: {
          now: () => Math.floor(realClock.now() - startedMs),
          sleep: realClock.sleep,
        },
        epochMs: Date.now(),
        random: Math.random,
        bun: process.execPath,
        env: variablesOf(processNames),
        children,
      },
      stage,
      {
        moment: ({ atMs, text }: Moment) =>
          screen.line(
            `${(atMs / 1000).toFixed(1).padStart(5)} s  ${title === "" ? "" : `${title.split(" ")[0]?.padEnd(9)}`}${text}`,
          ),
        present: (read) => {
          presents.set(title, read);
        },
      },
      interrupted.signal,
    );
    return { title, verdict: verdictOf(life, stage) };
  };

  const [judgements] = await Promise.all([
    Promise.all(stages.map(live)).finally(() => {
      over.abort();
      screen.clear();
    }),
    showPresent(),
  ]);
  screen.line("");
  for (const line of reportOf(judgements)) screen.line(line);
  const passed = judgements[0]?.verdict.passed === true;
  if (options.json)
    process.stdout.write(
      `${JSON.stringify({ ...options, shortening, passed, lives: judgements }, wholeNumbers, 2)}\n`,
    );
  return passed ? 0 : 1;
}

const commandLine = parseOptions(process.argv.slice(2));
if (commandLine.kind === "help") process.stdout.write(`${help}\n`);
else if (commandLine.kind === "usage") {
  process.stderr.write(`${commandLine.message}\nSee: bun run rehearse --help\n`);
  process.exitCode = 2;
} else process.exitCode = await play(commandLine.options);
