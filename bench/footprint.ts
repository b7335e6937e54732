// Measures what the images cost, beside programs that do less: `bun run images && bun bench/footprint.ts`.

import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGzip } from "node:zlib";
import { compile } from "../apps/sidecar/compile.ts";
import { dockerSays, root, type Variant, variants } from "../images/engine.ts";
import { createWorld, environmentOf, realClock, serve } from "../packages/simulator/src/index.ts";

const starts = 11;
const polls = 20;
const settleMs = 5_000;
const image = (variant: Variant): string => `nlb-sidecar:${variant}`;
const names = Object.keys(variants) as Variant[];
const folder = await mkdtemp(join(tmpdir(), "footprint-"));

/** The settings of the images, and a poll a second. */
const settings = {
  BUN_JSC_useJIT: "0",
  BUN_DISABLE_SOURCE_CODE_PREVIEW: "1",
  HOME: "/",
  POLLING_FREQUENCY: "1",
};

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
const mb = (bytes: number): string => (bytes / 1e6).toFixed(1);

function table(heads: readonly string[], rows: readonly (readonly string[])[]): void {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  console.log([line(heads), line(heads.map(() => "---")), ...rows.map(line), ""].join("\n"));
}

/** A simulated AWS with one task for each program, so that none is throttled by another. */
async function openWorld() {
  const world = createWorld({
    clock: realClock,
    random: Math.random,
    targetGroups: [{ name: "web", initialHealthCheckMs: 0 }],
  });
  const server = await serve(world);
  const [task] = world.tasks();
  const [target] = task?.targets ?? [];
  if (task === undefined || target === undefined) throw new Error("The world has no target");
  const env = {
    ...environmentOf(world, task.arn, "nlb-sidecar", server.origin),
    ...settings,
    TARGET_GROUP: target.targetGroupArn,
  };
  return { server, env };
}

/** Resident, proportional and anonymous memory of a process, in bytes. */
async function memoryOf(pid: number): Promise<{ rss: number; pss: number; anonymous: number }> {
  const rollup = await Bun.file(`/proc/${pid}/smaps_rollup`).text();
  const of = (field: string) =>
    Number(new RegExp(`^${field}: +(\\d+) kB`, "m").exec(rollup)?.[1]) * 1024;
  return { rss: of("Rss"), pss: of("Pss"), anonymous: of("Anonymous") };
}

/** Starts a program; the time until it has said that a poll is complete, and how to go on with it. */
async function startOf(executable: string, env: Record<string, string>) {
  const startedMs = performance.now();
  const child = Bun.spawn([executable], { env, stdout: "pipe", stderr: "inherit" });
  const decoder = new TextDecoder();
  const reader = child.stdout.getReader();
  for (let said = ""; !said.includes('"event":"reading"'); ) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`${executable} ended early: ${said}`);
    said += decoder.decode(value, { stream: true });
  }
  const startMs = performance.now() - startedMs;
  // What it says later must not fill the pipe.
  void (async () => {
    while (!(await reader.read()).done);
  })();
  return { child, startMs };
}

interface Program {
  readonly name: string;
  readonly executable: string;
  readonly env: Record<string, string>;
}

async function programs(env: Record<string, string>): Promise<readonly Program[]> {
  const made: Program[] = [];
  const floors = {
    "an empty program": "empty",
    "a bare fetch loop": "fetch-loop",
    "a poll loop on the SDK's client": "sdk-loop",
    "the same, finding its target group by ECS": "sdk-resolve",
  };
  for (const [name, file] of Object.entries(floors)) {
    const executable = join(folder, file);
    await compile(join(root, `images/footprint/${file}.ts`), executable, {});
    made.push({ name, executable, env });
  }
  for (const [name, jit] of [
    ["the sidecar", "0"],
    ["the sidecar, JIT on", "1"],
  ] as const) {
    const executable = join(folder, `nlb-sidecar-${jit}`);
    // A copy of its own: shared pages would be counted by halves.
    await copyFile(join(root, "apps/sidecar/dist/nlb-sidecar"), executable);
    made.push({ name, executable, env: { ...env, BUN_JSC_useJIT: jit } });
  }
  return made;
}

async function measurePrograms(): Promise<void> {
  const { server, env } = await openWorld();
  const all = await programs(env);
  const startsMs = new Map<string, number[]>(all.map(({ name }) => [name, []]));
  for (let run = 0; run < starts; run++)
    for (const { name, executable, env } of all) {
      const { child, startMs } = await startOf(executable, env);
      startsMs.get(name)?.push(startMs);
      child.kill("SIGKILL");
      await child.exited;
    }
  const children = await Promise.all(all.map(({ executable, env }) => startOf(executable, env)));
  await Bun.sleep(polls * 1_250 + settleMs);
  const rows: string[][] = [];
  for (const [index, { child }] of children.entries()) {
    const program = all[index];
    if (program === undefined) continue;
    const { rss, pss, anonymous } = await memoryOf(child.pid);
    rows.push([
      program.name,
      mb(Bun.file(program.executable).size),
      median(startsMs.get(program.name) ?? []).toFixed(0),
      mib(rss),
      mib(pss),
      mib(anonymous),
    ]);
    child.kill("SIGKILL");
  }
  await server.close();
  table(["program", "MB", "start, ms", "RSS, MiB", "PSS, MiB", "anonymous, MiB"], rows);
}

async function compressedBytesOf(name: string): Promise<number> {
  const child = Bun.spawn(["docker", "save", name], { stdout: "pipe" });
  const gzip = createGzip();
  let bytes = 0;
  gzip.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  const ended = new Promise((resolve) => gzip.once("end", resolve));
  for await (const chunk of child.stdout)
    if (!gzip.write(chunk)) await new Promise((resolve) => gzip.once("drain", resolve));
  gzip.end();
  await ended;
  return bytes;
}

async function measureImages(): Promise<void> {
  // Reads every file: a container is charged with the pages that it is the first to read, and here that is the engine, as after a
  // pull.
  const pulled = new Map<Variant, number>();
  for (const variant of names) pulled.set(variant, await compressedBytesOf(image(variant)));
  const { server, env } = await openWorld();
  const variables = Object.entries(env);
  const ids = await Promise.all(
    names.map((variant) =>
      dockerSays(
        ...["run", "--detach", "--read-only", "--cap-drop", "ALL", "--memory", "64m"],
        // The simulated AWS is this process.
        ...["--network", "host"],
        ...variables.flatMap(([name, value]) => ["--env", `${name}=${value}`]),
        image(variant),
      ),
    ),
  );
  try {
    await Bun.sleep(polls * 1_250 + settleMs);
    const rows: string[][] = [];
    for (const [index, variant] of names.entries()) {
      const id = ids[index] ?? "";
      const pid = Number(await dockerSays("inspect", "--format", "{{.State.Pid}}", id));
      const { rss, pss, anonymous } = await memoryOf(pid);
      const shown = await dockerSays("stats", "--no-stream", "--format", "{{.MemUsage}}", id);
      const size = Number(
        await dockerSays("image", "inspect", "--format", "{{.Size}}", image(variant)),
      );
      rows.push([
        `\`${variant}\``,
        mb(pulled.get(variant) ?? Number.NaN),
        mb(size),
        mib(rss),
        mib(pss),
        mib(anonymous),
        shown.split("MiB")[0] ?? "",
      ]);
    }
    table(
      [
        "image",
        "pulled, MB",
        "unpacked, MB",
        "RSS, MiB",
        "PSS, MiB",
        "anonymous, MiB",
        "engine's figure, MiB",
      ],
      rows,
    );
  } finally {
    await dockerSays("rm", "--force", ...ids);
    await server.close();
  }
}

try {
  await measureImages();
  await measurePrograms();
} finally {
  await rm(folder, { recursive: true, force: true });
}
