// The README says what is: its settings table, its exports and its codes.

import { expect, test } from "bun:test";
import { durationLabelOf } from "../src/duration.ts";
import * as face from "../src/index.ts";
import { ruleList } from "../src/setting-rules.ts";

const readme = await Bun.file(`${import.meta.dir}/../README.md`).text();
const rows = readme.split("\n").map((line) => line.replace(/ {2,}/g, " "));

test.each(ruleList.map((rule) => [rule.variable, rule] as const))(
  "its table has %s with its key and default",
  (variable, { key, fallback }) => {
    const label = typeof fallback === "number" ? durationLabelOf(fallback) : `${fallback}`;
    const byDefault =
      fallback !== undefined
        ? `\`${label}\``
        : key === "drainTimeout"
          ? "the deregistration wait"
          : "none";
    const row = rows.find((line) => line.startsWith(`| \`${variable}\` |`));
    expect(row).toStartWith(`| \`${variable}\` | \`${key}\` | ${byDefault} | `);
  },
);

test("its example for the file is accepted", () => {
  const example = /```yaml\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
  expect(() =>
    face.parseSettings({}, { path: "README.md", value: Bun.YAML.parse(example) }),
  ).not.toThrow();
});

test("it lists every export that a program can call, and every code", async () => {
  for (const name of Object.keys(face))
    expect(rows.filter((row) => new RegExp(`^\\| \`${name}[(\`]`).test(row))).toHaveLength(1);
  const codes = ["../src/setting-fault.ts", "../src/config-error.ts"].map((file) =>
    Bun.file(`${import.meta.dir}/${file}`).text(),
  );
  const named = (await Promise.all(codes)).flatMap((source) =>
    [...source.matchAll(/^ {2}\| "([a-z-]+)"|ErrorCode = "([a-z-]+)" \| "([a-z-]+)"/gm)].flatMap(
      (match) => match.slice(1),
    ),
  );
  expect(named.filter(Boolean)).toHaveLength(10);
  for (const code of named.filter(Boolean))
    expect(rows.filter((row) => row.startsWith(`| \`${code}\` |`))).toHaveLength(1);
});
