// Everything that decides whether a change is good, in one run: `bun run verify`.

import { join } from "node:path";
import { type Counts, closingCounts, countsOf } from "./counts-of.ts";

/** One part of the whole. Its command is a script of the root `package.json`, which a developer can run alone. */
interface Step {
  readonly name: string;
  readonly command: readonly string[];
  /** Reads the counts out of the output; without it the step itself counts as one. */
  readonly counts?: (
    output: string,
    suites: readonly string[],
  ) => Counts & { unclosed?: readonly string[] };
}

const root = join(import.meta.dir, "..");

const steps: readonly Step[] = [
  { name: "lint", command: ["run", "lint"] },
  { name: "types", command: ["run", "typecheck"] },
  { name: "build", command: ["run", "build", "--log-prefix=task", "--log-order=grouped"] },
  {
    name: "tests",
    command: [
      // One suite at a time: some start programs and count their seconds, and a crowded machine is not what they test.
      ...["run", "test", "--continue=dependencies-successful", "--concurrency=1"],
      ...["--output-logs=full", "--log-prefix=task", "--log-order=grouped"],
    ],
    counts: countsOf,
  },
  {
    name: "package checks",
    command: ["run", "test:runtime"],
    counts: (output) => closingCounts(output.split("\n")) ?? { passed: 0, failed: 1 },
  },
];

const startedMs = performance.now();
const say = (line: string) => {
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  console.log(`[${String(seconds).padStart(4)} s] ${line}`);
};

interface Ended {
  readonly code: number;
  readonly output: string;
}

async function run(name: string, command: readonly string[]): Promise<Ended> {
  const stepStartedMs = performance.now();
  say(`${name} ...`);
  const child = Bun.spawn([process.execPath, ...command], {
    cwd: root,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: {
      ...process.env,
      // The log is read by a program, and no answer to a question would come.
      CI: "true",
      FORCE_COLOR: "0",
      NO_COLOR: "1",
      TURBO_TELEMETRY_DISABLED: "1",
      DO_NOT_TRACK: "1",
    },
  });
  const working = setInterval(() => {
    const seconds = Math.round((performance.now() - stepStartedMs) / 1000);
    say(`${name}: at work for ${seconds} s`);
  }, 15_000);
  const output: string[] = [];
  await Promise.all([gather(child.stdout, output), gather(child.stderr, output)]);
  const code = await child.exited;
  clearInterval(working);
  return { code, output: output.join("\n") };
}

/** Adds the stream's lines as they come, and says those that close a suite. */
async function gather(stream: ReadableStream<Uint8Array>, into: string[]): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      into.push(line);
      const ended = /^(\S+): Ran (\d+) tests?/.exec(line);
      if (ended !== null) say(`  ${ended[1]} ran ${ended[2]}`);
    }
  }
  if (rest !== "") into.push(rest);
}

/** The test tasks of turbo, as it prefixes their lines. */
async function testSuites(): Promise<readonly string[]> {
  const { workspaces } = await Bun.file(join(root, "package.json")).json();
  const suites = ["//:test:house"];
  for (const folder of workspaces.packages as readonly string[]) {
    const manifests = new Bun.Glob(`${folder}/package.json`).scan({ cwd: root });
    for await (const path of manifests) {
      const { name, scripts } = await Bun.file(join(root, path)).json();
      if (scripts?.test !== undefined) suites.push(`${name}:test`);
    }
  }
  return suites;
}

async function main(): Promise<number> {
  let passed = 0;
  let failed = 0;
  let ranTests = 0;
  const broken: string[] = [];
  const failures: string[] = [];

  const install = await run("install", ["install", "--frozen-lockfile"]);
  if (install.code !== 0) {
    console.log(install.output);
    say("install failed: nothing else can run");
    console.log("0 passed, 1 failed");
    return 1;
  }
  const suites = await testSuites();
  for (const { name, command, counts: read } of steps) {
    const { code, output } = await run(name, command);
    const counts = read?.(output, suites) ?? {
      passed: code === 0 ? 1 : 0,
      failed: code === 0 ? 0 : 1,
    };
    // A step may fail beside its tests: what it counted is kept, and the step is one more.
    const failing = code !== 0 && counts.failed === 0 ? 1 : counts.failed;
    if (read !== undefined) ranTests += counts.passed + counts.failed;
    passed += counts.passed;
    failed += failing;
    if (failing > 0) {
      console.log(`\n${output}\n`);
      broken.push(name);
      // bun prints each twice: as it fails, and at the end.
      failures.push(...new Set(output.split("\n").filter((line) => line.includes("(fail) "))));
      for (const suite of counts.unclosed ?? []) say(`${suite} ended without its closing line`);
    }
    say(`${name}: ${counts.passed} passed, ${failing} failed`);
  }
  if (ranTests === 0) failed++;
  for (const line of failures) console.log(line);
  say(broken.length === 0 ? "all is well" : `look above at: ${broken.join(", ")}`);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
