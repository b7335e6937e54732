// The real clock.

import type { Clock } from "@nlb-sidecar/health";

// A longer timer would fire at once.
const sleepMaxMs = 2 ** 31 - 1;

/** The machine's monotonic clock. A sleep resolves when its time is up or its signal aborts, and leaves nothing behind. */
export const realClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      // Of a fraction of a millisecond the runtime's timer makes nothing, and fires too early.
      const timer = setTimeout(wake, Math.min(Math.ceil(Math.max(0, ms)), sleepMaxMs));
      signal.addEventListener("abort", wake, { once: true });
    }),
};
