// The command line, row by row.

import { describe, expect, test } from "bun:test";
import { faultNames } from "../src/faults.ts";
import { help, type Options, parseOptions } from "../src/options.ts";

const plain: Options = {
  scenario: "deploy",
  mode: "awsvpc",
  faults: [],
  withSidecar: true,
  executable: undefined,
  json: false,
};

describe("a command line that is understood", () => {
  const rows: readonly (readonly [string, Partial<Options>])[] = [
    ["", {}],
    ["--mode bridge", { mode: "bridge" }],
    ["--mode=host", { mode: "host" }],
    ["--mode bridge --mode host", { mode: "host" }],
    ["--fault throttle", { faults: ["throttle"] }],
    ["--fault=hang --fault throttle --fault hang", { faults: ["hang", "throttle"] }],
    ["--without-sidecar --json", { withSidecar: false, json: true }],
    ["--sidecar dist/nlb-sidecar", { executable: "dist/nlb-sidecar" }],
    ["--sidecar=a=b", { executable: "a=b" }],
    ["--idle-exit --mode host", { scenario: "idle-exit", mode: "host" }],
    ["--stop-task --mode bridge", { scenario: "stop-task", mode: "bridge" }],
    ["--spot", { scenario: "spot" }],
    ["--spot --spot", { scenario: "spot" }],
  ];
  test.each(rows)("%p", (line, expected) => {
    expect(parseOptions(line.split(" ").filter((word) => word !== ""))).toEqual({
      kind: "play",
      options: { ...plain, ...expected },
    });
  });

  test("--help wins over what follows it", () => {
    expect(parseOptions(["--help", "--nonsense"])).toEqual({ kind: "help" });
    expect(parseOptions(["-h"])).toEqual({ kind: "help" });
  });

  test("every fault has its name", () => {
    for (const name of faultNames)
      expect(parseOptions(["--fault", name])).toMatchObject({ options: { faults: [name] } });
  });
});

describe("a command line that is not", () => {
  const rows: readonly (readonly [string, string])[] = [
    ["--mood bridge", 'unknown option "--mood"; did you mean --mode?'],
    ["--without-sidcar", 'unknown option "--without-sidcar"; did you mean --without-sidecar?'],
    ["-x", 'unknown option "-x"; known: --mode, --fault, '],
    ["--mode bridged", 'unknown network mode "bridged"; did you mean bridge?'],
    ["--mode kubernetes", 'unknown network mode "kubernetes"; known: awsvpc, bridge, host'],
    ["--fault throtle", 'unknown fault "throtle"; did you mean throttle?'],
    ["--mode", "--mode wants a value: awsvpc, bridge, host"],
    ["--mode=", "--mode wants a value: awsvpc, bridge, host"],
    ["--fault --json", "--fault wants a value: throttle, "],
    ["--sidecar", "--sidecar wants a value: the path of an executable"],
    ["bridge", '"bridge" is not expected here; options begin with --'],
    ["--spot --stop-task", "--spot and --stop-task exclude each other"],
    ["--spot --without-sidecar", "--without-sidecar and --spot exclude each other"],
    ["--sidecar x --without-sidecar", "--without-sidecar and --sidecar exclude each other"],
    ["--idle-exit --mode bridge", "--idle-exit needs --mode awsvpc or host"],
    ["--spot --mode host", "--spot needs --mode awsvpc"],
  ];
  test.each(rows)("%p: %p", (line, message) => {
    const read = parseOptions(line.split(" "));
    expect(read.kind).toBe("usage");
    expect(read.kind === "usage" ? read.message : "").toStartWith(message);
  });
});

test("the help names every option and every fault", () => {
  for (const name of [
    "--mode",
    "--fault",
    "--without-sidecar",
    "--sidecar",
    "--idle-exit",
    "--stop-task",
    "--spot",
    "--json",
    "--help",
    ...faultNames,
  ])
    expect(help).toContain(name);
});
