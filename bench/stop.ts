// Measures how long the sidecar takes from SIGTERM to its end, beside an empty Bun program with a handler.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createWorld,
  environmentOf,
  type Fault,
  realClock,
  serve,
  type World,
} from "../packages/simulator/src/index.ts";

const runs = 25;
const describeTargetHealth = "elasticloadbalancing:DescribeTargetHealth";
const app = join(import.meta.dir, "..", "apps", "sidecar");

const empty = `process.on("SIGTERM", () => process.exit(0));
process.stdout.write("ready\\n");
setInterval(() => {}, 1_000_000);
`;

// The sidecar's own flags, those apart that only keep it from reading the working directory.
const flags = [
  "--compile",
  "--minify",
  "--bytecode",
  "--format=esm",
  "--splitting",
  "--compile-jit-policy=1000",
];

interface Moment {
  readonly faults: readonly Fault[];
  /** The event of the last log line before the signal. */
  readonly line: string | undefined;
  readonly drains: boolean;
}

/** When the signal comes. */
const moments: Readonly<Record<string, Moment>> = {
  "asleep between two polls": { faults: [], line: "reading", drains: false },
  "while the target drains": { faults: [], line: "drain-began", drains: true },
  "in a call that hangs": {
    faults: [{ action: describeTargetHealth, kind: "hang" }],
    line: undefined,
    drains: false,
  },
  "before the metadata endpoint answers": {
    faults: [{ action: "metadata:*", kind: "hang" }],
    line: undefined,
    drains: false,
  },
};

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 10_000) throw new Error("what was waited for did not come");
    await Bun.sleep(2);
  }
}

/** Milliseconds from SIGTERM to the end of the process, which must be 0. */
async function measure(
  command: string,
  env: Readonly<Record<string, string>>,
  reached: (output: string) => boolean,
): Promise<number> {
  const child = Bun.spawn([command], { env, cwd: "/", stdin: "ignore", stderr: "inherit" });
  let output = "";
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) output += decoder.decode(chunk, { stream: true });
  })();
  await until(() => reached(output));
  // Whatever the moment has begun settles.
  await Bun.sleep(50);
  const sinceMs = performance.now();
  child.kill("SIGTERM");
  const exitCode = await child.exited;
  const elapsedMs = performance.now() - sinceMs;
  await reading;
  if (exitCode !== 0) throw new Error(`${command} ended with ${exitCode}:\n${output}`);
  return elapsedMs;
}

async function measureSidecar(executable: string, moment: Moment): Promise<number> {
  const world: World = createWorld({ clock: realClock, random: Math.random });
  const server = await serve(world);
  try {
    for (const fault of moment.faults) world.fault(fault);
    const [task] = world.tasks();
    if (task === undefined) throw new Error("this world has no task");
    if (moment.drains) world.stopTask(task.arn, "service");
    const env = {
      HOME: "/",
      POLLING_FREQUENCY: "300",
      ...environmentOf(world, task.arn, "nlb-sidecar", server.origin),
    };
    const { line, faults } = moment;
    const action = faults[0]?.action.replace("*", "task");
    return await measure(executable, env, (output) =>
      line === undefined
        ? world.calls.some((call) => call.action === action)
        : output.includes(`"event":"${line}"`),
    );
  } finally {
    await server.close();
  }
}

const sorted = (values: readonly number[]): readonly number[] => [...values].sort((a, b) => a - b);
const at = (values: readonly number[], share: number): number =>
  sorted(values)[Math.floor(share * (values.length - 1))] ?? Number.NaN;

function build(words: readonly string[], cwd: string): void {
  const { exitCode, stderr } = Bun.spawnSync([process.execPath, ...words], { cwd });
  if (exitCode !== 0) throw new Error(stderr.toString());
}

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "bench-stop-"));
  try {
    const source = join(directory, "empty.ts");
    const program = join(directory, "empty");
    writeFileSync(source, empty);
    build(["build", ...flags, source, "--outfile", program], directory);
    build(["build.ts"], app);
    const executable = join(app, "dist", "nlb-sidecar");

    const ways: Readonly<Record<string, () => Promise<number>>> = {
      "an empty program": () =>
        measure(program, { HOME: "/" }, (output) => output.includes("ready")),
      ...Object.fromEntries(
        Object.entries(moments).map(([name, moment]) => [
          `the sidecar, ${name}`,
          () => measureSidecar(executable, moment),
        ]),
      ),
    };
    const all: Record<string, number[]> = {};
    // Side by side, so that a busy machine is busy for each.
    for (let run = 0; run < runs; run++)
      for (const [name, way] of Object.entries(ways)) {
        all[name] ??= [];
        all[name].push(await way());
      }

    console.log(
      `From SIGTERM to the end of the process, ${runs} interleaved runs, Bun ${Bun.version}, ${process.arch}.`,
    );
    console.log(`${"".padEnd(52)} median ms   10 % to 90 %   ratio`);
    const base = at(Object.values(all)[0] ?? [], 0.5);
    for (const [name, values] of Object.entries(all)) {
      const range = `${at(values, 0.1).toFixed(1)} to ${at(values, 0.9).toFixed(1)}`;
      const median = at(values, 0.5);
      console.log(
        `${name.padEnd(52)} ${median.toFixed(1).padStart(9)} ${range.padStart(14)} ${(median / base).toFixed(1).padStart(7)}`,
      );
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
}

void main();
