// What is due when: acts in the order of their times, and of their entry where those are equal.

/** An agenda of acts on the world's clock. */
export interface Agenda {
  add(atMs: number, act: () => void): void;
  /** Takes the earliest act that is due by `nowMs`. */
  take(nowMs: number): { readonly atMs: number; readonly act: () => void } | undefined;
  /** When the earliest is due; undefined: none is. */
  nextMs(): number | undefined;
}

/** An empty agenda. */
export function createAgenda(): Agenda {
  const items: { readonly atMs: number; readonly act: () => void }[] = [];
  return {
    add(atMs, act) {
      // From the end: what is added is mostly later than what stands.
      let index = items.length;
      while (index > 0 && (items[index - 1]?.atMs ?? 0) > atMs) index -= 1;
      items.splice(index, 0, { atMs, act });
    },
    take(nowMs) {
      const first = items[0];
      return first === undefined || first.atMs > nowMs ? undefined : items.shift();
    },
    nextMs: () => items[0]?.atMs,
  };
}
