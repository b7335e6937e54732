// A token bucket that others drink from too: how AWS throttles an account.

/** What a bucket holds, what flows in, and what others take. */
export interface TokenBucketSize {
  readonly capacity: number;
  readonly refillPerSecond: number;
  /** Other callers of the account, at random moments. */
  readonly otherCallsPerSecond: number;
}

/** A token bucket, full at first. */
export interface TokenBucket {
  /** How many whole tokens are there at `nowMs`, which never goes back. */
  level(nowMs: number): number;
  /** Takes one at `nowMs`; false, and none taken, where there is none. */
  take(nowMs: number): boolean;
}

// Longer ago than this has no influence on the level: a bucket of 100 at 20 a second is full again after 5 s.
const memoryMs = 60_000;

/** A full bucket. `random` gives the moments at which others call. */
export function createTokenBucket(
  { capacity, refillPerSecond, otherCallsPerSecond }: TokenBucketSize,
  random: () => number,
): TokenBucket {
  let level = capacity;
  let settledMs: number | undefined;
  let nextEventMs: number | undefined;

  const refill = (nowMs: number): void => {
    const elapsedMs = Math.max(0, nowMs - (settledMs ?? nowMs));
    level = Math.min(capacity, level + (elapsedMs / 1000) * refillPerSecond);
    settledMs = nowMs;
  };

  // With others the tokens, too, come at random moments: at regular ones, a caller with a regular pace would always come just
  // before the others, or just after them.
  const contend = (nowMs: number): void => {
    const eventsPerSecond = refillPerSecond + otherCallsPerSecond;
    const gapMs = (): number => (-Math.log(1 - random()) / eventsPerSecond) * 1000;
    let atMs = Math.max(nextEventMs ?? Number.NEGATIVE_INFINITY, nowMs - memoryMs);
    for (; atMs <= nowMs; atMs += gapMs()) {
      if (random() * eventsPerSecond < refillPerSecond) level = Math.min(capacity, level + 1);
      else level = Math.max(0, level - 1);
    }
    nextEventMs = atMs;
  };
  const settle = otherCallsPerSecond > 0 ? contend : refill;

  return {
    level(nowMs) {
      settle(nowMs);
      return Math.floor(level);
    },
    take(nowMs) {
      settle(nowMs);
      if (level < 1) return false;
      level -= 1;
      return true;
    },
  };
}
