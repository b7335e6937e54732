// Builds the sidecar's executable: for this machine, and for each of Bun's targets that is named (`bun-linux-arm64-musl`).

import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createWorld, environmentOf, realClock, serve } from "@nlb-sidecar/simulator";
import { billOfMaterials } from "./bill-of-materials.ts";
import { bunComponents } from "./bun-components.ts";
import { readBundledPackages } from "./bundled-packages.ts";
import { compile } from "./compile.ts";
import { licenceTexts } from "./licence-texts.ts";
import { version } from "./src/version.ts";

const root = import.meta.dir;
const main = join(root, "src/main.ts");
const dist = join(root, "dist");
const order = join(dist, "bytecode.order");
const profileMaxMs = 30_000;

/** Lets the executable watch a target and leave, and records the order in which its functions ran; the same at every run. */
async function profile(executable: string): Promise<void> {
  const world = createWorld({
    clock: realClock,
    random: Math.random,
    targetGroups: [{ name: "web", initialHealthCheckMs: 0 }],
  });
  const server = await serve(world);
  try {
    const [task] = world.tasks();
    if (task === undefined) throw new Error("The simulated world has no task");
    const child = Bun.spawn([executable], {
      env: {
        ...environmentOf(world, task.arn, "nlb-sidecar", server.origin),
        BUN_BYTECODE_ORDER_OUT: order,
        BUN_JSC_useJIT: "0",
        HOME: "/",
        POLLING_FREQUENCY: "1",
        DEREGISTRATION_WAIT: "1",
      },
      stdout: "pipe",
      stderr: "inherit",
      timeout: profileMaxMs,
    });
    const decoder = new TextDecoder();
    let log = "";
    let stopped = false;
    for await (const chunk of child.stdout) {
      log += decoder.decode(chunk, { stream: true });
      if (stopped || !log.includes('"event":"reading"')) continue;
      stopped = true;
      world.stopTask(task.arn, "service");
    }
    if ((await child.exited) !== 0 || !existsSync(order))
      throw new Error(`${executable} left no profile of a drain. Its log:\n${log}`);
  } finally {
    await server.close();
  }
}

// The file's name is part of what is compiled: under another one the same build has other bytes.
async function buildForThisMachine(): Promise<void> {
  const executable = join(dist, "nlb-sidecar");
  await rm(order, { force: true });
  await compile(main, executable, {});
  await profile(executable);
  await compile(main, executable, { bytecodeOrder: order });
}

const architectures: { readonly [name: string]: string } = { x64: "amd64", arm64: "arm64" };

/** Below `dist/image`, which is the context of the image builds: `amd64/nlb-sidecar-musl`, and `doc`. */
async function buildForImages(targets: readonly string[]): Promise<void> {
  const image = join(dist, "image");
  await rm(image, { recursive: true, force: true });
  let inputs: readonly string[] = [];
  for (const target of targets) {
    const [, , machine = "", libc = "glibc"] = target.split("-");
    const architecture = architectures[machine];
    if (architecture === undefined) throw new Error(`${target}: no image is built for it`);
    const outfile = join(image, architecture, `nlb-sidecar-${libc}`);
    await mkdir(join(image, architecture), { recursive: true });
    const metafile = await compile(main, outfile, {
      target: target as Bun.Build.CompileTarget,
      bytecodeOrder: order,
    });
    inputs = Object.keys(metafile.inputs);
    console.log(`dist/image/${architecture}/nlb-sidecar-${libc}`);
  }
  const packages = await readBundledPackages(root, inputs);
  const doc = join(image, "doc");
  await mkdir(doc);
  const runtime = bunComponents(process.versions);
  const bill = billOfMaterials(version, packages, runtime);
  await writeFile(join(doc, "sbom.cdx.json"), `${JSON.stringify(bill, undefined, 2)}\n`);
  await writeFile(join(doc, "LICENCES.txt"), await licenceTexts(packages, runtime));
}

await mkdir(dist, { recursive: true });
const targets = process.argv.slice(2);
if (targets.length === 0 || !existsSync(order)) await buildForThisMachine();
if (targets.length > 0) await buildForImages(targets);
