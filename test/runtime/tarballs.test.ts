// What would be published: each tarball has all that it needs, and nothing else.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { repositoryPaths, root } from "../repository-files.ts";
import { type PackedPackage, packageNames, packPackage } from "./packed-package.ts";

const folder = mkdtempSync(join(tmpdir(), "nlb-sidecar-tarballs-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("there are the four packages", () => {
  expect(packageNames).toEqual(["config", "health", "resolver", "simulator"]);
});

describe.each([...packageNames])("the tarball of %s", (name) => {
  let packed: PackedPackage;
  beforeAll(async () => {
    packed = await packPackage(name, folder);
  });

  test("holds its sources, what is built of them, and the papers: nothing else", () => {
    const sources = repositoryPaths()
      .filter((path) => path.startsWith(`packages/${name}/src/`))
      .map((path) => path.slice(`packages/${name}/`.length));
    const built = sources
      .filter((path) => path.endsWith(".ts"))
      .map((path) => path.replace(/^src\//, "dist/").replace(/\.ts$/, ""))
      .flatMap((path) => [`${path}.js`, `${path}.d.ts`]);
    const papers = ["LICENSE", "README.md", "package.json"];
    const schema = name === "config" ? ["schema.json"] : [];
    const wanted = [...papers, ...schema, ...sources, ...built];
    // Something left over in dist goes by building anew: rm -rf packages/*/dist
    expect({
      missing: wanted.filter((path) => !packed.files.has(path)),
      surplus: [...packed.files.keys()].filter((path) => !wanted.includes(path)),
    }).toEqual({ missing: [], surplus: [] });
  });

  test("names no workspace, catalog or folder of this repository as a version", () => {
    const { dependencies, peerDependencies } = packed.manifest;
    const versions = Object.entries({ ...dependencies, ...peerDependencies });
    expect(versions.filter(([, version]) => !/^[\^~]?\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  test("has the manifest of a published package", () => {
    expect(packed.manifest).toMatchObject({
      name: `@nlb-sidecar/${name}`,
      description: expect.stringMatching(/^[A-Z].{20,}\.$/),
      license: "MIT",
      type: "module",
      sideEffects: false,
      engines: { node: "^22.18 || >=24" },
      publishConfig: { access: "public" },
      repository: {
        type: "git",
        url: expect.stringMatching(/^git\+https:\/\/.*\.git$/),
        directory: `packages/${name}`,
      },
    });
    expect(packed.manifest.private).toBeUndefined();
    expect(packed.manifest.keywords).not.toBeEmpty();
  });

  test("has one entry, and every file that the entry names", () => {
    const { exports } = packed.manifest;
    expect(Object.keys(exports ?? {})).toEqual(["."]);
    // The order counts: a runtime takes the first condition that it knows.
    expect(Object.keys(exports?.["."] ?? {})).toEqual(["bun", "types", "default"]);
    const named = Object.values(exports?.["."] ?? {}).map((path) => path.replace("./", ""));
    expect(named.filter((path) => !packed.files.has(path))).toEqual([]);
  });

  test("carries the repository's licence", () => {
    expect(packed.files.get("LICENSE")).toBe(readFileSync(join(root, "LICENSE"), "utf8"));
  });

  test("passes publint without a word", async () => {
    const tarball = await Bun.file(packed.tarball).arrayBuffer();
    const { messages, pkg } = await publint({ pack: { tarball }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });
});
