// Asking directly: what is local never goes through a proxy, and what was excluded before stays so.

import { describe, expect, test } from "bun:test";
import { askDirectly } from "../src/direct.ts";

const listOf = (env: Record<string, string | undefined>): readonly string[] =>
  (env.NO_PROXY ?? "").split(",");

describe("the hosts that are asked directly", () => {
  test("are those of the metadata and credentials endpoints and of the task itself, under both names", () => {
    const env: Record<string, string | undefined> = {};
    askDirectly(env);
    expect(listOf(env)).toEqual(
      expect.arrayContaining([
        "169.254.170.2",
        "169.254.170.23",
        "169.254.169.254",
        "[fd00:ec2::23]",
        "127.0.0.0/8",
        "[::1]",
        "localhost",
      ]),
    );
    expect(env.no_proxy).toBe(env.NO_PROXY);
  });

  for (const [what, env] of [
    ["NO_PROXY", { NO_PROXY: "example.com, .internal" }],
    ["no_proxy", { no_proxy: "example.com,.internal" }],
    ["either", { NO_PROXY: "example.com", no_proxy: ".internal,example.com" }],
  ] as const)
    test(`stand beside what ${what} gives, each once`, () => {
      const changed: Record<string, string | undefined> = { ...env };
      askDirectly(changed);
      const list = listOf(changed);
      expect(list).toEqual(expect.arrayContaining(["example.com", ".internal", "169.254.170.2"]));
      expect(new Set(list).size).toBe(list.length);
    });

  test("stay the same where it is done twice", () => {
    const env: Record<string, string | undefined> = { NO_PROXY: "example.com" };
    askDirectly(env);
    const once = env.NO_PROXY;
    askDirectly(env);
    expect(env.NO_PROXY).toBe(once);
  });

  test("are all that changes: the proxy itself is left alone", () => {
    const env: Record<string, string | undefined> = { HTTP_PROXY: "http://proxy:3128" };
    askDirectly(env);
    expect(env.HTTP_PROXY).toBe("http://proxy:3128");
  });
});
