// The rules of this repository hold, and each of them finds an offence that is planted for it.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the planted texts are code, with templates in it

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { houseRules, type SourceFile } from "./house-rules.ts";
import { repositoryFiles } from "./repository-files.ts";

// How long it takes to read every file is no rule of this house.
setDefaultTimeout(60_000);

const files = repositoryFiles();

describe("the repository keeps its rule", () => {
  test.each(Object.keys(houseRules))("%s", (rule) => {
    const offences = houseRules[rule]?.(files) ?? [];
    expect(offences.map(({ path, line, message }) => `${path}:${line}: ${message}`)).toEqual([]);
  });

  test("and there are files to keep them", () => {
    expect(files.map(({ path }) => path)).toContain("test/house.test.ts");
  });
});

const manifest = (path: string, content: object): SourceFile => ({
  path: `${path}/package.json`,
  text: JSON.stringify(content),
});

const turbo = (name: string): SourceFile => ({
  path: "turbo.json",
  text: `// A note.\n{ "tasks": { "@nlb-sidecar/${name}#test": { "inputs": ["$TURBO_ROOT$/docs/**"] } } }`,
});

const health = manifest("packages/health", {
  name: "@nlb-sidecar/health",
  dependencies: { "left-pad": "1" },
  peerDependencies: { "@aws-sdk/client-ecs": "3" },
  devDependencies: { "@nlb-sidecar/simulator": "workspace:*", typescript: "catalog:" },
});
const resolver = manifest("packages/resolver", {
  dependencies: { "@nlb-sidecar/health": "workspace:*" },
});
const sidecar = manifest("apps/sidecar", {
  dependencies: { "@nlb-sidecar/health": "workspace:*", "@nlb-sidecar/simulator": "workspace:*" },
});
const pinned: SourceFile = { path: "package.json", text: '{ "packageManager": "bun@1.4.5" }' };

const source = (text: string, path = "packages/health/src/a.ts"): SourceFile => ({ path, text });
const tested = (text: string): SourceFile => source(text, "packages/health/test/a.test.ts");
const index = source(
  'export { A, type B, c as d } from "./a.ts";\nexport type { E } from "./e.ts";',
  "packages/health/src/index.ts",
);
const readme = (text: string): SourceFile => ({ path: "packages/health/README.md", text });
const example = "```ts\nA();\n```\n";

type Case = readonly [title: string, files: readonly SourceFile[]];

// By rule: what it must find (with the offence's line), and what it must leave alone.
const cases: Readonly<
  Record<string, { readonly found: readonly [...Case, line: number][]; readonly left: Case[] }>
> = {
  firstLine: {
    found: [
      ["a file that begins with code", [source("const a = 1;\n")], 1],
      ["a first line that is no sentence", [source("// a\n\nconst a = 1;\n")], 1],
      ["a first line of another kind", [source("/* A room. */\n\nconst a = 1;\n")], 1],
      ["no blank line after it", [source("// A room.\nconst a = 1;\n")], 2],
      ["a program without it", [source("#!/usr/bin/env bun\n\nconst a = 1;\n")], 2],
    ],
    left: [
      ["a sentence and a blank line", [source("// A room.\n\nconst a = 1;\n")]],
      [
        "a sentence that ends with its source",
        [source("// Shaped by https://example.com/a\n\na();")],
      ],
      ["the same under #!", [source("#!/usr/bin/env bun\n// A room.\n\nconst a = 1;\n")]],
      ["a file of another language", [source("a", "docs/a.md")]],
    ],
  },
  fileNames: {
    found: [
      ["a file named utils", [source("", "packages/health/src/utils.ts")], 1],
      ["a folder named lib", [source("", "packages/health/lib/target.ts")], 1],
      ["a test helper named helpers", [source("", "test/helpers.ts")], 1],
      ["camel case", [source("", "packages/health/src/readTarget.ts")], 1],
      ["snake case", [source("", "packages/health/src/read_target.test.ts")], 1],
    ],
    left: [
      ["kebab case", [source("", "packages/health/src/read-target-health.test.ts")]],
      ["properties beside examples", [source("", "packages/health/test/pace.property.test.ts")]],
      ["a hidden folder", [source("", ".github/a.ts")]],
    ],
  },
  docstrings: {
    found: [
      ["a function", [source("// A.\n\nexport function a(): void {}\n")], 3],
      ["an async function", [source("export async function a() {}\n")], 1],
      ["a constant", [source("export const a = 1;\n")], 1],
      ["an interface", [source("export interface A {}\n")], 1],
      ["a type", [source("export type A = 1;\n")], 1],
      ["an abstract class", [source("export abstract class A {}\n")], 1],
      ["a plain comment instead", [source("/* A. */\nexport const a = 1;\n")], 2],
      ["a line comment instead", [source("// A.\nexport const a = 1;\n")], 2],
      ["only the second", [source("/** A. */\nexport const a = 1;\nexport const b = 1;\n")], 3],
    ],
    left: [
      ["a docstring above", [source("/** A. */\nexport const a = 1;\n")]],
      ["a long docstring", [source("/**\n * A.\n *\n * @see b\n */\nexport function a() {}\n")]],
      [
        "an overload",
        [source("/** A. */\nexport function a(): 1;\nexport function a(b?: 1) {}\n")],
      ],
      [
        "a list of exports",
        [source('export { a } from "./a.ts";\nexport type { B } from "./b.ts";')],
      ],
      ["what is not exported", [source("const a = 1;\n")]],
      ["an export in a string", [source("const a = `\nexport const b = 1;\n`;\n")]],
    ],
  },
  imports: {
    found: [
      ["health knowing ECS", [health, source('import "@nlb-sidecar/resolver";\n')], 1],
      [
        "the app importing the simulator",
        [sidecar, source('import { a } from "@nlb-sidecar/simulator";', "apps/sidecar/src/a.ts")],
        1,
      ],
      [
        "the floor above, in a type",
        [health, source('\nimport type { A } from "@nlb-sidecar/resolver";')],
        2,
      ],
      ["an import on demand", [health, source('await import("@nlb-sidecar/config");')], 1],
      [
        "a test climbing the floors",
        [health, source('import "@nlb-sidecar/resolver";', "packages/health/test/a.test.ts")],
        1,
      ],
      [
        "a path into another package",
        [health, source('import { a } from "../../config/src/a.ts";')],
        1,
      ],
      ["a path from src into test", [health, source('import { a } from "../test/a.ts";')], 1],
      [
        "the inside of a package",
        [resolver, source('import "@nlb-sidecar/health/src/a.ts";', "packages/resolver/src/a.ts")],
        1,
      ],
      ["a package that is not listed", [health, source('import a from "right-pad";')], 1],
      ["a package only development has", [health, source('import ts from "typescript";')], 1],
      ["Bun in a package", [health, source('import { YAML } from "bun";')], 1],
      ["a module of Bun in a package", [health, source('import { jest } from "bun:test";')], 1],
    ],
    left: [
      ["what is listed", [health, source('import a from "left-pad";\nimport "node:fs";')]],
      ["a part of what is listed", [health, source('import a from "@aws-sdk/client-ecs/x";')]],
      ["its own file", [health, source('export { a } from "./b.ts";')]],
      ["an import in a string", [health, source("const a = 'import \"right-pad\"';")]],
      ["an import in a comment", [health, source('// import a from "right-pad";')]],
      [
        "the floor below",
        [resolver, source('import "@nlb-sidecar/health";', "packages/resolver/src/a.ts")],
      ],
      [
        "the simulator in a test",
        [health, source('import "@nlb-sidecar/simulator";', "packages/health/test/a.test.ts")],
      ],
      ["Bun in the app", [sidecar, source('import { $ } from "bun";', "apps/sidecar/src/a.ts")]],
      ["Bun in a test", [health, source('import "bun:test";', "packages/health/test/a.test.ts")]],
    ],
  },
  reads: {
    found: [
      ["a page that no task names", [health, tested('\nread("../../../docs/a.md");')], 2],
      ["a page after a folder's name", [health, tested("read(`${dir}/../../../README.md`);")], 1],
      [
        "a page that another package's task names",
        [health, turbo("resolver"), tested('read("../../../docs/a.md");')],
        1,
      ],
      ["a package that it does not depend on", [health, source('read("../../config/a.json");')], 1],
      [
        "a page that its build reads, and only its test names",
        [health, turbo("health"), source('read("../../../docs/a.md");')],
        1,
      ],
    ],
    left: [
      [
        "a page that its task names",
        [health, turbo("health"), tested('read("../../../docs/a.md");')],
      ],
      ["its own files", [health, source('read("../README.md");')]],
      ["a package that it depends on", [health, source('read("../../simulator/src/main.ts");')]],
      ["a page in a comment", [health, source("// ../../../docs/a.md")]],
    ],
  },
  ambient: {
    found: [
      ["the time", [source("a();\nconst b = Date.now();")], 2],
      ["the time as a date", [source("const b = new Date();")], 1],
      ["chance", [source("const a = Math.random;")], 1],
      ["a real time-out", [source("a(AbortSignal.timeout(1));")], 1],
      ["a global by its other name", [source("globalThis.fetch(a);")], 1],
      ["a sleep that no signal ends", [source("Atomics.wait(a, 0, 0, 1);")], 1],
      ["Bun in a package", [source("Bun.sleep(1);")], 1],
      ["code inside a template", [source("`$" + "{Date.now()}`;")], 1],
      ["the app", [source("Date.now();", "apps/sidecar/src/watch.ts")], 1],
    ],
    left: [
      ["a date of a given time", [source("new Date(ms).toISOString();")]],
      ["a comment and a string", [source("// Date.now()\n'Math.random()';")]],
      ["a member of the same name", [source("world.Date.now();")]],
      ["main", [source("Date.now();", "apps/sidecar/src/main.ts")]],
      ["the clock", [source("Date.now();", "packages/health/src/clock.ts")]],
      ["the log", [source("new Date();", "apps/sidecar/src/log.ts")]],
      ["Bun in the app", [source("Bun.version;", "apps/sidecar/src/a.ts")]],
      ["a test", [source("Date.now();", "packages/health/test/a.test.ts")]],
      ["the rehearsal", [source("Date.now();", "apps/rehearsal/src/a.ts")]],
    ],
  },
  todos: {
    found: [
      ["a bare one", [source(`a();\n// TODO: later`)], 2],
      ["one for a person", [source(`a(); // FIXME(anna) later`)], 1],
    ],
    left: [
      ["one with its issue", [source("// TODO(#12): later")]],
      ["a word in a string", [source("a('TODO');")]],
    ],
  },
  links: {
    found: [
      ["a missing file", [source("\n[a](b.md)", "docs/a.md")], 2],
      ["a missing heading", [source("# B\n[a](#c)", "docs/a.md")], 2],
      [
        "a missing heading elsewhere",
        [source("[a](../README.md#c)", "docs/a.md"), source("# B", "README.md")],
        1,
      ],
      ["an image that is not there", [source("![a](a.svg)", "README.md")], 1],
    ],
    left: [
      ["a file", [source("[a](../b.md)", "docs/a.md"), source("", "b.md")]],
      ["a folder", [source("[a](docs/)", "README.md"), source("", "docs/a.md")]],
      ["a heading", [source("## What `it` is, now\n[a](#what-it-is-now)", "README.md")]],
      ["another site", [source("[a](https://example.com/a)", "README.md")]],
      ["a link in an example", [source("```md\n[a](b.md)\n```", "README.md")]],
    ],
  },
  readmes: {
    found: [
      ["a package without README", [index], 1],
      ["a README without an example", [index, readme("`A` `B` `d` `E`")], 1],
      ["a README with two", [index, readme(`\`A\` \`B\` \`d\` \`E\`\n${example}${example}`)], 1],
      ["an export that it leaves out", [index, readme(`\`A\` \`d\` \`E\`\n${example}`)], 1],
      ["an export named as prose only", [index, readme(`\`A\` B \`d\` \`E\`\n${example}`)], 1],
    ],
    left: [["a README with all", [index, readme(`\`A()\` \`B\`, \`d\`, \`E\`\n${example}`)]]],
  },
  versions: {
    found: [
      [
        "two versions of one dependency",
        [
          manifest("packages/health", { dependencies: { valibot: "1" } }),
          manifest("packages/config", { dependencies: { valibot: "catalog:" } }),
        ],
        1,
      ],
    ],
    left: [
      [
        "the catalog and a peer",
        [
          manifest("packages/health", {
            devDependencies: { valibot: "catalog:" },
            peerDependencies: { valibot: "^1" },
          }),
          manifest("packages/config", { dependencies: { valibot: "catalog:", yaml: "2" } }),
        ],
      ],
    ],
  },
  pinnedBun: {
    found: [["an older Bun", [pinned, source(`\nnpx ${"bun"}@1.4.4 run verify`, "README.md")], 2]],
    left: [["the pinned one", [pinned, source("npx --yes bun@1.4.5 run verify", "README.md")]]],
  },
};

test("every rule has its planted offences", () => {
  expect(Object.keys(cases).sort()).toEqual(Object.keys(houseRules).sort());
});

for (const [rule, { found, left }] of Object.entries(cases)) {
  describe(rule, () => {
    test.each(found)("finds %s", (_, planted, line) => {
      const offences = houseRules[rule]?.(planted) ?? [];
      expect(offences.map((offence) => offence.line)).toEqual([line]);
    });

    test.each(left)("leaves %s alone", (_, planted) => {
      expect(houseRules[rule]?.(planted) ?? []).toEqual([]);
    });
  });
}
