// The settings table, row by row: names, default, bounds, and which source beats which.

import { describe, expect, test } from "bun:test";
import { parseSettings, type Settings } from "../src/index.ts";
import { faultsOf } from "./faults-of.ts";

interface Row {
  readonly setting: keyof Settings;
  readonly variable: string;
  readonly key: string;
  readonly fallback: unknown;
  /** A variable's text, the file's own value and the setting that both give; two pairs, so that one can beat the other. */
  readonly right: readonly (readonly [text: string, inFile: unknown, value: unknown])[];
  /** Texts and values of the wanted form, outside the bounds. */
  readonly outside: readonly unknown[];
  readonly malformed: readonly unknown[];
  /** Other settings without which the right values would be a contradiction. */
  readonly beside?: Readonly<Record<string, unknown>>;
}

const notDurations = [
  "soon",
  "-5",
  "+5",
  "1e3",
  "0x10",
  "²",
  "٣",
  " 12 ",
  "Infinity",
  "NaN",
  "1,5",
  ".5",
  "5.",
  "1 s",
  "1S",
  "1m30s",
  "12\n",
  "1.0005",
  Number.NaN,
  true,
  [],
  {},
];
const notBooleans = ["yes", "no", "on", "1", "0", "True", "TRUE", " true", 1, 0, [], {}];
const notUrls = [
  "127.0.0.1:80",
  "ftp://127.0.0.1/",
  "http://",
  "http://[::1/",
  "http://a b/",
  "http://127.0.0.1:99999/",
  "http://user:word@127.0.0.1/",
  "http://user@127.0.0.1/",
  "http:/a",
  "HTTP:a",
  "http://a\\@b/",
  80,
  true,
  [],
  {},
];

const rows: readonly Row[] = [
  {
    setting: "deregistrationWaitMs",
    variable: "DEREGISTRATION_WAIT",
    key: "deregistrationWait",
    fallback: 120_000,
    right: [
      ["0", 0, 0],
      ["3600", 3600, 3_600_000],
      ["90s", "90s", 90_000],
      ["2m", "2m", 120_000],
      ["1h", "1h", 3_600_000],
      ["500ms", "500ms", 500],
      ["0.5", 0.5, 500],
      ["1.001", 1.001, 1001],
      ["007", "007", 7000],
      ["0", -0, 0],
    ],
    outside: [
      "3601",
      "61m",
      "1.1h",
      "3600.001",
      3601,
      -1,
      Number.POSITIVE_INFINITY,
      "9".repeat(400),
    ],
    malformed: notDurations,
  },
  {
    setting: "pollIntervalMs",
    variable: "POLLING_FREQUENCY",
    key: "pollInterval",
    fallback: 30_000,
    right: [
      ["1", 1, 1000],
      ["300", 300, 300_000],
      ["5m", "5m", 300_000],
      ["1000ms", "1000ms", 1000],
    ],
    outside: ["0", "0.999", "300.001", "301", "999ms", 0, 0.5, 301, -1],
    malformed: notDurations,
  },
  {
    setting: "targetContainer",
    variable: "TARGET_CONTAINER_NAME",
    key: "targetContainer",
    fallback: undefined,
    right: [
      ["web", "web", "web"],
      ["Web_2-a", "Web_2-a", "Web_2-a"],
      ["a".repeat(255), "a".repeat(255), "a".repeat(255)],
      ["80", "80", "80"],
    ],
    outside: [],
    malformed: ["a b", " web", "web\n", "a".repeat(256), "web.1", "wéb", 80, true, ["web"], {}],
  },
  {
    setting: "mode",
    variable: "NLB_SIDECAR_MODE",
    key: "mode",
    fallback: "act",
    right: [
      ["act", "act", "act"],
      ["observe", "observe", "observe"],
    ],
    outside: [],
    malformed: ["Act", "observe ", "constructor", 1, true, [], {}],
  },
  {
    setting: "drainWhen",
    variable: "NLB_SIDECAR_DRAIN_WHEN",
    key: "drainWhen",
    fallback: "all",
    right: [
      ["all", "all", "all"],
      ["any", "any", "any"],
    ],
    outside: [],
    malformed: ["ALL", "none", "all,any", 1, true, [], {}],
  },
  {
    setting: "taskSignal",
    variable: "NLB_SIDECAR_TASK_SIGNAL",
    key: "taskSignal",
    fallback: true,
    right: [
      ["true", true, true],
      ["false", false, false],
      ["false", "false", false],
    ],
    outside: [],
    malformed: notBooleans,
  },
  {
    setting: "drainTimeoutMs",
    variable: "NLB_SIDECAR_DRAIN_TIMEOUT",
    key: "drainTimeout",
    fallback: 120_000,
    right: [
      ["120", 120, 120_000],
      ["3600", 3600, 3_600_000],
      ["30m", "30m", 1_800_000],
    ],
    outside: ["3601", 3601, -1],
    malformed: notDurations,
  },
  {
    setting: "stopHoldMs",
    variable: "NLB_SIDECAR_STOP_HOLD",
    key: "stopHold",
    fallback: 0,
    right: [
      ["0", 0, 0],
      ["118", 118, 118_000],
      ["1.5m", "1.5m", 90_000],
    ],
    outside: ["118.001", "119", "2m", 119, -1],
    malformed: notDurations,
  },
  {
    setting: "deregisterOnStop",
    variable: "NLB_SIDECAR_DEREGISTER_ON_STOP",
    key: "deregisterOnStop",
    fallback: false,
    right: [
      ["true", true, true],
      ["false", false, false],
    ],
    outside: [],
    malformed: notBooleans,
    beside: { stopHold: 30 },
  },
  {
    setting: "faultPolicy",
    variable: "NLB_SIDECAR_FAULT_POLICY",
    key: "faultPolicy",
    fallback: "stay",
    right: [
      ["stay", "stay", "stay"],
      ["exit", "exit", "exit"],
    ],
    outside: [],
    malformed: ["leave", "Stay", 1, false, [], {}],
  },
  {
    setting: "statusPort",
    variable: "NLB_SIDECAR_STATUS_PORT",
    key: "statusPort",
    fallback: undefined,
    right: [
      ["1", 1, 1],
      ["65535", 65535, 65535],
      ["8080", "8080", 8080],
    ],
    outside: ["0", "65536", 0, 65536, -1, "9".repeat(400)],
    malformed: ["-1", "80.5", "1e3", "0x50", "http", " 80", "²", 80.5, Number.NaN, true, [], {}],
  },
  {
    setting: "onDrainUrl",
    variable: "NLB_SIDECAR_ON_DRAIN_URL",
    key: "onDrainUrl",
    fallback: undefined,
    right: [
      ["http://127.0.0.1:8080/drain", "http://127.0.0.1:8080/drain", "http://127.0.0.1:8080/drain"],
      ["https://[::1]/a?b=@c", "https://[::1]/a?b=@c", "https://[::1]/a?b=@c"],
    ],
    outside: [],
    malformed: notUrls,
  },
  {
    setting: "onReturnUrl",
    variable: "NLB_SIDECAR_ON_RETURN_URL",
    key: "onReturnUrl",
    fallback: undefined,
    right: [
      ["http://localhost", "http://localhost", "http://localhost"],
      ["https://a.example/x", "https://a.example/x", "https://a.example/x"],
    ],
    outside: [],
    malformed: notUrls,
  },
  {
    setting: "logLevel",
    variable: "NLB_SIDECAR_LOG_LEVEL",
    key: "logLevel",
    fallback: "info",
    right: [
      ["debug", "debug", "debug"],
      ["info", "info", "info"],
      ["warn", "warn", "warn"],
      ["error", "error", "error"],
    ],
    outside: [],
    malformed: ["INFO", "warning", "trace", 1, true, [], {}],
  },
];

const path = "/mounted/settings.yaml";

test("the table has a row for every setting", () => {
  expect(rows.map(({ setting }) => setting)).toEqual(
    Object.keys(parseSettings({})) as (keyof Settings)[],
  );
});

for (const { setting, variable, key, fallback, right, outside, malformed, beside = {} } of rows) {
  const settingsOf = (environment: Record<string, string>, inFile: Record<string, unknown> = {}) =>
    parseSettings(environment, { path, value: { ...beside, ...inFile } });

  describe(`${variable}, ${key}`, () => {
    test(`is ${fallback} by default`, () => {
      expect(parseSettings({})[setting]).toBe(fallback as never);
      expect(parseSettings({}, { path, value: {} })[setting]).toBe(fallback as never);
    });

    test.each(right)(
      "takes %p from the environment and %p from the file, both as %p",
      (text, inFile, value) => {
        expect(settingsOf({ [variable]: text })[setting]).toBe(value as never);
        expect(settingsOf({}, { [key]: inFile })[setting]).toBe(value as never);
      },
    );

    test("is taken from the environment where both have it, and from the file where the variable is empty or blank", () => {
      const [[text, inFile, value], [otherText, otherInFile, otherValue]] = right as [
        Row["right"][0],
        Row["right"][0],
      ];
      expect(settingsOf({ [variable]: text }, { [key]: otherInFile })[setting]).toBe(
        value as never,
      );
      expect(settingsOf({ [variable]: otherText }, { [key]: inFile })[setting]).toBe(
        otherValue as never,
      );
      for (const unset of ["", " ", "\t\n"])
        expect(settingsOf({ [variable]: unset }, { [key]: inFile })[setting]).toBe(value as never);
    });

    for (const [code, values] of [
      ["out-of-bounds", outside],
      ["malformed", malformed],
    ] as const)
      if (values.length > 0)
        test.each(values.map((value) => [value]))(
          `refuses %p as ${code}, from either source`,
          async (came) => {
            const sources: (readonly [string, () => unknown])[] = [
              [`${path}: ${key}`, () => settingsOf({}, { [key]: came })],
            ];
            if (typeof came === "string")
              sources.push([variable, () => settingsOf({ [variable]: came })]);
            for (const [source, refuse] of sources) {
              const faults = await faultsOf(refuse);
              expect(faults).toMatchObject([{ code, source }]);
              expect(faults[0]?.message).toContain(source);
              expect(faults[0]?.message).toContain(faults[0]?.wanted ?? "?");
              expect(faults[0]?.message).toContain(faults[0]?.got ?? "?");
            }
          },
        );

    test.each([[null], [""], [" "]])(
      "is a fault of its own where the file has %p for it",
      async (came) => {
        const faults = await faultsOf(() => settingsOf({}, { [key]: came }));
        expect(faults).toMatchObject([{ code: "empty", source: `${path}: ${key}` }]);
        expect(faults[0]?.message).toContain("is empty");
      },
    );

    test("is judged in the file too where the environment beats it", async () => {
      const [text] = right[0] as Row["right"][0];
      const faults = await faultsOf(() =>
        settingsOf({ [variable]: text }, { [key]: malformed[0] }),
      );
      expect(faults).toMatchObject([{ code: "malformed", source: `${path}: ${key}` }]);
    });
  });
}
