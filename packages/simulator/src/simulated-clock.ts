// A clock for tests: time moves only when everyone waits, and then to the earliest sleeper.

import { type Clock, eventLoopTurn, realClock } from "./clock.ts";

/** A clock whose time a test moves. Sleepers wake in the order of their times, and of their calls where those are equal. */
export interface SimulatedClock extends Clock {
  /** How many sleep now. */
  readonly sleeping: number;
  /** Moves time forward by `ms`, and lets everyone who wakes on the way run until they wait again. */
  advance(ms: number): Promise<void>;
  /**
   * Moves time until `promise` settles, and gives what it gives.
   *
   * @param untilMs the last moment that it may wait for; no limit by default.
   * @throws Error where it can never settle: it is pending while nobody sleeps; or where time would pass `untilMs`.
   */
  run<T>(promise: Promise<T>, untilMs?: number): Promise<T>;
}

// What is waited for may hang on something that no clock shows, such as code that is being loaded: a second of real time is given.
async function elsewhere(over: () => boolean): Promise<void> {
  const never = new AbortController().signal;
  for (let tries = 0; tries < 200 && !over(); tries += 1) await realClock.sleep(5, never);
}

interface Sleeper {
  readonly atMs: number;
  readonly wake: () => void;
}

/**
 * A simulated clock. "Everyone waits" means: after `turns` turns of the event loop nobody has called `sleep` anew. One turn lets
 * every chain of promises run out; code that goes through streams, as AWS clients do, needs more.
 *
 * @param how.startMs where it starts; 0 by default.
 * @param how.turns 1 by default; 10 is plenty for an AWS client with an in-process request handler.
 */
export function simulatedClock({
  startMs = 0,
  turns = 1,
}: {
  readonly startMs?: number;
  readonly turns?: number;
} = {}): SimulatedClock {
  let nowMs = startMs;
  let naps = 0;
  const sleepers: Sleeper[] = [];

  const remove = (sleeper: Sleeper): void => {
    const index = sleepers.indexOf(sleeper);
    if (index >= 0) sleepers.splice(index, 1);
  };

  const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise<void>((resolve) => {
      if (signal.aborted) return resolve();
      naps += 1;
      const wake = (): void => {
        remove(sleeper);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      const sleeper: Sleeper = { atMs: nowMs + Math.max(0, ms), wake };
      const after = sleepers.findIndex(({ atMs }) => atMs > sleeper.atMs);
      sleepers.splice(after < 0 ? sleepers.length : after, 0, sleeper);
      signal.addEventListener("abort", wake, { once: true });
    });

  const everyoneWaits = async (): Promise<void> => {
    for (let quiet = 0, seen = naps; quiet < turns; quiet += 1) {
      await eventLoopTurn();
      if (naps !== seen) {
        seen = naps;
        quiet = -1;
      }
    }
  };

  const wakeEarliest = async (earliest: Sleeper): Promise<void> => {
    nowMs = earliest.atMs;
    earliest.wake();
    await everyoneWaits();
  };

  return {
    now: () => nowMs,
    sleep,
    get sleeping() {
      return sleepers.length;
    },
    async advance(ms) {
      const untilMs = nowMs + ms;
      await everyoneWaits();
      for (;;) {
        const earliest = sleepers[0];
        if (earliest === undefined || earliest.atMs > untilMs) break;
        await wakeEarliest(earliest);
      }
      nowMs = untilMs;
    },
    async run(promise, untilMs = Number.POSITIVE_INFINITY) {
      let settled = false;
      const settle = (): void => {
        settled = true;
      };
      promise.then(settle, settle);
      await everyoneWaits();
      while (!settled) {
        if (sleepers.length === 0) await elsewhere(() => settled || sleepers.length > 0);
        if (settled) break;
        const earliest = sleepers[0];
        if (earliest === undefined)
          throw new Error(`Nobody sleeps at ${nowMs} ms, and what is waited for is still pending`);
        if (earliest.atMs > untilMs)
          throw new Error(`What is waited for is still pending at ${untilMs} ms`);
        await wakeEarliest(earliest);
      }
      return promise;
    },
  };
}
