// The rules of this repository that a linter has no word for, each a pure function from files to offences.

import { posix } from "node:path";
import { codeOf as scan } from "./code-of.ts";

/** One file of the repository. */
export interface SourceFile {
  /** From the repository's root, with slashes: `packages/health/src/target.ts`. */
  readonly path: string;
  readonly text: string;
}

/** A place where a rule is broken. `message` says what is wrong and what to do instead. */
export interface Offence {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** A rule looks at all files at once, as some hold between files. */
export type HouseRule = (files: readonly SourceFile[]) => readonly Offence[];

/** Every TypeScript file begins with one sentence that says what it is for, then a blank line. */
export const firstLine: HouseRule = (files) =>
  files.filter(isTypeScript).flatMap(({ path, text }) => {
    const lines = text.split("\n");
    const at = lines[0]?.startsWith("#!") ? 1 : 0;
    if (!/^\/\/ \S.*([.!?]|\shttps:\/\/\S+)$/.test(lines[at] ?? ""))
      return [
        offence(path, at + 1, 'begin with "// " and one sentence that says what the file is for'),
      ];
    if (lines[at + 1] !== "") return [offence(path, at + 2, "leave a blank line under the first")];
    return [];
  });

/** Files and folders of code are kebab-case and named for the one thing that they hold. */
export const fileNames: HouseRule = (files) =>
  files.filter(isTypeScript).flatMap(({ path }) => {
    const names = path.replace(/(\.property)?(\.test|\.config|\.d)?\.ts$/, "").split("/");
    const catchAll = names.find((name) => catchAlls.has(name));
    if (catchAll !== undefined)
      return [
        offence(path, 1, `"${catchAll}" says nothing: name the file for the one thing it holds`),
      ];
    const crooked = names.find((name) => !/^\.?[a-z0-9]+(-[a-z0-9]+)*$/.test(name));
    return crooked === undefined ? [] : [offence(path, 1, `"${crooked}" is not kebab-case`)];
  });

const catchAlls = new Set(
  "utils util common shared types helpers helper constants lib misc".split(" "),
);

/** Every exported declaration has a docstring. */
export const docstrings: HouseRule = (files) =>
  files.filter(isTypeScript).flatMap(({ path, text }) => {
    const code = codeOf(text);
    const seen = new Set<string>();
    return [...code.matchAll(declaration)].flatMap((match) => {
      const name = match.groups?.name ?? "";
      // The further signatures of an overloaded function need none of their own.
      if (seen.has(name)) return [];
      seen.add(name);
      const above = text.slice(code.slice(0, match.index).trimEnd().length, match.index);
      return /\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*$/.test(above)
        ? []
        : [offenceAt(path, text, match.index, `\`${name}\` is exported without a docstring`)];
    });
  });

const declaration =
  /^export (?:declare |abstract |async )*(?:function\*? |const |let |class |interface |type |namespace )(?!\{)(?<name>[\w$]+|[[{])/gm;

/**
 * Which of our packages a folder's code may import. What stands in `src` is drawn in docs/architecture.md; tests may also use
 * the simulator. A folder that is not named here (bench, examples) may import all.
 */
export const floors: Readonly<Record<string, readonly string[]>> = {
  "packages/config": [],
  "packages/health": [],
  "packages/resolver": ["health"],
  "packages/simulator": [],
  "apps/sidecar": ["config", "resolver", "health"],
  "apps/rehearsal": ["simulator"],
};

/** Imports follow the floors, never leave their package by a path, and `src` imports nothing that only development installs. */
export const imports: HouseRule = (files) => {
  const manifests = new Map(
    files.filter(({ path }) => path.endsWith("package.json")).map(({ path, text }) => [path, text]),
  );
  return files.filter(isTypeScript).flatMap(({ path, text }) => {
    const home = homeOf(path);
    if (home === undefined || !manifests.has(`${home}/package.json`)) return [];
    const inSource = path.startsWith(`${home}/src/`);
    const floor = floors[home];
    const declared = declaredIn(manifests.get(`${home}/package.json`));
    return importsOf(text).flatMap(({ specifier, index }) => {
      const wrong = (message: string) => [offenceAt(path, text, index, message)];
      if (specifier.startsWith(".")) {
        const to = posix.join(posix.dirname(path), specifier);
        if (!to.startsWith(`${home}/`))
          return wrong(`"${specifier}" leaves ${home}: import the package`);
        if (inSource && !to.startsWith(`${home}/src/`) && !to.endsWith(".json"))
          return wrong(`"${specifier}" leaves ${home}/src, which is all that is shipped`);
        return [];
      }
      if (specifier === "bun" || specifier.startsWith("bun:"))
        return inSource && home.startsWith("packages/")
          ? wrong(`"${specifier}" is not there on Node, on which packages run too`)
          : [];
      if (specifier.startsWith("node:")) return [];
      const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
      const ours = name.startsWith(scope) ? name.slice(scope.length) : undefined;
      if (ours !== undefined && ![name, `${name}/package.json`].includes(specifier))
        return wrong(`"${specifier}" reaches inside: a package has one entry, "${name}"`);
      if (ours !== undefined && floor !== undefined && !floor.includes(ours)) {
        const testing = !inSource && ours === "simulator";
        if (!testing && posix.basename(home) !== ours)
          return wrong(
            inSource
              ? `${home} must not import ${name}: its floor allows ${floor.join(", ") || "none of ours"}`
              : `tests of ${home} must not import ${name}: its floor allows ${[...floor, "simulator"].join(", ")}`,
          );
      }
      if (inSource && !declared.shipped.has(name))
        return wrong(`"${name}" is not among the dependencies of ${home}/package.json`);
      if (!declared.any.has(name) && posix.basename(home) !== ours)
        return wrong(`"${name}" is not in ${home}/package.json`);
      return [];
    });
  });
};

/** A file outside of its package that code reads by a path is named in turbo's task, else a change of it would build and test nothing. */
export const reads: HouseRule = (files) => {
  const textOf = (path: string) => files.find((file) => file.path === path)?.text ?? "{}";
  const { tasks = {} } = JSON.parse(codeOf(textOf("turbo.json"), "kept")) as {
    tasks?: Readonly<Record<string, { readonly inputs?: readonly string[] }>>;
  };
  return files.filter(isTypeScript).flatMap(({ path, text }) => {
    const home = homeOf(path);
    if (home === undefined || home === "bench") return [];
    const { name, ...manifest } = JSON.parse(textOf(`${home}/package.json`)) as Manifest;
    const task = `${name}#${path.startsWith(`${home}/test/`) ? "test" : "build"}`;
    const inputs = tasks[task]?.inputs ?? [];
    const imported = new Set(importsOf(text).map(({ index }) => index));
    const code = codeOf(text, "kept");
    return [...code.matchAll(/(?<=["'`/])(?:\.\.\/)+[\w@./-]+/g)].flatMap(({ 0: way, index }) => {
      const to = posix.join(posix.dirname(path), way);
      const other = homeOf(to);
      if (to.startsWith(`${home}/`) || imported.has(index)) return [];
      // A change of a package that this one depends on runs its tests anyway.
      const otherName = other === undefined ? undefined : `${scope}${posix.basename(other)}`;
      if (otherName !== undefined && declaredIn(JSON.stringify(manifest)).any.has(otherName))
        return [];
      const input = `$TURBO_ROOT$/${to}`;
      const covered = inputs.some(
        (named) =>
          named === input || (named.endsWith("/**") && input.startsWith(named.slice(0, -2))),
      );
      return covered
        ? []
        : [
            offenceAt(
              path,
              text,
              index,
              `name it in turbo.json, among the inputs of "${task}": "${input}"`,
            ),
          ];
    });
  });
};

const scope = "@nlb-sidecar/";

interface Manifest {
  readonly name?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const declaredIn = (manifest = "{}"): { shipped: Set<string>; any: Set<string> } => {
  const { dependencies, devDependencies, optionalDependencies, peerDependencies } = JSON.parse(
    manifest,
  ) as Manifest;
  const shipped = { ...dependencies, ...optionalDependencies, ...peerDependencies };
  return {
    shipped: new Set(Object.keys(shipped)),
    any: new Set(Object.keys({ ...shipped, ...devDependencies })),
  };
};

const importsOf = (text: string): readonly { specifier: string; index: number }[] => {
  // The places are found where strings are blank, and read where they are kept: so no string can look like an import.
  const code = codeOf(text);
  const from = /\bfrom\s*["']|^\s*import\s*["']|\bimport\(\s*["']|\brequire\(\s*["']/gm;
  return [...code.matchAll(from)].map((match) => {
    const start = match.index + match[0].length;
    const quote = match[0].at(-1) ?? '"';
    return { specifier: text.slice(start, text.indexOf(quote, start)), index: start };
  });
};

/**
 * Only `main`, `clock` and `log` touch what is outside the process: everything else is handed in. Biome's `noRestrictedGlobals`
 * finds the whole globals (`process`, `fetch`, `setTimeout`, ...); this rule finds the members, of which only some are ambient.
 */
export const ambient: HouseRule = (files) =>
  files
    .filter(({ path }) => /^(apps\/sidecar|packages\/[^/]+)\/src\/.*\.ts$/.test(path))
    .filter(({ path }) => !/^(main|clock|log)\.ts$/.test(posix.basename(path)))
    .flatMap(({ path, text }) => {
      const code = codeOf(text);
      return ambients
        .filter(({ packagesOnly }) => !packagesOnly || path.startsWith("packages/"))
        .flatMap(({ pattern, instead }) =>
          [...code.matchAll(pattern)].map((match) =>
            offenceAt(path, text, match.index, `\`${match[0]}\` is banned here: ${instead}`),
          ),
        );
    });

const ambients: readonly {
  readonly pattern: RegExp;
  readonly instead: string;
  readonly packagesOnly?: true;
}[] = [
  { pattern: /(?<!\.)\bMath\.random\b/g, instead: "take a `random` as a parameter" },
  { pattern: /(?<!\.)\bDate\.now\b/g, instead: "take a `Clock` and ask its `now()`" },
  { pattern: /\bnew Date\(\s*\)/g, instead: "take the time as a parameter" },
  { pattern: /(?<!\.)\bAbortSignal\.timeout\b/g, instead: "race the call against `clock.sleep`" },
  { pattern: /\bglobalThis\b/g, instead: "take what you need of it as a parameter" },
  { pattern: /\bAtomics\.wait\b/g, instead: "take a `Clock` and use its `sleep`" },
  {
    pattern: /(?<!\.)\bBun\.\w+/g,
    instead: "packages run on Node too",
    packagesOnly: true,
  },
];

/** A comment that puts something off names its issue, so that somebody can look whether it still holds. */
export const todos: HouseRule = (files) =>
  files.filter(isTypeScript).flatMap(({ path, text }) => {
    const code = codeOf(text, "kept");
    return [...text.matchAll(/\b(TODO|FIXME)\b(?!\(#\d+\))/g)]
      .filter(({ index }) => code[index] === " ")
      .map(({ index, 0: word }) =>
        offenceAt(path, text, index, `${word} without an issue: write ${word}(#12), or do it`),
      );
  });

/** A relative link in a page leads to a file of the repository and, with a `#`, to a heading there. */
export const links: HouseRule = (files) => {
  const pages = new Map(files.map(({ path, text }) => [path, text]));
  const exists = (path: string) =>
    path === "." ||
    pages.has(path) ||
    [...pages.keys()].some((file) => file.startsWith(`${path}/`));
  return files
    .filter(({ path }) => path.endsWith(".md"))
    .flatMap(({ path, text }) => {
      const prose = withoutFences(text);
      return [...prose.matchAll(/\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)/g)].flatMap((match) => {
        const link = match[1] ?? "";
        if (/^[a-z][a-z0-9+.-]*:/i.test(link)) return [];
        const [file = "", anchor] = link.split("#");
        const to = file === "" ? path : posix.join(posix.dirname(path), file).replace(/\/$/, "");
        if (!exists(to)) return [offenceAt(path, text, match.index, `"${link}" leads to no file`)];
        if (
          anchor !== undefined &&
          to.endsWith(".md") &&
          !anchorsOf(pages.get(to) ?? "").has(anchor)
        )
          return [offenceAt(path, text, match.index, `"${link}" leads to no heading`)];
        return [];
      });
    });
};

// Blank where a fenced block was, so that an index stays in place.
const withoutFences = (page: string): string =>
  page.replace(/^(```+)[^\n]*\n[\s\S]*?^\1/gm, (block) => block.replace(/[^\n]/g, " "));

const anchorsOf = (page: string): ReadonlySet<string> =>
  new Set(
    [...page.matchAll(/^#+ +(.*?) *#*$/gm)].map((match) =>
      (match[1] ?? "")
        .toLowerCase()
        .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replace(/\s/g, "-"),
    ),
  );

/** A package's README names each of its exports, and has exactly one TypeScript example, which is run with the package checks. */
export const readmes: HouseRule = (files) =>
  files
    .filter(({ path }) => /^packages\/[^/]+\/src\/index\.ts$/.test(path))
    .flatMap((face) => {
      const path = face.path.replace(/src\/index\.ts$/, "README.md");
      const page = files.find((file) => file.path === path);
      if (page === undefined) return [offence(path, 1, "is missing")];
      const spans = [...withoutFences(page.text).matchAll(/`([^`\n]+)`/g)].map(([span]) => span);
      const examples = page.text.match(/^```(ts|typescript)\b/gm)?.length ?? 0;
      const missing = exportsOf(face.text).filter(
        (name) => !spans.some((span) => new RegExp(`\\b${name}\\b`).test(span)),
      );
      return [
        ...(examples === 1
          ? []
          : [offence(path, 1, `has ${examples} fenced ts examples: give the one that is run`)]),
        ...missing.map((name) => offence(path, 1, `does not name the export \`${name}\``)),
      ];
    });

/** The names that an `index.ts` exports, types included, in alphabetical order. */
export const exportsOf = (face: string): readonly string[] =>
  exportedBy(face)
    .map(({ name }) => name)
    .sort();

/** Those of them that are there at run time. */
export const valueExportsOf = (face: string): readonly string[] =>
  exportedBy(face)
    .filter(({ isType }) => !isType)
    .map(({ name }) => name)
    .sort();

const exportedBy = (face: string): readonly { name: string; isType: boolean }[] =>
  [...codeOf(face).matchAll(/^export (type )?\{([^}]*)\}/gm)].flatMap(([, allTypes, list = ""]) =>
    list
      .split(",")
      .map((entry) => entry.trim())
      .filter((entry) => entry !== "")
      .map((entry) => ({
        name: entry.replace(/^type /, "").replace(/^.* as /, ""),
        isType: allTypes !== undefined || entry.startsWith("type "),
      })),
  );

/** A dependency that two manifests name has its version once, in the root's catalog; `workspace:*` and peers apart. */
export const versions: HouseRule = (files) => {
  const manifests = files
    .filter(({ path }) => path === "package.json" || homeOf(path) === posix.dirname(path))
    .filter(({ path }) => posix.basename(path) === "package.json");
  const uses = manifests.flatMap(({ path, text }) => {
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(text) as Manifest;
    return Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies }).map(
      ([name, version]) => ({ path, text, name, version }),
    );
  });
  return uses
    .filter(({ version }) => !/^(catalog|workspace):/.test(version))
    .filter(({ name, path }) => uses.some((use) => use.name === name && use.path !== path))
    .map(({ path, text, name, version }) =>
      offenceAt(
        path,
        text,
        text.indexOf(`"${name}"`),
        `"${name}": "${version}" stands in another package.json too: move the version to the root's catalog`,
      ),
    );
};

/** Whoever names a version of Bun names the pinned one. */
export const pinnedBun: HouseRule = (files) => {
  const root = files.find(({ path }) => path === "package.json")?.text ?? "{}";
  const pinned = (JSON.parse(root) as { packageManager?: string }).packageManager ?? "";
  return files
    .filter(({ path }) => path !== "bun.lock" && !path.endsWith("CHANGELOG.md"))
    .flatMap(({ path, text }) =>
      [...text.matchAll(/(?<![\w./-])bun@(\d+\.\d+\.\d+)/g)]
        .filter((match) => match[0] !== pinned)
        .map((match) =>
          offenceAt(
            path,
            text,
            match.index,
            `${match[0]} is not the pinned ${pinned} of package.json`,
          ),
        ),
    );
};

/** All rules, by the name under which a test reports them. */
export const houseRules: Readonly<Record<string, HouseRule>> = {
  firstLine,
  fileNames,
  docstrings,
  imports,
  reads,
  ambient,
  todos,
  links,
  readmes,
  versions,
  pinnedBun,
};

// Several rules look at the same code, and reading a text takes longer than looking.
const scanned = { blanked: new Map<string, string>(), kept: new Map<string, string>() };

const codeOf = (text: string, strings: "blanked" | "kept" = "blanked"): string => {
  const code = scanned[strings].get(text) ?? scan(text, strings);
  scanned[strings].set(text, code);
  return code;
};

const isTypeScript = ({ path }: SourceFile): boolean => /\.[cm]?ts$/.test(path);

/** The workspace that holds a path: `packages/health`; undefined outside of one. */
const homeOf = (path: string): string | undefined =>
  /^((?:apps|packages)\/[^/]+|images|bench)\//.exec(path)?.[1];

const offence = (path: string, line: number, message: string): Offence => ({ path, line, message });

const offenceAt = (path: string, text: string, index: number, message: string): Offence =>
  offence(path, text.slice(0, Math.max(index, 0)).split("\n").length, message);
