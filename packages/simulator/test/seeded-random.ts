// A source of chance that gives the same in every run.

/** Park and Miller's generator: 0 to below 1. */
export function seededRandom(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (state * 16_807) % 2_147_483_647;
    return (state - 1) / 2_147_483_646;
  };
}
