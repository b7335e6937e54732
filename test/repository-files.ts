// The files of the repository: what git tracks or would track, as text.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { SourceFile } from "./house-rules.ts";

/** The repository's root, an absolute path. */
export const root: string = join(import.meta.dir, "..");

/**
 * Paths from the root of every file that is tracked, or new and not ignored; those of a deleted one are left out.
 *
 * @throws Error where git does not answer, as outside of a clone: the rules would hold for no file at all.
 */
export function repositoryPaths(): readonly string[] {
  const git = Bun.spawnSync(
    ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    { cwd: root, stderr: "inherit" },
  );
  if (git.exitCode !== 0)
    throw new Error("git ls-files failed: is this a clone of the repository?");
  const paths = git.stdout.toString().split("\0");
  return [...new Set(paths)].filter((path) => path !== "" && existsSync(join(root, path))).sort();
}

/** Every file of the repository with its text. */
export const repositoryFiles = (): readonly SourceFile[] =>
  repositoryPaths().map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
