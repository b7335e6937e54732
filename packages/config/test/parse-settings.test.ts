// What the settings table cannot say by rows: several settings together, and names that no setting has.

import { describe, expect, test } from "bun:test";
import { parseSettings } from "../src/index.ts";
import { errorOf, faultsOf } from "./faults-of.ts";

const path = "/etc/nlb-sidecar/config.yaml";

describe("all faults come at once", () => {
  test("from both sources, in the table's order, then unknown names, then contradictions", async () => {
    const error = await errorOf(() =>
      parseSettings(
        {
          POLLING_FREQUENCY: "0",
          NLB_SIDECAR_MODE: "watch",
          NLB_SIDECAR_LOGLEVEL: "warn",
          NLB_SIDECAR_DEREGISTER_ON_STOP: "true",
        },
        { path, value: { deregistrationWait: "1e3", pollInterval: null, drainWen: "any" } },
      ),
    );
    expect(error).toMatchObject({ name: "ConfigError", code: "faulty-settings", transient: false });
    expect(error.faults.map(({ code, source }) => [code, source])).toEqual([
      ["malformed", `${path}: deregistrationWait`],
      ["empty", `${path}: pollInterval`],
      ["out-of-bounds", "POLLING_FREQUENCY"],
      ["malformed", "NLB_SIDECAR_MODE"],
      ["unknown", `${path}: drainWen`],
      ["unknown", "NLB_SIDECAR_LOGLEVEL"],
      ["contradiction", "NLB_SIDECAR_DEREGISTER_ON_STOP"],
    ]);
    for (const { message } of error.faults) expect(error.message).toContain(`\n- ${message}`);
  });

  test("a fault is one whole sentence", async () => {
    expect(await faultsOf(() => parseSettings({ NLB_SIDECAR_MODE: "watch" }))).toEqual([
      {
        code: "malformed",
        source: "NLB_SIDECAR_MODE",
        wanted: "act or observe",
        got: '"watch"',
        message: 'NLB_SIDECAR_MODE wants act or observe, and got "watch".',
      },
    ]);
  });

  test("the error names its one fault without a count", async () => {
    const { message } = await errorOf(() => parseSettings({ NLB_SIDECAR_MODE: "watch" }));
    expect(message).toStartWith("The settings have a fault:\n- NLB_SIDECAR_MODE");
  });
});

describe("unknown names", () => {
  test.each([
    ["NLB_SIDECAR_MOED", "NLB_SIDECAR_MODE"],
    ["NLB_SIDECAR_DRAINWHEN", "NLB_SIDECAR_DRAIN_WHEN"],
    ["NLB_SIDECAR_DEREGISTRATION_WAIT", "DEREGISTRATION_WAIT"],
    ["NLB_SIDECAR_POLL_INTERVAL", "POLLING_FREQUENCY"],
    ["NLB_SIDECAR_TARGET_CONTAINER", "TARGET_CONTAINER_NAME"],
    ["NLB_SIDECAR_TIMEOUT", "NLB_SIDECAR_DRAIN_TIMEOUT"],
    ["NLB_SIDECAR_CONFIG_FILE", "NLB_SIDECAR_CONFIG"],
    ["nlb_sidecar_mode", "NLB_SIDECAR_MODE"],
    ["Nlb_Sidecar_Config", "NLB_SIDECAR_CONFIG"],
  ])("the variable %s is a fault that names %s", async (name, nearest) => {
    const faults = await faultsOf(() => parseSettings({ [name]: "x" }));
    expect(faults).toMatchObject([{ code: "unknown", source: name, wanted: nearest }]);
    expect(faults[0]?.message).toBe(`${name} is no setting; the nearest known name is ${nearest}.`);
  });

  test.each([
    ["Mode", "mode"],
    ["deregistration_wait", "deregistrationWait"],
    ["POLLING_FREQUENCY", "pollInterval"],
    ["poll", "pollInterval"],
    ["NLB_SIDECAR_FAULT_POLICY", "faultPolicy"],
    ["onDrainUlr", "onDrainUrl"],
    ["targetContainerName", "targetContainer"],
  ])("the file's key %s is a fault that names %s", async (key, nearest) => {
    const faults = await faultsOf(() => parseSettings({}, { path, value: { [key]: 1 } }));
    expect(faults).toMatchObject([{ code: "unknown", source: `${path}: ${key}`, wanted: nearest }]);
  });

  test.each([["__proto__"], ["constructor"], ["toString"], ["hasOwnProperty"]])(
    "the file's key %s is as unknown as any other",
    async (key) => {
      const value = JSON.parse(`{ "${key}": { "mode": "observe" } }`);
      expect(await faultsOf(() => parseSettings({}, { path, value }))).toMatchObject([
        { code: "unknown", source: `${path}: ${key}` },
      ]);
    },
  );

  test("a setting that the file only inherits is not there", () => {
    expect(parseSettings({}, { path, value: Object.create({ mode: "observe" }) }).mode).toBe("act");
  });

  test("variables without the prefix are strangers, and so is an unknown one that is empty", () => {
    const strangers = {
      PATH: "/bin",
      MODE: "x",
      deregistration_wait: "x",
      MY_NLB_SIDECAR_MODE: "x",
      NLB_SIDECAR: "x",
      NLB_SIDECAR_MOED: "",
      NLB_SIDECAR_NONE: undefined,
    };
    expect(parseSettings(strangers)).toEqual(parseSettings({}));
  });

  test("of many, the first twenty are named and the rest are counted", async () => {
    const value = Object.fromEntries(
      Array.from({ length: 50_000 }, (_, index) => [`key${index}`, 1]),
    );
    const faults = await faultsOf(() => parseSettings({}, { path, value }));
    expect(faults).toHaveLength(21);
    expect(faults.at(-1)?.message).toBe(`${path} has 49980 more unknown names.`);
  });

  test("$schema is allowed in the file and ignored, whatever it holds", () => {
    for (const $schema of ["./schema.json", 5, null, {}])
      expect(parseSettings({}, { path, value: { $schema } })).toEqual(parseSettings({}));
  });
});

describe("the file as a whole", () => {
  test.each([[null], [undefined], [{}]])("%p in it is no setting", (value) => {
    expect(parseSettings({}, { path, value })).toEqual(parseSettings({}));
  });

  test.each([
    [["mode"], "a list"],
    ["mode", '"mode"'],
    [5, "5"],
    [false, "false"],
  ])("%p in it is a fault", async (value, got) => {
    const faults = await faultsOf(() => parseSettings({}, { path, value }));
    expect(faults).toMatchObject([{ code: "malformed", source: path, got }]);
  });
});

describe("settings that depend on each other", () => {
  test("the drain time-out follows the deregistration wait where it is unset", () => {
    expect(parseSettings({ DEREGISTRATION_WAIT: "300" }).drainTimeoutMs).toBe(300_000);
    expect(parseSettings({}, { path, value: { deregistrationWait: 0 } }).drainTimeoutMs).toBe(0);
  });

  test("a drain time-out below the deregistration wait is a fault that names both sources", async () => {
    const faults = await faultsOf(() =>
      parseSettings({ DEREGISTRATION_WAIT: "5m" }, { path, value: { drainTimeout: "4m" } }),
    );
    expect(faults).toMatchObject([
      { code: "contradiction", source: `${path}: drainTimeout`, got: "240s" },
    ]);
    expect(faults[0]?.wanted).toBe(
      "at least the deregistration wait of 300s (DEREGISTRATION_WAIT)",
    );
  });

  test("a drain time-out below the default wait is a fault too, one equal to it is none", async () => {
    const faults = await faultsOf(() => parseSettings({ NLB_SIDECAR_DRAIN_TIMEOUT: "119.999" }));
    expect(faults[0]).toMatchObject({ code: "contradiction", got: "119999ms" });
    expect(faults[0]?.message).toContain("120s (the default)");
    expect(parseSettings({ NLB_SIDECAR_DRAIN_TIMEOUT: "120" }).drainTimeoutMs).toBe(120_000);
  });

  test("deregistering on stop without a stop hold is a fault", async () => {
    for (const hold of [{}, { stopHold: 0 }])
      expect(
        await faultsOf(() =>
          parseSettings({ NLB_SIDECAR_DEREGISTER_ON_STOP: "true" }, { path, value: hold }),
        ),
      ).toMatchObject([{ code: "contradiction", source: "NLB_SIDECAR_DEREGISTER_ON_STOP" }]);
    expect(
      parseSettings({ NLB_SIDECAR_DEREGISTER_ON_STOP: "true" }, { path, value: { stopHold: 1 } })
        .deregisterOnStop,
    ).toBe(true);
  });

  test("a faulty setting brings no second fault with it", async () => {
    expect(
      await faultsOf(() =>
        parseSettings({ DEREGISTRATION_WAIT: "x", NLB_SIDECAR_DRAIN_TIMEOUT: "1" }),
      ),
    ).toHaveLength(1);
    expect(
      await faultsOf(() =>
        parseSettings({ NLB_SIDECAR_STOP_HOLD: "x", NLB_SIDECAR_DEREGISTER_ON_STOP: "true" }),
      ),
    ).toHaveLength(1);
  });
});

describe("what is printed", () => {
  test.each([
    ["ftp://user:secret@127.0.0.1/", '"ftp://***@127.0.0.1/"'],
    ["http://user:secret@127.0.0.1/a@b", '"http://***@b"'],
    ["http://user:se/cr#et@127.0.0.1/", '"http://***@127.0.0.1/"'],
    ["http://user:secr@et@127.0.0.1/", '"http://***@127.0.0.1/"'],
    ["http:user:secret@127.0.0.1", '"http:***@127.0.0.1"'],
    ["secret@127.0.0.1", '"***@127.0.0.1"'],
    ["http://user:sec\nret@127.0.0.1/", '"http://***@127.0.0.1/"'],
  ])("of %p, nothing before the @", async (url, got) => {
    for (const variable of ["NLB_SIDECAR_ON_DRAIN_URL", "NLB_SIDECAR_MODE"]) {
      const error = await errorOf(() => parseSettings({ [variable]: url }));
      expect(error.faults[0]?.got).toBe(got);
      expect(error.message).not.toContain("secret");
    }
  });

  test.each([
    ["ftp://127.0.0.1/", '"ftp://127.0.0.1/"'],
    ["ftp://127.0.0.1:80/secret", '"ftp://127.0.0.1:80/***"'],
    ["http://127.0.0.1:99999/?token=secret", '"http://127.0.0.1:99999/***"'],
    ["http://127.0.0.1:99999?token=secret", '"http://127.0.0.1:99999?***"'],
    ["http://a b#secret", '"http://a b#***"'],
    ["127.0.0.1:80/secret", '"127.0.0.1:80/***"'],
    ["http:/secret?secret", '"http:/***"'],
    ["ftp://user:secret@127.0.0.1/secret\nsecret", '"ftp://***@127.0.0.1/***"'],
  ])("of %p, no path and no query", async (url, got) => {
    for (const variable of ["NLB_SIDECAR_ON_DRAIN_URL", "NLB_SIDECAR_MODE"]) {
      const error = await errorOf(() => parseSettings({ [variable]: url }));
      expect(error.faults[0]?.got).toBe(got);
      expect(error.message).not.toContain("secret");
    }
  });

  test.each([
    ["a\nb", '"a\\u{a}b"'],
    ["\u001b[31mred", '"\\u{1b}[31mred"'],
    ["act\u200b", '"act\\u{200b}"'],
    ["a\u00a0b", '"a\\u{a0}b"'],
    ["a\u2028b", '"a\\u{2028}b"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ["²٣", '"²٣"'],
    ["a\ud800b", '"a\ufffdb"'],
    ["x".repeat(300_000), `"${"x".repeat(48)}..."`],
    ["𝒳".repeat(49), `"${"𝒳".repeat(48)}..."`],
    ["𝒳".repeat(48), `"${"𝒳".repeat(48)}"`],
  ])(
    "%#: a text on one line, bounded, with what cannot be seen made visible",
    async (text, got) => {
      expect((await faultsOf(() => parseSettings({ NLB_SIDECAR_MODE: text })))[0]?.got).toBe(got);
    },
  );

  test("a name as a text is", async () => {
    const value = { "a\nb": 1, [`k${"x".repeat(300_000)}`]: 1 };
    const faults = await faultsOf(() => parseSettings({}, { path, value }));
    expect(faults.map(({ source }) => source)).toEqual([
      `${path}: "a\\u{a}b"`,
      `${path}: "k${"x".repeat(47)}..."`,
    ]);
  });

  test("the value of an unknown variable never", async () => {
    const { message } = await errorOf(() => parseSettings({ NLB_SIDECAR_TOKEN: "secret" }));
    expect(message).not.toContain("secret");
  });
});
