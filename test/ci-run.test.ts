// The closing line of `.ci/run` adds up what it ran, and no crash passes for a success: with stand-ins for npx and docker.

import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./repository-files.ts";

setDefaultTimeout(60_000);

const folder = mkdtempSync(join(tmpdir(), "nlb-sidecar-ci-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Stage {
  /** What a script prints, and its exit code, 0 by default. */
  readonly verify: readonly [said: string, code?: number];
  readonly images?: readonly [said: string, code?: number];
  readonly engine?: boolean;
}

const program = (path: string, lines: readonly string[]) => {
  writeFileSync(path, ["#!/usr/bin/env bash", ...lines, ""].join("\n"));
  chmodSync(path, 0o755);
};

let clones = 0;

/** Runs it in a clone that holds nothing else. */
function ciRun({ verify, images, engine = true }: Stage): { code: number; closing: string } {
  const home = join(folder, String(++clones));
  const bin = join(home, "bin");
  const clone = join(home, "clone");
  for (const path of [bin, join(clone, ".ci")]) mkdirSync(path, { recursive: true });
  cpSync(join(root, ".ci/run"), join(clone, ".ci/run"));
  const scripts = images === undefined ? {} : { "images:test": "…" };
  writeFileSync(join(clone, "package.json"), JSON.stringify({ scripts }, null, 2));
  const say = ([said, code = 0]: readonly [string, number?]) =>
    `printf '%b\\n' ${JSON.stringify(said)}; exit ${code}`;
  program(join(bin, "docker"), [`exit ${engine ? 0 : 1}`]);
  program(join(bin, "npx"), [
    'case "$*" in',
    `*verify) ${say(verify)} ;;`,
    `*images:test) ${say(images ?? ["", 9])} ;;`,
    "esac",
  ]);
  const { exitCode, stdout } = Bun.spawnSync([join(clone, ".ci/run")], {
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
  });
  return { code: exitCode, closing: stdout.toString().trimEnd().split("\n").at(-1) ?? "" };
}

describe(".ci/run", () => {
  test.each<[title: string, stage: Stage, closing: string, code: number]>([
    ["verify alone", { verify: ["5 passed, 0 failed"] }, "5 passed, 0 failed", 0],
    ["a failure", { verify: ["5 passed, 2 failed", 1] }, "5 passed, 2 failed", 1],
    ["a failure without an exit code", { verify: ["5 passed, 2 failed"] }, "5 passed, 2 failed", 1],
    [
      "an exit code without a failure",
      { verify: ["5 passed, 0 failed", 1] },
      "5 passed, 1 failed",
      1,
    ],
    ["a crash", { verify: ["Segmentation fault", 139] }, "0 passed, 1 failed", 1],
    ["a success that ran nothing", { verify: ["all is well"] }, "0 passed, 1 failed", 1],
    [
      "the last of several closing lines",
      { verify: ["1 passed, 1 failed\n5 passed, 0 failed"] },
      "5 passed, 0 failed",
      0,
    ],
    [
      "images that close likewise",
      { verify: ["5 passed, 0 failed"], images: ["7 passed, 1 failed", 1] },
      "12 passed, 1 failed",
      1,
    ],
    [
      "images that close as bun does",
      { verify: ["5 passed, 0 failed"], images: [" 7 pass\n 1 fail\n@x/y:test:  3 pass", 1] },
      "15 passed, 1 failed",
      1,
    ],
    [
      "images that say nothing",
      { verify: ["5 passed, 0 failed"], images: ["built"] },
      "5 passed, 1 failed",
      1,
    ],
    [
      "images without an engine: left out",
      { verify: ["5 passed, 0 failed"], images: ["7 passed, 0 failed"], engine: false },
      "5 passed, 0 failed",
      0,
    ],
  ])("counts %s", (_, stage, closing, code) => {
    expect(ciRun(stage)).toEqual({ code, closing });
  });
});
