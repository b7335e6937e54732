// Settings and the command line as the executable takes them: faults all at once, and nothing of the working directory.

import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beginLife, testMs } from "./life.ts";
import { startSidecar } from "./sidecar-process.ts";

const root = mkdtempSync(join(tmpdir(), "settings-"));
afterAll(() => rmSync(root, { recursive: true }));

function directoryOf(name: string, files: Readonly<Record<string, string>>): string {
  const directory = join(root, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(directory, path, ".."), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  return directory;
}

async function refused(settings: Readonly<Record<string, string>>): Promise<readonly string[]> {
  await using life = await beginLife({ settings });
  const { sidecar } = life;
  expect((await sidecar.exit()).code).toBe(78);
  expect(sidecar.lines.map(({ event }) => event)).toEqual(["faulty-settings"]);
  expect(life.calls()).toEqual([]);
  const [{ faults }] = sidecar.lines as unknown as [{ faults: readonly { source: string }[] }];
  return faults.map(({ source }) => source);
}

describe.concurrent("faulty settings end it with 78 before it asks anybody, and all are told", () => {
  const faulty = {
    DEREGISTRATION_WAIT: "1e3",
    POLLING_FREQUENCY: "0",
    NLB_SIDECAR_MODE: "observ",
    NLB_SIDECAR_DRIAN_WHEN: "all",
    NLB_SIDECAR_STATUS_PORT: "70000",
  };

  test(
    "of the environment",
    async () => {
      expect([...(await refused(faulty))].sort()).toEqual(Object.keys(faulty).sort());
    },
    testMs,
  );

  test(
    "that contradict each other",
    async () => {
      const settings = { DEREGISTRATION_WAIT: "60", NLB_SIDECAR_DRAIN_TIMEOUT: "30" };
      expect(await refused(settings)).toEqual(["NLB_SIDECAR_DRAIN_TIMEOUT"]);
    },
    testMs,
  );

  for (const [name, text] of Object.entries({
    "config.yaml": "deregistrationWait: 1e9\nmode: observ\ndrianWhen: all\n",
    "config.json": '{ "deregistrationWait": 1e9, "mode": "observ", "drianWhen": "all" }',
  }))
    test(
      `of a mounted ${name}, and of the environment beside it`,
      async () => {
        const file = join(directoryOf(`faulty-${name}`, { [name]: text }), name);
        const sources = await refused({
          DEREGISTRATION_WAIT: "",
          POLLING_FREQUENCY: "often",
          NLB_SIDECAR_CONFIG: file,
        });
        expect([...sources].sort()).toEqual(
          [
            "POLLING_FREQUENCY",
            ...["deregistrationWait", "drianWhen", "mode"].map((key) => `${file}: ${key}`),
          ].sort(),
        );
      },
      testMs,
    );

  test(
    "of a file that is named and not there",
    async () => {
      expect(await refused({ NLB_SIDECAR_CONFIG: join(root, "absent.yaml") })).toEqual([
        "NLB_SIDECAR_CONFIG",
      ]);
    },
    testMs,
  );
});

describe.concurrent("the working directory", () => {
  test(
    "is not looked at, and no code in it runs",
    async () => {
      const marker = join(root, "ran");
      const code = `require("node:fs").appendFileSync(${JSON.stringify(marker)}, __filename);`;
      const module = `import { appendFileSync } from "node:fs"; appendFileSync(${JSON.stringify(marker)}, import.meta.path); export default {};`;
      const planted = { deregistrationWait: 3600, mode: "observe" };
      const directory = directoryOf("planted", {
        ".config/config.js": `${code} module.exports = {};`,
        ".config/config.cjs": `${code} module.exports = {};`,
        ".config/config.ts": module,
        ".config/config.mjs": module,
        "nlb-sidecar.config.js": module,
        "preload.ts": module,
        "bunfig.toml": 'preload = ["./preload.ts"]\n[run]\npreload = ["./preload.ts"]\n',
        ".env": "NLB_SIDECAR_MODE=observe\nDEREGISTRATION_WAIT=3600\n",
        ".env.local": "NLB_SIDECAR_MODE=observe\n",
        ".env.production": "NLB_SIDECAR_MODE=observe\n",
        ".nlb-sidecarrc": JSON.stringify(planted),
        "config.yaml": JSON.stringify(planted),
        "package.json": JSON.stringify({
          type: "commonjs",
          cosmiconfig: { searchPlaces: ["nlb-sidecar.config.js"] },
          "nlb-sidecar": planted,
        }),
        "mounted/settings.yaml": "deregistrationWait: 7s\npollInterval: 300\n",
      });
      const file = join(directory, "mounted", "settings.yaml");
      await using life = await beginLife({
        directory,
        settings: { NLB_SIDECAR_CONFIG: file, DEREGISTRATION_WAIT: "", POLLING_FREQUENCY: "200" },
      });
      await life.healthy();
      const started = await life.sidecar.line("started");
      expect(started.file).toBe(file);
      // From the file; from the environment, which beats it; and the default.
      expect(started.settings).toMatchObject({
        deregistrationWaitMs: 7_000,
        pollIntervalMs: 200_000,
        mode: "act",
      });
      expect(existsSync(marker)).toBe(false);
    },
    testMs,
  );
});

describe.concurrent("the command line", () => {
  const words: readonly (readonly [words: readonly string[], code: number, says: RegExp])[] = [
    [["--help"], 0, /Usage: nlb-sidecar/],
    [["-h"], 0, /Usage: nlb-sidecar/],
    [["--version"], 0, /^\d+\.\d+\.\d+\S*\n$/],
    [["watch"], 2, /does not know "watch"/],
    [["--polling-frequency", "10"], 2, /environment variables/],
    [["run", "--help"], 2, /does not know "run --help"/],
  ];
  for (const [given, code, says] of words)
    test(
      `${given.join(" ")} ends with ${code}`,
      async () => {
        await using sidecar = startSidecar({ env: { HOME: "/" }, words: given });
        expect((await sidecar.exit()).code).toBe(code);
        expect(sidecar.output()).toMatch(says);
      },
      testMs,
    );
});
