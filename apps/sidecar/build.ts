// Builds the sidecar's executable, for this machine or, with names of Bun's targets, for others.

import { mkdirSync } from "node:fs";

// Command-only imports, bytecode and split chunks: measured in bench/footprint. No `.env`, no bunfig.toml of the working directory.
const flags = [
  "--compile",
  "--minify",
  "--bytecode",
  "--format=esm",
  "--splitting",
  "--compile-jit-policy=1000",
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
] as const;

/** Compiles `src/main.ts` for `target`, such as `bun-linux-arm64-musl`; undefined is the machine it runs on. */
function build(target: string | undefined): void {
  const outfile = `dist/nlb-sidecar${target === undefined ? "" : `-${target.replace("bun-", "")}`}`;
  const command = [process.execPath, "build", ...flags, "src/main.ts", "--outfile", outfile];
  if (target !== undefined) command.push(`--target=${target}`);
  const { exitCode } = Bun.spawnSync(command, {
    cwd: import.meta.dir,
    stdout: "inherit",
    stderr: "inherit",
  });
  if (exitCode !== 0) process.exit(exitCode);
}

mkdirSync(`${import.meta.dir}/dist`, { recursive: true });
const targets = process.argv.slice(2);
if (targets.length === 0) build(undefined);
for (const target of targets) build(target);
