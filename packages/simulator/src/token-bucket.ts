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
export function createTokenBucket(size: TokenBucketSize, random: () => number): TokenBucket {
  let level = size.capacity;
  let levelMs = Number.NEGATIVE_INFINITY;
  let otherMs = Number.NEGATIVE_INFINITY;

  const fill = (atMs: number): void => {
    if (atMs <= levelMs) return;
    const grown = Number.isFinite(levelMs)
      ? level + ((atMs - levelMs) / 1000) * size.refillPerSecond
      : size.capacity;
    level = Math.min(size.capacity, grown);
    levelMs = atMs;
  };
  const gapMs = (): number => (-Math.log(1 - random()) / size.otherCallsPerSecond) * 1000;

  const settle = (nowMs: number): void => {
    if (size.otherCallsPerSecond > 0) {
      if (otherMs < nowMs - memoryMs) otherMs = nowMs - memoryMs;
      for (let next = otherMs; ; next += gapMs()) {
        otherMs = next;
        if (next > nowMs) break;
        fill(next);
        if (level >= 1) level -= 1;
      }
    }
    fill(nowMs);
  };

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
