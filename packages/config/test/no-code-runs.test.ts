// No code of the working directory, or of the file, runs while the settings are read.

import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const config = JSON.stringify(join(import.meta.dir, "../src/index.ts"));
const cosmiconfig = JSON.stringify(Bun.resolveSync("cosmiconfig", import.meta.dir));

let folder = "";
let marker = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "nlb-sidecar-planted-"));
  marker = join(folder, "marker");
  const planted = `require("node:fs").writeFileSync(${JSON.stringify(marker)}, __filename); module.exports = {};`;
  await mkdir(join(folder, ".config"));
  await writeFile(
    join(folder, "package.json"),
    '{ "cosmiconfig": { "searchPlaces": ["settings.js"] } }',
  );
  for (const name of ["config", "nlb-sidecarrc"])
    for (const ending of ["js", "ts", "cjs"]) {
      await writeFile(join(folder, ".config", `${name}.${ending}`), planted);
      await writeFile(join(folder, `nlb-sidecar.config.${ending}`), planted);
      await writeFile(join(folder, `settings.${ending}`), planted);
    }
  await writeFile(join(folder, "settings.yaml"), "mode: observe\n");
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const runIn = (program: string) => {
  const { stdout, stderr } = Bun.spawnSync([process.execPath, "-e", program], { cwd: folder });
  return `${stdout}${stderr}`.trim();
};

test("the plant is a live one: making an explorer of cosmiconfig's runs it", async () => {
  await rm(join(folder, "package.json"));
  runIn(
    `require(${cosmiconfig}).cosmiconfigSync("nlb-sidecar", { searchPlaces: ["settings.yaml"], searchStrategy: "none" })`,
  );
  expect(existsSync(marker)).toBe(true);
});

test.each([
  ["./settings.yaml", "observe"],
  ["", "act"],
  ["./settings.js", "faulty-file"],
  ["./settings.ts", "faulty-file"],
])("NLB_SIDECAR_CONFIG=%s gives %s and runs nothing", async (NLB_SIDECAR_CONFIG, seen) => {
  for (const withPackageFile of [true, false]) {
    if (!withPackageFile) await rm(join(folder, "package.json"));
    const program = `const { loadSettings } = await import(${config});
        console.log(await loadSettings({ NLB_SIDECAR_CONFIG: ${JSON.stringify(NLB_SIDECAR_CONFIG)} }).then(({ settings }) => settings.mode, ({ code }) => code));`;
    expect(runIn(program)).toBe(seen);
    expect(existsSync(marker)).toBe(false);
  }
});
