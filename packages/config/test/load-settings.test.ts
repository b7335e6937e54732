// The one file: which is read, what it may hold, and that anything else is one clear sentence.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultFilePaths, loadSettings, parseSettings } from "../src/index.ts";
import { errorOf, faultsOf } from "./faults-of.ts";

let folder = "";
let files = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nlb-sidecar-config-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const place = async (content: string | Uint8Array, ending = "yaml"): Promise<string> => {
  files += 1;
  const path = join(folder, `settings-${files}.${ending}`);
  await writeFile(path, content);
  return path;
};
const settingsIn = async (content: string | Uint8Array, ending?: string) => {
  const NLB_SIDECAR_CONFIG = await place(content, ending);
  return (await loadSettings({ NLB_SIDECAR_CONFIG }, [])).settings;
};
const utf16 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "utf16le"));

describe("which file is read", () => {
  test("none where none is there, and the settings are the defaults", async () => {
    expect(
      await loadSettings({}, [join(folder, "none.yaml"), join(import.meta.path, "x.yaml")]),
    ).toEqual({
      settings: parseSettings({}),
      file: undefined,
    });
  });

  test("by default config.yaml, config.yml or config.json in /etc/nlb-sidecar", () => {
    expect(defaultFilePaths).toEqual(
      ["yaml", "yml", "json"].map((ending) => `/etc/nlb-sidecar/config.${ending}`),
    );
  });

  test("the one default file that is there, whichever it is", async () => {
    const there = await place("mode: observe");
    for (const paths of [
      [there],
      [join(folder, "none.yaml"), there],
      [there, join(folder, "none.json")],
    ]) {
      const { settings, file } = await loadSettings({}, paths);
      expect([settings.mode, file]).toEqual(["observe", there]);
    }
  });

  test("the environment beats it, setting by setting", async () => {
    const there = await place("mode: observe\ndrainWhen: any\n");
    const { settings } = await loadSettings({ NLB_SIDECAR_MODE: "act" }, [there]);
    expect([settings.mode, settings.drainWhen]).toEqual(["act", "any"]);
  });

  test("two default files at once are a fault that names both", async () => {
    const [one, other] = [await place("mode: observe"), await place("{}", "json")];
    const error = await errorOf(() => loadSettings({}, [one, join(folder, "none.yml"), other]));
    expect(error).toMatchObject({ code: "faulty-file", faults: [{ code: "ambiguous", got: "2" }] });
    expect(error.message).toContain(`${one} and ${other} are there together`);
  });

  test("a default path that is there but no file is a fault, not an absence", async () => {
    expect(await faultsOf(() => loadSettings({}, [folder]))).toMatchObject([
      { code: "unreadable", source: folder },
    ]);
  });

  test("the named one alone, however many default ones are there", async () => {
    const [one, other] = [await place("mode: act"), await place("mode: act")];
    const named = await place('{ "mode": "observe" }', "json");
    const { settings, file } = await loadSettings({ NLB_SIDECAR_CONFIG: named }, [one, other]);
    expect([settings.mode, file]).toEqual(["observe", named]);
  });

  test.each([[""], [" "]])("a variable of %p names none", async (NLB_SIDECAR_CONFIG) => {
    const there = await place("mode: observe");
    expect((await loadSettings({ NLB_SIDECAR_CONFIG }, [there])).file).toBe(there);
  });

  test("a named file that is missing is a fault", async () => {
    const NLB_SIDECAR_CONFIG = join(folder, "missing.yaml");
    const there = await place("");
    const faults = await faultsOf(() => loadSettings({ NLB_SIDECAR_CONFIG }, [there]));
    expect(faults).toMatchObject([{ code: "missing", source: "NLB_SIDECAR_CONFIG" }]);
    expect(faults[0]?.message).toBe(
      `NLB_SIDECAR_CONFIG names "${NLB_SIDECAR_CONFIG}", which does not exist.`,
    );
  });

  test.each([
    ["config.js"],
    ["config.ts"],
    ["config.cjs"],
    ["config"],
    [".yaml.js"],
    ["settings.toml"],
  ])("the name %s is a fault, there or not", async (name) => {
    const path = join(folder, name);
    await writeFile(path, "{}");
    expect(await faultsOf(() => loadSettings({ NLB_SIDECAR_CONFIG: path }, []))).toMatchObject([
      {
        code: "malformed",
        source: "NLB_SIDECAR_CONFIG",
        wanted: "a path that ends in .yaml, .yml or .json",
      },
    ]);
  });

  test("faults of the file come together with those of the environment, and none that follows from not knowing it", async () => {
    const path = await place("mode: [");
    const error = await errorOf(() =>
      loadSettings({
        NLB_SIDECAR_CONFIG: path,
        NLB_SIDECAR_MODE: "x",
        NLB_SIDECAR_MOED: "y",
        NLB_SIDECAR_DEREGISTER_ON_STOP: "true",
      }),
    );
    expect(error.code).toBe("faulty-file");
    expect(error.faults.map(({ source }) => source)).toEqual([
      path,
      "NLB_SIDECAR_MODE",
      "NLB_SIDECAR_MOED",
    ]);
  });

  test("faults in the file's values are faulty settings", async () => {
    const path = await place("mode: x\ndrainWhen: y\n");
    const error = await errorOf(() =>
      loadSettings({ NLB_SIDECAR_CONFIG: path, DEREGISTRATION_WAIT: "z" }),
    );
    expect(error.code).toBe("faulty-settings");
    expect(error.faults.map(({ source }) => source)).toEqual([
      "DEREGISTRATION_WAIT",
      `${path}: mode`,
      `${path}: drainWhen`,
    ]);
  });
});

describe("what it may hold", () => {
  test.each<[string, string | Uint8Array]>([
    ["nothing", ""],
    ["blanks and comments", "\n  # none yet\r\n\t\n#"],
    ["a byte order mark alone", "\ufeff"],
    ["an empty document", "---\n"],
    ["null", "null"],
    ["an empty mapping", "{}"],
  ])("%s: no settings", async (_, content) => {
    expect(await settingsIn(content)).toEqual(parseSettings({}));
  });

  test.each<[string, string]>([
    ["YAML", "mode: observe\n"],
    ["YAML with a byte order mark", "\ufeffmode: observe\n"],
    ["YAML with CRLF", "# c\r\nmode: observe\r\ndrainWhen: all\r\n"],
    ["YAML with one document's markers", "%YAML 1.2\n---\nmode: observe\n...\n"],
    ["YAML with an alias", "faultPolicy: &x stay\nmode: observe\ntargetContainer: *x\n"],
    ["JSON", '{ "mode": "observe" }'],
    ["JSON with tabs", '{\n\t"mode": "observe",\n\t"drainWhen": "all"\n}\n'],
    ["JSON with a byte order mark and CRLF", '\ufeff{\r\n"mode": "observe"\r\n}\r\n'],
    ["JSON with $schema", '{ "$schema": "./schema.json", "mode": "observe" }'],
  ])("%s", async (_, content) => {
    for (const ending of ["yaml", "yml", "json"])
      expect((await settingsIn(content, ending)).mode).toBe("observe");
  });

  test("unquoted numbers are what YAML says; quoted ones are judged as a variable is", async () => {
    for (const [number, ms] of [
      ["1e2", 100_000],
      ["0x10", 16_000],
      ["+5", 5000],
      ["0o17", 15_000],
      ["1.5", 1500],
      ["-0", 0],
    ] as const)
      expect((await settingsIn(`deregistrationWait: ${number}\n`)).deregistrationWaitMs).toBe(ms);
    for (const text of ["1e2", "0x10", "+5", "0o17", "-0", " 12 ", "²", "Infinity"])
      expect(await faultsOf(() => settingsIn(`deregistrationWait: "${text}"\n`))).toMatchObject([
        { code: "malformed" },
      ]);
    for (const number of [".nan", ".inf", "-.inf"])
      expect(await faultsOf(() => settingsIn(`deregistrationWait: ${number}\n`))).toHaveLength(1);
  });

  test("exactly 256 KiB", async () => {
    expect((await settingsIn(`mode: observe\n#${"x".repeat(256 * 1024 - 15)}`)).mode).toBe(
      "observe",
    );
  });

  test("through a link, as a mounted secret or config map is", async () => {
    const link = join(folder, "link.yaml");
    await symlink(await place("mode: observe"), link);
    expect((await loadSettings({ NLB_SIDECAR_CONFIG: link })).settings.mode).toBe("observe");
  });
});

describe("what it may not hold", () => {
  const bomb = [
    "a: &a [x, x, x, x, x, x, x, x, x, x]",
    ...[..."bcdefghi"].map(
      (name, index) => `${name}: &${name} [${Array(10).fill(`*${"abcdefgh"[index]}`).join(", ")}]`,
    ),
  ];

  test.each<[string, string | Uint8Array, string]>([
    [
      "a duplicate key",
      "mode: act\ndrainWhen: any\nmode: observe\n",
      "at line 3, column 1: duplicated mapping key",
    ],
    [
      "a duplicate key in JSON",
      '{ "mode": "act",\n  "mode": "observe" }',
      "at line 2, column 4: duplicated mapping key",
    ],
    [
      "a second document",
      "mode: act\n# c\n---\nmode: observe\n",
      "at line 3: expected a single document in the stream, but found more",
    ],
    [
      "a second document after an end marker",
      "---\nmode: act\n...\nmode: observe\n",
      "at line 4: expected a single document in the stream, but found more",
    ],
    [
      "a tab as indentation",
      "mode:\n\tact\n",
      "at line 2, column 1: tab characters must not be used in indentation",
    ],
    ["an open bracket", "mode: [act\n", "at line 2, column 1: deficient indentation"],
    [
      "half a JSON text",
      '{ "mode": "ac',
      "at line 1, column 14: unexpected end of the stream within a double quoted scalar",
    ],
    [
      "a tag that would make a function",
      "mode: !!js/function 'x'\n",
      "at line 1, column 7: unknown scalar tag !<tag:yaml.org,2002:js/function>",
    ],
    [
      "an unknown alias",
      `mode: *${"x".repeat(5000)}\n`,
      `at line 1, column 8: unidentified alias "${"x".repeat(137)}...`,
    ],
    [
      "nesting without end",
      "[".repeat(200_000),
      "at line 1, column 100: nesting exceeded maxDepth (100)",
    ],
    [
      "a control character",
      "mode: \u0001",
      "at line 1, column 7: the stream contains non-printable characters",
    ],
  ])("%s", async (_, content, reason) => {
    const faults = await faultsOf(() => settingsIn(content));
    expect(faults).toMatchObject([
      { code: "unreadable", wanted: "one JSON or YAML document", got: reason },
    ]);
    expect(faults[0]?.message).toBe(
      `${faults[0]?.source} is not one JSON or YAML document, ${reason}.`,
    );
  });

  test.each<[string, string | Uint8Array, string]>([
    ["UTF-16 with its mark", utf16("\ufeffmode: act\n"), "UTF-16"],
    ["UTF-16, the other way round", new Uint8Array([0xfe, 0xff, 0, 0x6d]), "UTF-16"],
    ["UTF-16 without its mark", utf16("mode: act\n"), "binary data, or UTF-16"],
    ["a null byte", "mode: act\0\n", "binary data, or UTF-16"],
    [
      "Latin-1",
      new Uint8Array([...Buffer.from("# caf"), 0xe9, 0x0a]),
      "binary data, or a text in another encoding than UTF-8",
    ],
    ["10 MB", new Uint8Array(10_000_000).fill(0x20), "10000000 bytes long"],
    ["one byte more than 256 KiB", new Uint8Array(256 * 1024 + 1).fill(0x20), "262145 bytes long"],
  ])("%s", async (_, content, got) => {
    const faults = await faultsOf(() => settingsIn(content));
    expect(faults).toMatchObject([{ code: "unreadable", got }]);
    expect(faults[0]?.message).toBe(
      `${faults[0]?.source} has to be a text file in UTF-8 of at most 256 KiB, and is ${got}.`,
    );
  });

  test("an alias bomb: its keys are unknown, and what they hold is never printed", async () => {
    const error = await errorOf(() => settingsIn([...bomb, "mode: *i"].join("\n")));
    expect(error.faults.map(({ code }) => code)).toEqual([
      "malformed",
      ...Array(9).fill("unknown"),
    ]);
    expect(error.message.length).toBeLessThan(2000);
  });

  test("prototype keys: they are unknown, and change nothing", async () => {
    expect(
      await faultsOf(() => settingsIn('{ "__proto__": { "mode": "observe" }, "constructor": 1 }')),
    ).toMatchObject([{ code: "unknown" }, { code: "unknown" }]);
    expect(({} as { mode?: string }).mode).toBeUndefined();
  });

  test("a line of the file never comes into a message", async () => {
    expect(
      (
        await errorOf(() =>
          settingsIn("onDrainUrl: http://secret.example\nonDrainUrl: http://secret.example\n"),
        )
      ).message,
    ).not.toContain("secret");
  });
});

describe("what is no file", () => {
  const gotOf = async (path: string) =>
    (await faultsOf(() => loadSettings({ NLB_SIDECAR_CONFIG: path })))[0]?.got;

  test("a directory, as a bind mount of a missing file leaves it", async () => {
    const path = join(folder, "directory.yaml");
    await mkdir(path);
    expect(await gotOf(path)).toStartWith("a directory (a bind mount");
  });

  test("a named pipe that nobody writes to is not waited for", async () => {
    const path = join(folder, "pipe.yaml");
    expect(Bun.spawnSync(["mkfifo", path]).exitCode).toBe(0);
    expect(await gotOf(path)).toBe("no regular file");
  });

  test("a socket", async () => {
    const path = join(folder, "socket.yaml");
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    expect(await gotOf(path)).toBe("nothing that can be read (ENXIO)");
    server.close();
  });

  test("a device that never ends", async () => {
    const path = join(folder, "zero.yaml");
    await symlink("/dev/zero", path);
    expect(await gotOf(path)).toBe("no regular file");
  });

  test("a path that goes round in a circle", async () => {
    const path = join(folder, "circle.yaml");
    await symlink(path, path);
    expect(await gotOf(path)).toBe("nothing that can be read (ELOOP)");
  });

  test("a path with a null byte", async () => {
    expect(await gotOf("/tmp/a\0b.yaml")).toStartWith("nothing that can be read (");
  });

  // The superuser may read anything: there the file is read by another user.
  const gotByAnother = async (environment: Record<string, string>, paths: readonly string[]) => {
    await chmod(folder, 0o755);
    const program = `const { loadSettings } = await import(${JSON.stringify(join(import.meta.dir, "../src/index.ts"))});
      if (process.getuid() === 0) { process.setgid(65534); process.setuid(65534); }
      const refuse = loadSettings(${JSON.stringify(environment)}, ${JSON.stringify(paths)});
      await refuse.catch(({ faults }) => console.log(JSON.stringify(faults.map(({ source, got }) => [source, got]))));`;
    return JSON.parse(Bun.spawnSync([process.execPath, "-e", program]).stdout.toString());
  };
  const denied = "nothing that this user may read (EACCES)";

  test("a file that this user may not read", async () => {
    const path = await place("mode: observe");
    await chmod(path, 0o000);
    expect(await gotByAnother({ NLB_SIDECAR_CONFIG: path }, [])).toEqual([[path, denied]]);
  });

  test("a closed directory, where nobody knows which default file is there", async () => {
    const closed = join(folder, "closed");
    await mkdir(closed, { mode: 0o700 });
    await chmod(closed, process.getuid?.() === 0 ? 0o700 : 0o000);
    const paths = [join(closed, "config.yaml"), join(closed, "config.json")];
    expect(await gotByAnother({}, paths)).toEqual(paths.map((path) => [path, denied]));
    await chmod(closed, 0o700);
  });
});
