// A clock whose time moves only when everyone waits, and then to the earliest sleeper.

import type { Clock } from "../src/poll.ts";

/** A clock for tests, which starts at 0. */
export interface SteppedClock extends Clock {
  /** How many sleep now: 0 means that no timer would be left behind. */
  readonly sleeping: number;
  /** Moves time until `promise` settles, and gives what it gives. Fails where nobody sleeps and it never can. */
  until<Value>(promise: Promise<Value>): Promise<Value>;
}

/** A stepped clock at 0. */
export function steppedClock(): SteppedClock {
  let nowMs = 0;
  const sleepers = new Set<{ readonly atMs: number; readonly wake: () => void }>();
  return {
    now: () => nowMs,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const wake = (): void => {
          sleepers.delete(sleeper);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        const sleeper = { atMs: nowMs + ms, wake };
        sleepers.add(sleeper);
        signal.addEventListener("abort", wake, { once: true });
      }),
    get sleeping() {
      return sleepers.size;
    },
    async until(promise) {
      let settled = false;
      const settle = (): void => {
        settled = true;
      };
      promise.then(settle, settle);
      for (;;) {
        // One turn of the event loop lets every chain of promises run out.
        await new Promise<void>((resolve) => setImmediate(resolve));
        if (settled) return promise;
        const [earliest] = [...sleepers].sort((a, b) => a.atMs - b.atMs);
        if (earliest === undefined) throw new Error(`nobody sleeps at ${nowMs} ms, for ever`);
        nowMs = earliest.atMs;
        earliest.wake();
      }
    },
  };
}
