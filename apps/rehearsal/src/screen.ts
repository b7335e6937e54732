// What a rehearsal shows while it runs: lines that stay, and on a terminal one that is drawn over.

/** Where to write, and what it is. */
export interface Output {
  write(text: string): void;
  /** Whether a line can be drawn over. */
  readonly terminal: boolean;
  /** The terminal's width; a status is cut to it. */
  readonly columns: number;
}

/** A screen. */
export interface Screen {
  /** Writes a line that stays. */
  line(text: string): void;
  /** Shows the present state: draws over the last one on a terminal, else writes a line. */
  status(text: string): void;
  /** Takes the last status away. */
  clear(): void;
}

/** A screen on `output`. */
export function screenOn(output: Output): Screen {
  let drawn = "";
  const clear = (): void => {
    if (drawn !== "") output.write("\r\x1b[K");
    drawn = "";
  };
  return {
    clear,
    line: (text) => {
      const status = drawn;
      clear();
      output.write(`${text}\n`);
      if (status === "") return;
      output.write(status);
      drawn = status;
    },
    status: (text) => {
      if (!output.terminal) {
        output.write(`${text}\n`);
        return;
      }
      clear();
      // A line that wraps could not be drawn over.
      drawn = text.slice(0, Math.max(0, output.columns - 1));
      output.write(drawn);
    },
  };
}
