// The command line: nothing to say runs it, and what it does not know is told.

import { describe, expect, test } from "bun:test";
import { parseCommandLine } from "../src/command-line.ts";
import { version } from "../src/version.ts";

const printed = (...words: string[]) => {
  const command = parseCommandLine(words);
  return command.command === "print" ? command : undefined;
};

describe("the command line", () => {
  for (const words of [[], ["run"]])
    test(`"${words.join(" ")}" runs`, () => {
      expect(parseCommandLine(words)).toEqual({ command: "run" });
    });

  for (const word of ["--help", "-h", "help"])
    test(`"${word}" prints the usage and ends with 0`, () => {
      expect(printed(word)?.exitCode).toBe(0);
      expect(printed(word)?.text).toContain("Usage: nlb-sidecar");
    });

  for (const word of ["--version", "-v"])
    test(`"${word}" prints the version and ends with 0`, () => {
      expect(printed(word)).toEqual({ command: "print", text: `${version}\n`, exitCode: 0 });
    });

  for (const words of [["--wait", "30"], ["run", "now"], ["runs"], ["--help", "me"], [""]])
    test(`"${words.join(" ")}" is not known: ends with 2`, () => {
      expect(printed(...words)?.exitCode).toBe(2);
      expect(printed(...words)?.text).toContain(words.join(" "));
    });

  test("a long unknown word is cut", () => {
    expect(printed("x".repeat(100_000))?.text.length).toBeLessThan(300);
  });

  test("the usage names every setting", () => {
    const text = printed("--help")?.text ?? "";
    for (const variable of [
      "DEREGISTRATION_WAIT",
      "POLLING_FREQUENCY",
      "TARGET_CONTAINER_NAME",
      "NLB_SIDECAR_CONFIG",
      "NLB_SIDECAR_MODE",
      "NLB_SIDECAR_DRAIN_WHEN",
      "NLB_SIDECAR_TASK_SIGNAL",
      "NLB_SIDECAR_DRAIN_TIMEOUT",
      "NLB_SIDECAR_STOP_HOLD",
      "NLB_SIDECAR_DEREGISTER_ON_STOP",
      "NLB_SIDECAR_FAULT_POLICY",
      "NLB_SIDECAR_STATUS_PORT",
      "NLB_SIDECAR_ON_DRAIN_URL",
      "NLB_SIDECAR_ON_RETURN_URL",
      "NLB_SIDECAR_LOG_LEVEL",
    ])
      expect(text).toContain(variable);
  });
});
