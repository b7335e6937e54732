// The log: one JSON line an event, on a pipe that may be read by nobody.

import { write } from "node:fs";
import { type LogEvent, type LogLevel, levelOf } from "./log-event.ts";

/** Where events go. Writing never blocks, throws or waits. */
export interface Log {
  write(event: LogEvent): void;
}

/** A log that can also be waited for, when the process is about to end. */
export interface OpenLog extends Log {
  /** From now on only lines of this level or more important ones are written. */
  limitTo(level: LogLevel): void;
  /** Resolves when every line is written, or `ms` have passed. */
  flush(ms: number): Promise<void>;
}

/** Writes bytes somewhere; calls back with how many it took. */
export type WriteBytes = (
  bytes: Uint8Array,
  done: (error: { readonly code?: string | undefined } | null, written: number) => void,
) => void;

const order: readonly LogLevel[] = ["debug", "info", "warn", "error"];

// What a log driver that hangs for some minutes may cost in memory; the lines beyond it are counted, not kept.
const waitingMax = 500;

const retryMs = 50;

/** Writes to a file descriptor, on a thread of its own: where nobody reads, that thread blocks and not the loop. */
export const toDescriptor =
  (descriptor: number): WriteBytes =>
  (bytes, done) =>
    write(descriptor, bytes, 0, bytes.length, null, (error, written) => done(error, written));

/** The line of an event: `{"time":"2026-01-01T00:00:00.000Z","level":"info","event":"started",...}` */
export function lineOf(event: LogEvent, time: Date): string {
  // The order of reading: what it is comes first, whatever the event holds.
  const { event: name, ...fields } = event;
  return JSON.stringify({
    time: time.toISOString(),
    level: levelOf(event),
    event: name,
    ...fields,
  });
}

/** Opens a log that writes with `writeBytes`, one write at a time and in order. */
export function openLog(writeBytes: WriteBytes): OpenLog {
  const waiting: string[] = [];
  const flushing = new Set<() => void>();
  let lost = 0;
  let writing = false;
  let level: LogLevel = "debug";

  const idle = (): void => {
    writing = false;
    for (const resolve of flushing) resolve();
    flushing.clear();
  };

  const next = (): void => {
    const line = waiting.shift();
    if (line === undefined) idle();
    else {
      writing = true;
      send(new TextEncoder().encode(`${line}\n`));
    }
  };

  const send = (bytes: Uint8Array): void =>
    writeBytes(bytes, (error, written) => {
      // A descriptor that does not block says so when it is full.
      if (error?.code === "EAGAIN") setTimeout(send, retryMs, bytes).unref();
      else if (error !== null) {
        // Nobody is there any more to tell: the line is lost, and the next one finds out again.
        lost += 1;
        next();
      } else if (written < bytes.length) send(bytes.subarray(written));
      else next();
    });

  const push = (event: LogEvent): void => {
    waiting.push(lineOf(event, new Date()));
    if (!writing) next();
  };

  return {
    write(event) {
      if (order.indexOf(levelOf(event)) < order.indexOf(level)) return;
      if (waiting.length >= waitingMax) {
        lost += 1;
        return;
      }
      if (lost > 0) {
        const lines = lost;
        lost = 0;
        push({ event: "lines-lost", lines });
      }
      push(event);
    },
    limitTo(wanted) {
      level = wanted;
    },
    flush: (ms) =>
      new Promise((resolve) => {
        if (!writing && waiting.length === 0) return resolve();
        const timer = setTimeout(resolve, ms);
        flushing.add(() => {
          clearTimeout(timer);
          resolve();
        });
      }),
  };
}
