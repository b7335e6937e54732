// The packages as they would be published: tarballs, and what is in them.

import { join } from "node:path";
import { root } from "../repository-files.ts";
import { runToSuccess } from "./run-program.ts";

/** The folders of `packages/`, which are also the names under `@nlb-sidecar/`. */
export const packageNames: readonly string[] = [
  ...new Bun.Glob("packages/*/package.json").scanSync({ cwd: root }),
]
  .map((path) => path.split("/")[1] ?? "")
  .sort();

/** A `package.json`, as far as the checks read it. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports?: { readonly ".": Readonly<Record<string, string>> };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** One package's tarball. */
export interface PackedPackage {
  /** `health` */
  readonly name: string;
  /** The tarball's absolute path. */
  readonly tarball: string;
  /** Text by path, such as `dist/index.js`. */
  readonly files: ReadonlyMap<string, string>;
  readonly manifest: Manifest;
}

/** Packs the built package `name` into the folder `into`, as `bun publish` would: with real versions for `workspace:` and `catalog:`. */
export async function packPackage(name: string, into: string): Promise<PackedPackage> {
  const folder = join(root, "packages", name);
  const { version } = (await Bun.file(join(folder, "package.json")).json()) as Manifest;
  await runToSuccess([process.execPath, "pm", "pack", "--quiet", "--destination", into], folder);
  const tarball = join(into, `nlb-sidecar-${name}-${version}.tgz`);
  const archive = await new Bun.Archive(await Bun.file(tarball).bytes()).files();
  const files = new Map<string, string>();
  for (const [path, file] of archive) files.set(path.replace(/^package\//, ""), await file.text());
  return { name, tarball, files, manifest: JSON.parse(files.get("package.json") ?? "{}") };
}
