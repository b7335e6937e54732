// Credentials: a chain that hangs or fails costs one call, and the next one asks anew.

import { describe, expect, test } from "bun:test";
import { simulatedClock } from "@nlb-sidecar/simulator";
import { credentialProvider } from "../src/credentials.ts";

const good = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };
const env = { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/v2/credentials/1" };
const hang = (): Promise<typeof good> => new Promise<typeof good>(() => {});
const messageOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "resolved",
    (error: Error) => `${error.name}: ${error.message}`,
  );

describe("a chain of credential providers", () => {
  test("that answers is asked again after half a minute, without a new one: the clients share what it gave", async () => {
    const clock = simulatedClock();
    let chains = 0;
    let asked = 0;
    const provider = credentialProvider(clock, env, () => {
      chains += 1;
      return async () => {
        asked += 1;
        return good;
      };
    });
    expect(await clock.run(Promise.all([provider(), provider()]))).toEqual([good, good]);
    await clock.advance(29_999);
    expect(await clock.run(provider())).toEqual(good);
    expect([chains, asked]).toEqual([1, 1]);
    await clock.advance(1);
    expect(await clock.run(provider())).toEqual(good);
    expect([chains, asked]).toEqual([1, 2]);
  });

  test("that hangs rejects after 4 seconds, in time for the call to tell of it, and the next call asks a new one", async () => {
    const clock = simulatedClock();
    let chains = 0;
    const provider = credentialProvider(clock, env, () => {
      chains += 1;
      return chains === 1 ? hang : async () => good;
    });
    expect(await clock.run(messageOf(provider()))).toBe(
      "CredentialsProviderError: no credentials: no answer within 4 s",
    );
    expect(clock.now()).toBe(4_000);
    expect(await clock.run(provider())).toEqual(good);
    expect([chains, clock.now(), clock.sleeping]).toEqual([2, 4_000, 0]);
  });

  test("that fails is told in its own words, and made anew", async () => {
    const clock = simulatedClock();
    let chains = 0;
    const provider = credentialProvider(clock, env, () => {
      chains += 1;
      return () => Promise.reject(new Error("the endpoint answered 500"));
    });
    const message = await clock.run(messageOf(provider()));
    expect(message).toBe("CredentialsProviderError: no credentials: the endpoint answered 500");
    expect(chains).toBe(2);
  });

  test("without any source to ask is told as a missing task role", async () => {
    const clock = simulatedClock();
    const provider = credentialProvider(clock, {}, () => () => Promise.reject(new Error("ENOENT")));
    expect(await clock.run(messageOf(provider()))).toContain("the task has no task role");
  });
});
