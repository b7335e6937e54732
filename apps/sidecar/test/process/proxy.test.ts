// A proxy in the environment: AWS is asked through it, and what is on this machine or link never is.

import { describe, expect, test } from "bun:test";
import { type Beginning, beginLife, describeTargetHealth, type Life, testMs } from "./life.ts";
import { startProxy } from "./proxy.ts";

const upper = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
const lower = upper.map((name) => name.toLowerCase());
const cases: Readonly<Record<string, readonly string[]>> = {
  "in capitals": upper,
  "in small letters": lower,
  "in both": [...upper, ...lower],
};

// Nobody knows this name: who is answered under it has gone through the proxy.
const elsewhere = { AWS_ENDPOINT_URL: "http://aws.invalid" };

async function beginBehind(
  proxy: { readonly url: string; forwardTo(origin: string): void },
  names: readonly string[],
  env: Readonly<Record<string, string>>,
  beginning: Beginning = {},
): Promise<Life> {
  const proxies = Object.fromEntries(names.map((name) => [name, proxy.url]));
  const life = await beginLife({ ...beginning, env: { ...proxies, ...env } });
  proxy.forwardTo(life.origin);
  return life;
}

describe.concurrent("with proxies named", () => {
  for (const [how, names] of Object.entries(cases)) {
    test(
      `${how}, loopback addresses are asked directly, to the end of the drain`,
      async () => {
        await using proxy = await startProxy();
        await using life = await beginBehind(proxy, names, {});
        await life.healthy();
        life.drain();
        expect((await life.sidecar.exit()).code).toBe(0);
        expect(proxy.hosts).toEqual([]);
      },
      testMs,
    );

    test(
      `${how}, AWS is asked through the proxy, metadata and credentials directly`,
      async () => {
        await using proxy = await startProxy();
        await using life = await beginBehind(proxy, names, elsewhere);
        await life.healthy();
        life.drain();
        expect((await life.sidecar.exit()).code).toBe(0);
        expect([...new Set(proxy.hosts)]).toEqual(["aws.invalid"]);
        const direct = life.calls().filter(({ action }) => /^(metadata|credentials):/.test(action));
        expect(life.calls()).toHaveLength(direct.length + proxy.hosts.length);
      },
      testMs,
    );

    test(
      `${how}, an endpoint of AWS with TLS is asked for through the proxy`,
      async () => {
        await using proxy = await startProxy();
        await using life = await beginBehind(proxy, names, {
          AWS_ENDPOINT_URL: "https://aws.invalid",
        });
        await life.sidecar.line("fault", ({ source }) => source === "targets");
        expect(new Set(proxy.hosts)).toEqual(new Set(["aws.invalid:443"]));
      },
      testMs,
    );

    // The proxy would answer, with the simulator's words; the addresses themselves lead nowhere here.
    test(
      `${how}, the task metadata endpoint's own address is asked directly`,
      async () => {
        await using proxy = await startProxy();
        await using life = await beginBehind(proxy, names, {
          ECS_CONTAINER_METADATA_URI_V4: "http://169.254.170.2/v4/4e2a8c1d",
        });
        await life.sidecar.line("fault", ({ source }) => source === "task-metadata");
        expect(proxy.hosts).toEqual([]);
      },
      testMs,
    );

    test(
      `${how}, the credentials endpoint's own address is asked directly`,
      async () => {
        await using proxy = await startProxy();
        await using life = await beginBehind(proxy, names, {
          AWS_CONTAINER_CREDENTIALS_FULL_URI: "",
          AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/v2/credentials/0000",
        });
        await life.sidecar.line("fault", ({ source }) => source === "targets");
        expect(proxy.hosts).toEqual([]);
      },
      testMs,
    );
  }
});

describe.concurrent("hosts that the user excludes from the proxy", () => {
  for (const name of ["NO_PROXY", "no_proxy"])
    test(
      `by ${name} stay excluded`,
      async () => {
        await using proxy = await startProxy();
        await using life = await beginBehind(proxy, upper, {
          ...elsewhere,
          [name]: "other.invalid, aws.invalid",
        });
        // A name that nobody knows cannot be reached directly.
        await life.sidecar.line("fault", ({ source }) => source === "targets");
        expect(proxy.hosts).toEqual([]);
        expect(life.calls(describeTargetHealth)).toEqual([]);
      },
      testMs,
    );

  test(
    "leave the others to the proxy",
    async () => {
      await using proxy = await startProxy();
      await using life = await beginBehind(proxy, upper, {
        ...elsewhere,
        NO_PROXY: "other.invalid",
      });
      await life.healthy();
      expect([...new Set(proxy.hosts)]).toEqual(["aws.invalid"]);
    },
    testMs,
  );
});
