// The packages as a consumer gets them, on each runtime that they promise: installed, type-checked, run.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { valueExportsOf } from "../house-rules.ts";
import { root } from "../repository-files.ts";
import { type ConsumerProject, createConsumer, type Runtime } from "./consumer-project.ts";
import { packageNames, packPackage } from "./packed-package.ts";
import { runProgram, runToSuccess } from "./run-program.ts";

// Installing from a registry takes as long as it takes.
setDefaultTimeout(300_000);

const runtimes: readonly Runtime[] = [
  { name: "Node 22", node: "22", clients: "lowest" },
  { name: "Node 24", node: "24", clients: "newest" },
  { name: "Bun", node: undefined, clients: "newest" },
];

const folder = mkdtempSync(join(tmpdir(), "nlb-sidecar-consumers-"));
afterAll(() => rmSync(folder, { recursive: true }));

const packed = Promise.all(packageNames.map((name) => packPackage(name, folder)));

describe.each([...runtimes])("a consumer on $name with the $clients AWS clients", (runtime) => {
  let project: ConsumerProject;
  beforeAll(async () => {
    project = await createConsumer(runtime, await packed, folder);
  });

  const run = async (...programs: readonly string[]): Promise<string> =>
    runToSuccess([project.program, ...programs], project.folder, project);

  test("type-checks strictly, the declarations of the packages included", async () => {
    const tsc = join(root, "node_modules/.bin/tsc");
    expect(await runProgram([tsc, "-p", "."], project.folder)).toMatchObject({
      code: 0,
      stdout: "",
    });
  });

  test("sees the exports that each index.ts lists, and no others", async () => {
    const wanted = packageNames.map((name) => {
      const face = readFileSync(join(root, "packages", name, "src/index.ts"), "utf8");
      return [name, valueExportsOf(face)];
    });
    expect(JSON.parse(await run("exports.ts"))).toEqual(Object.fromEntries(wanted));
  });

  test.each([
    ["awsvpc", /^targetgroup\/web\/[0-9a-f]{16} \d+\.\d+\.\d+\.\d+:8080 healthy\n$/],
    ["bridge", /^targetgroup\/web\/[0-9a-f]{16} i-[0-9a-f]+:\d{5} healthy\n$/],
    ["host", /^targetgroup\/web\/[0-9a-f]{16} i-[0-9a-f]+:8080 healthy\n$/],
  ])("resolves and reads a target in %s mode", async (mode, said) => {
    expect(await run("on-stage.ts", mode, "resolve-and-read.ts")).toMatch(said);
  });

  test.each([...packageNames])("runs the example in the README of %s", async (name) => {
    expect(readFileSync(join(project.folder, `${name}-example.ts`), "utf8")).toContain(
      `from "@nlb-sidecar/${name}"`,
    );
    await run("on-stage.ts", "awsvpc", `${name}-example.ts`);
  });
});
