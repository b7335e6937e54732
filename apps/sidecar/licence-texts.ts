// The licences of all that is in the executable, as one text for the image.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { RuntimeComponent } from "./bun-components.ts";
import type { BundledPackage } from "./bundled-packages.ts";

// Some packages of the AWS SDK come without a text. That of the Apache licence names nobody, so another package's is theirs too.
function borrowedText(packages: readonly BundledPackage[], name: string, licence: string): string {
  const lender = packages.find((each) => each.licence === licence && each.texts.length === 1);
  const text = lender?.texts[0];
  if (licence !== "Apache-2.0" || text === undefined)
    throw new Error(`${name} has no licence text, and ${licence} wants one`);
  return text;
}

const rule = "=".repeat(80);

/**
 * Puts the licences together: what falls under which, then each text once, below the names of the packages that it is for.
 *
 * @throws Error where a package of others has no text, and its licence wants one that names its authors.
 */
export async function licenceTexts(
  packages: readonly BundledPackage[],
  runtime: readonly RuntimeComponent[],
): Promise<string> {
  const own = await readFile(join(import.meta.dir, "../../LICENSE"), "utf8");
  const owners = new Map<string, string[]>([[own.trim(), ["nlb-sidecar"]]]);
  for (const { name, version, licence, texts } of packages) {
    if (name.startsWith("@nlb-sidecar/")) continue;
    for (const text of texts.length > 0 ? texts : [borrowedText(packages, name, licence)]) {
      const named = owners.get(text.trim()) ?? [];
      owners.set(text.trim(), [...named, `${name} ${version}`]);
    }
  }
  for (const file of ["LGPL-2.0", "LGPL-2.1"]) {
    const text = await readFile(join(import.meta.dir, "licences", `${file}.txt`), "utf8");
    const under = runtime.filter(({ licence }) => licence?.startsWith(file));
    owners.set(
      text.trim(),
      under.map(({ name }) => `${name}, in Bun`),
    );
  }
  const [bun] = runtime;
  const linked = runtime.map(
    ({ name, version, licence, url }) =>
      `  ${name}${version === undefined ? "" : ` ${version}`}: ${licence ?? "several licences"}, ${url}`,
  );
  return [
    "The executable nlb-sidecar contains the sidecar's own code, the npm packages whose licences follow below, and the runtime Bun",
    `${bun?.version}, which consists of:`,
    "",
    ...linked,
    "",
    "JavaScriptCore and TinyCC are under the LGPL. Their sources and how to link Bun with changed ones are described in",
    `https://github.com/oven-sh/bun/blob/bun-v${bun?.version}/LICENSE.md; the sidecar's own sources, and how to compile them with such a`,
    "Bun, are at https://github.com/nlb-sidecar/nlb-sidecar.",
    ...[...owners].flatMap(([text, names]) => ["", rule, ...names, rule, "", text]),
    "",
  ].join("\n");
}
