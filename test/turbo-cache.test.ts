// A change re-runs the tests that it can break, and no others: asked of turbo itself, in a copy of the repository.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { appendFileSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { repositoryPaths, root } from "./repository-files.ts";

setDefaultTimeout(60_000);

const folder = mkdtempSync(join(tmpdir(), "nlb-sidecar-turbo-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The hash of each task by its id, such as `@nlb-sidecar/health#test`: what turbo looks up in its cache. */
function taskHashes(env: Readonly<Record<string, string>> = {}): ReadonlyMap<string, string> {
  const turbo = join(root, "node_modules/.bin/turbo");
  const { stdout, stderr, exitCode } = Bun.spawnSync(
    [turbo, "run", "test", "test:house", "build", "--dry=json"],
    {
      cwd: folder,
      env: {
        ...process.env,
        PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
        TURBO_TELEMETRY_DISABLED: "1",
        SEED: "",
        ...env,
      },
    },
  );
  if (exitCode !== 0) throw new Error(stderr.toString());
  const { tasks } = JSON.parse(stdout.toString()) as { tasks: { taskId: string; hash: string }[] };
  return new Map(tasks.map(({ taskId, hash }) => [taskId, hash]));
}

/** The packages whose task `task` (`test`, `build`) turbo would run again, for another `after` than `before`. */
const rerun = (
  task: string,
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] =>
  [...after]
    .filter(([id, hash]) => id.endsWith(`#${task}`) && before.get(id) !== hash)
    .map(([id]) => id.replace("@nlb-sidecar/", "").replace(`#${task}`, ""))
    // Packages without such a script have the task all the same, as an empty one.
    .filter((name) => name !== "images")
    .sort();

/** The packages whose `task` a changed file runs again. */
function changed(path: string, task: string): readonly string[] {
  const before = taskHashes();
  appendFileSync(join(folder, path), "\n");
  return rerun(task, before, taskHashes());
}

beforeAll(() => {
  for (const path of repositoryPaths()) cpSync(join(root, path), join(folder, path));
});

describe("a change of", () => {
  const everyone = ["config", "health", "rehearsal", "resolver", "sidecar", "simulator"];

  test.each([
    ["packages/health/src/target.ts", ["health", "rehearsal", "resolver", "sidecar"]],
    ["packages/config/src/index.ts", ["config", "rehearsal", "sidecar"]],
    ["packages/resolver/src/index.ts", ["rehearsal", "resolver", "sidecar"]],
    ["apps/sidecar/src/main.ts", ["rehearsal", "sidecar"]],
    ["packages/health/test/read-target-health.test.ts", ["health"]],
    ["packages/health/README.md", ["health"]],
    ["README.md", []],
    ["package.json", everyone],
    ["tsconfig.json", everyone],
  ])("%s runs the tests of %j again", (path, packages) => {
    expect(changed(path, "test")).toEqual(packages);
  });

  test("what the simulator does runs every test again that meets it", () => {
    const packages = changed("packages/simulator/src/index.ts", "test");
    expect(packages).toContain("simulator");
    expect(packages).toContain("sidecar");
    expect(packages).toContain("rehearsal");
    expect(packages).not.toContain("config");
  });

  test("health builds what is made of it again, and nothing else", () => {
    const packages = ["health", "rehearsal", "resolver", "sidecar"];
    expect(changed("packages/health/src/target.ts", "build")).toEqual(packages);
  });

  test("the seed is no answer out of the cache", () => {
    expect(rerun("test", taskHashes(), taskHashes({ SEED: "7" }))).toEqual(everyone);
  });
});

test("nothing is run again without a change", () => {
  expect(taskHashes()).toEqual(taskHashes());
});
