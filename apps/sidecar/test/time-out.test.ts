// A call's own time-out: it settles in time whatever the call does, and leaves nobody asleep.

import { describe, expect, test } from "bun:test";
import { simulatedClock } from "@nlb-sidecar/simulator";
import { callTimeoutMs, timed, within } from "../src/time-out.ts";

const never = new AbortController().signal;
const hang = <Value>(): Promise<Value> => new Promise<Value>(() => {});
const fate = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    (value) => `resolved with ${value}`,
    (error: Error) => `${error.name}: ${error.message}`,
  );

describe("within", () => {
  test("resolves with what the call resolves with, and leaves no sleeper", async () => {
    const clock = simulatedClock();
    expect(await clock.run(within(clock, 5_000, async () => "v", never))).toBe("v");
    expect(clock.sleeping).toBe(0);
  });

  test("rejects with what the call throws", async () => {
    const clock = simulatedClock();
    const call = () => Promise.reject(new RangeError("r"));
    expect(await clock.run(fate(within(clock, 5_000, call, never)))).toBe("RangeError: r");
    expect(clock.sleeping).toBe(0);
  });

  test("rejects a call that hangs, after its time and not before", async () => {
    const clock = simulatedClock();
    const call = within(clock, 5_000, hang, never);
    expect(await clock.run(fate(call))).toBe("TimeoutError: no answer within 5 s");
    expect(clock.now()).toBe(5_000);
  });

  test("gives the call a signal that aborts with the time-out", async () => {
    const clock = simulatedClock();
    let given = never;
    const call = within(
      clock,
      1_000,
      (signal) => {
        given = signal;
        return hang();
      },
      never,
    );
    await clock.run(fate(call));
    expect(given.aborted).toBe(true);
  });

  test("rejects at once as the signal aborts, though the call does not heed it, and leaves no sleeper", async () => {
    const clock = simulatedClock();
    const stop = new AbortController();
    const call = fate(within(clock, 5_000, hang, stop.signal));
    await clock.advance(1_000);
    stop.abort();
    expect(await clock.run(call)).toBe("AbortError: the call was given up");
    expect([clock.now(), clock.sleeping]).toEqual([1_000, 0]);
  });

  test("makes no call where the signal has aborted", async () => {
    const clock = simulatedClock();
    let calls = 0;
    const ask = async () => {
      calls += 1;
    };
    const call = within(clock, 5_000, ask, AbortSignal.abort());
    expect(await fate(call)).toStartWith("AbortError");
    expect(calls).toBe(0);
  });

  test("lets a call that rejects after its time-out reject unheard", async () => {
    const clock = simulatedClock();
    const call = () =>
      clock.sleep(9_000, never).then(() => Promise.reject(new Error("too late to matter")));
    expect(await clock.run(fate(within(clock, 5_000, call, never)))).toStartWith("TimeoutError");
    await clock.advance(10_000);
  });
});

describe("a timed client", () => {
  test("answers, and rejects each call that takes longer than the time-out by itself", async () => {
    const clock = simulatedClock();
    let calls = 0;
    const client = timed(clock, {
      send: (command: string) => {
        calls += 1;
        return calls === 2 ? hang<string>() : Promise.resolve(command);
      },
    });
    expect(await clock.run(client.send("one"))).toBe("one");
    expect(await clock.run(fate(client.send("two")))).toStartWith("TimeoutError");
    expect(clock.now()).toBe(callTimeoutMs);
    expect(await clock.run(client.send("three"))).toBe("three");
  });
});
