// A clock for tests: time moves only when everyone waits, and then to the earliest sleeper.

import type { Clock } from "./clock.ts";

/** A clock whose time a test moves. Sleepers wake in the order of their times, and of their calls where those are equal. */
export interface SimulatedClock extends Clock {
  /** How many sleep now. */
  readonly sleeping: number;
  /** Moves time forward by `ms`, and lets everyone who wakes on the way run until they wait again. */
  advance(ms: number): Promise<void>;
  /**
   * Moves time until `promise` settles, and gives what it gives.
   *
   * @throws Error where it can never settle: it is pending while nobody sleeps; or where time has passed `untilMs`.
   */
  run<T>(promise: Promise<T>, untilMs?: number): Promise<T>;
}

/**
 * A simulated clock. "Everyone waits" means: after `turns` turns of the event loop nobody has called `sleep` anew. One turn lets
 * every chain of promises run out; code that goes through sockets or streams needs more.
 *
 * @param how.startMs where it starts, 0 by default.
 * @param how.turns 1 by default; 10 is plenty for an AWS client with an in-process request handler.
 */
export function simulatedClock(_how?: { startMs?: number; turns?: number }): SimulatedClock {
  throw new Error("not built yet");
}
