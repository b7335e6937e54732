// The clock that everything here reads: the one that passes by itself.

/** A monotonic clock. The world, its faults and the in-process handlers look at no other. */
export interface Clock {
  /** Milliseconds since a moment of its own, never backwards. */
  now(): number;
  /** Resolves after `ms`, or at once when `signal` fires; leaves no timer and no listener behind, and never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** The clock of this process. */
export const realClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise<void>((resolve) => {
      if (signal.aborted) return resolve();
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      signal.addEventListener("abort", wake, { once: true });
    }),
};

/** The wall clock's time, since 1970, when `realClock` showed 0. */
export const processStartMs: number = performance.timeOrigin;

/** Resolves when the event loop has gone round once: every chain of promises has run out by then. */
export const eventLoopTurn = (): Promise<void> =>
  new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
