// Finds the compiled executable, and builds it where it is missing or older than what it is made of.

import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const app = join(import.meta.dir, "..", "..");
const packages = join(app, "..", "..", "packages");
const sources = [
  join(app, "src"),
  // The build itself.
  ...readdirSync(app)
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(app, name)),
  ...["config", "health", "resolver"].map((name) => join(packages, name, "src")),
];

const changedMs = (path: string): number =>
  statSync(path).isDirectory()
    ? Math.max(...readdirSync(path).map((name) => changedMs(join(path, name))))
    : statSync(path).mtimeMs;

function build(): string {
  const path = join(app, "dist", "nlb-sidecar");
  if (existsSync(path) && statSync(path).mtimeMs >= Math.max(...sources.map(changedMs)))
    return path;
  const { exitCode, stderr } = Bun.spawnSync([process.execPath, "build.ts"], { cwd: app });
  if (exitCode !== 0 || !existsSync(path))
    throw new Error(`\`bun run build\` in apps/sidecar failed:\n${stderr.toString()}`);
  return path;
}

/** The path of the executable: what these tests run, and nothing of its sources. */
export const executable: string = build();
