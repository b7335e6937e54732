// A project that installed the packed packages, on one runtime.

import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../repository-files.ts";
import type { PackedPackage } from "./packed-package.ts";
import { runToSuccess } from "./run-program.ts";

/** A program that runs JavaScript, and which AWS clients its consumer takes. */
export interface Runtime {
  /** `Node 22` */
  readonly name: string;
  /** The version of the npm package `node` that holds it; undefined for the Bun that runs this. */
  readonly node: string | undefined;
  /** `lowest`: the least version that the peer ranges admit; `newest`: what the ranges give today. */
  readonly clients: "lowest" | "newest";
}

/** A project with everything installed. */
export interface ConsumerProject {
  readonly folder: string;
  /** The runtime's program. */
  readonly program: string;
  /** Folders that come first on its path. */
  readonly path: readonly string[];
}

const template = join(root, "test/runtime/consumer");

/** Sets up the consumer of `packages` in a new folder in `parent`, with the one example of each README beside its programs. */
export async function createConsumer(
  runtime: Runtime,
  packages: readonly PackedPackage[],
  parent: string,
): Promise<ConsumerProject> {
  const folder = join(parent, runtime.name.toLowerCase().replace(" ", "-"));
  mkdirSync(folder);
  cpSync(template, folder, { recursive: true });
  for (const { name, files } of packages)
    writeFileSync(join(folder, `${name}-example.ts`), exampleOf(files.get("README.md") ?? ""));

  const manifest = await Bun.file(join(template, "package.json")).json();
  const tarballs = Object.fromEntries(
    packages.map(({ manifest: { name }, tarball }) => [name, `file:${tarball}`]),
  );
  const { dependencies, devDependencies } = manifest;
  const { catalog } = (await Bun.file(join(root, "package.json")).json()).workspaces;
  const peers = Object.assign(
    {},
    ...packages.map(({ manifest: { peerDependencies } }) => peerDependencies),
  );
  for (const name of Object.keys(dependencies))
    dependencies[name] = tarballs[name] ?? versionOf(peers[name] ?? catalog[name], runtime.clients);
  for (const name of Object.keys(devDependencies)) devDependencies[name] = catalog[name];
  // Bun would ask the registry for a package that a tarball names, were it not told twice.
  if (runtime.node === undefined) manifest.overrides = tarballs;
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest, null, 2));

  if (runtime.node === undefined) {
    await runToSuccess([process.execPath, "install"], folder);
    return { folder, program: process.execPath, path: [] };
  }
  const program = await nodeProgram(runtime.node, parent);
  const path = [join(program, "..")];
  await runToSuccess(
    ["npm", "install", "--engine-strict", "--no-audit", "--no-fund", "--fetch-retries=1"],
    folder,
    // A Node from npm knows only its own certificate authorities, which behind a company's proxy are not enough.
    { path, env: { NODE_OPTIONS: "--use-system-ca" } },
  );
  return { folder, program, path };
}

const versionOf = (range: string, clients: Runtime["clients"]): string =>
  clients === "lowest" ? range.replace("^", "") : range;

/** The path of a Node of the version `node`, which npm brings: no machine needs several. */
const nodeProgram = async (node: string, cwd: string): Promise<string> => {
  // The package `node` fetches one of these by an install script, which npm may refuse to run.
  const { platform, arch } = process;
  const holder = `${platform}-${arch}` === "darwin-arm64" ? "node-bin" : "node";
  const command = ["npx", "--yes", `--package=${holder}-${platform}-${arch}@${node}`, "-c"];
  const path = await runToSuccess([...command, "node --print process.execPath"], cwd);
  return path.trim();
};

/** The code of the first fenced `ts` block of a page. */
export const exampleOf = (page: string): string =>
  /^```(?:ts|typescript)\n([\s\S]*?)^```/m.exec(page)?.[1] ?? "";
