// A pipe for a process to write to, read when the test says so.

import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A pipe. */
export interface Pipe extends Disposable {
  /** The descriptor that the process gets. */
  readonly descriptor: number;
  /** Writes blanks until nothing more fits. */
  fill(): void;
  /** Takes out what is there. */
  read(): string;
  /** Closes the end that is read: the next write finds nobody. */
  close(): void;
}

/** Opens a pipe. A write to it waits while it is full: so it is with the pipes of a container. */
export function openPipe(): Pipe {
  const directory = mkdtempSync(join(tmpdir(), "pipe-"));
  const path = join(directory, "pipe");
  const { exitCode, stderr } = Bun.spawnSync(["mkfifo", path]);
  if (exitCode !== 0) rmSync(directory, { recursive: true });
  if (exitCode !== 0) throw new Error(`mkfifo: ${stderr.toString()}`);
  const own = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const given = openSync(path, constants.O_WRONLY);
  const open = new Set([own, given]);
  const close = (descriptor: number): void => {
    if (open.delete(descriptor)) closeSync(descriptor);
  };
  return {
    descriptor: given,
    fill() {
      const filling = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
      try {
        for (;;) writeSync(filling, Buffer.alloc(4096, "\n"));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      } finally {
        closeSync(filling);
      }
    },
    read() {
      const chunk = Buffer.alloc(65_536);
      let text = "";
      try {
        for (let length = 1; length > 0; ) {
          length = readSync(own, chunk, 0, chunk.length, null);
          text += chunk.toString("latin1", 0, length);
        }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      }
      return text;
    },
    close: () => close(own),
    [Symbol.dispose]() {
      for (const descriptor of [...open]) close(descriptor);
      rmSync(directory, { recursive: true });
    },
  };
}
