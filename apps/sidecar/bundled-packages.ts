// Which packages are bundled into the executable: those that own a file of the build.

import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

/** A package of which at least one file is in the executable. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** As its manifest has it, an SPDX expression: `Apache-2.0`. */
  readonly licence: string;
  /** Such as `https://github.com/smithy-lang/smithy-typescript`; undefined where its manifest names none. */
  readonly repository: string | undefined;
  /** The texts of its licence and notice files; empty for the project's own packages without one. */
  readonly texts: readonly string[];
}

/**
 * Reads the manifests and licences of the packages that own the files, in the order of their names; each once.
 *
 * @param root what the paths are relative to.
 * @param inputs the keys of `inputs` in Bun's metafile.
 * @throws Error where a package names no licence: it may not be shipped.
 */
export async function readBundledPackages(
  root: string,
  inputs: readonly string[],
): Promise<readonly BundledPackage[]> {
  const folders = new Set<string>();
  for (const input of inputs) {
    const folder = await homeOf(dirname(resolve(root, input)));
    if (folder !== undefined) folders.add(folder);
  }
  const packages = await Promise.all([...folders].map(readPackage));
  const byId = new Map(packages.map((each) => [`${each.name}@${each.version}`, each]));
  return [...byId.keys()].sort().flatMap((id) => byId.get(id) ?? []);
}

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  readonly repository?: string | { readonly url?: string };
}

const readManifest = async (folder: string): Promise<Manifest> =>
  JSON.parse(await readFile(join(folder, "package.json"), "utf8"));

// A package may have manifests without a name in its folders, which only say how to read them.
async function homeOf(folder: string): Promise<string | undefined> {
  for (let at = folder; at !== dirname(at); at = dirname(at)) {
    if (!existsSync(join(at, "package.json"))) continue;
    const { name, version } = await readManifest(at);
    if (name !== undefined && version !== undefined) return at;
  }
  return undefined;
}

async function readPackage(folder: string): Promise<BundledPackage> {
  const { name = "", version = "", license: licence, repository } = await readManifest(folder);
  if (licence === undefined) throw new Error(`${name}@${version} names no licence`);
  const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|notice)\b/i.test(file));
  const texts = await Promise.all(files.sort().map((file) => readFile(join(folder, file), "utf8")));
  const url = typeof repository === "string" ? repository : repository?.url;
  return { name, version, licence, repository: url && webAddressOf(url), texts };
}

const webAddressOf = (url: string): string =>
  /^[\w-]+\/[\w.-]+$/.test(url)
    ? `https://github.com/${url}`
    : url
        .replace(/^git\+/, "")
        .replace(/^git:\/\//, "https://")
        .replace(/^ssh:\/\/git@|^git@([^:]+):/, "https://$1")
        .replace(/\.git$/, "");
