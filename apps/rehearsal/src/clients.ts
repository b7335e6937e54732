// The clients: short and long connections to the listener, each followed to its end.

import { connect as openConnection } from "node:net";
import type { Clock } from "@nlb-sidecar/simulator";

/**
 * How a connection ended for its client: `finished` is every answer that it asked for; the rest is a connection that was cut.
 *
 * - `reset`: reset, before or after it carried something.
 * - `refused`: the load balancer took no connection.
 * - `closed-early`: ended by the other side with answers owing.
 * - `stalled`: no answer for 4 s.
 */
export type ConnectionEnd = "finished" | "reset" | "refused" | "closed-early" | "stalled";

/** A connection as its client saw it. Times are on the life's clock. */
export interface Connection {
  readonly kind: "short" | "long" | "last";
  readonly openedMs: number;
  /** Its end of the connection, such as `127.0.0.1:49152`; undefined where none was made. */
  readonly address: string | undefined;
  readonly endedMs: number;
  readonly end: ConnectionEnd;
}

/** How many, and how often. */
export interface Pace {
  /** From one short connection (one question, the client half-closes after it) to the next. */
  readonly shortEveryMs: number;
  /** From one long connection to the next. */
  readonly longEveryMs: number;
  /** From a long connection's first question to its last. */
  readonly longLastsMs: number;
  /** From one question on a long connection to the next. */
  readonly questionEveryMs: number;
}

/** Clients at work. */
export interface Traffic {
  /** So many were opened, finished and cut so far. */
  count(): { readonly opened: number; readonly finished: number; readonly cut: number };
  /** Every connection that has ended, in the order of their ends. */
  readonly ended: readonly Connection[];
  /** Opens one more long connection, which asks until `until` settles, and then once more. */
  openLast(until: Promise<unknown>): void;
  /** Opens no more connections; resolves when the open ones have ended. */
  stop(): Promise<void>;
}

const stallMs = 4_000;

/**
 * Starts clients that connect to `address` and tell `onEnd` of each connection's end; when `signal` fires they drop everything, and what is open
 * counts for nothing.
 */
export function startTraffic(
  clock: Clock,
  address: { readonly host: string; readonly port: number },
  pace: Pace,
  onEnd: (connection: Connection) => void,
  signal: AbortSignal,
): Traffic {
  const ended: Connection[] = [];
  const open = new Set<Promise<void>>();
  const stopped = new AbortController();
  const noMore = AbortSignal.any([stopped.signal, signal]);
  let opened = 0;

  /** `questions` resolves before each further question; true: this is the last. */
  const follow = (kind: Connection["kind"], more: () => Promise<boolean>): void => {
    opened += 1;
    const one = converse(clock, address, more, signal).then((conversation) => {
      if (conversation === undefined) return;
      const connection = { kind, ...conversation };
      ended.push(connection);
      onEnd(connection);
    });
    open.add(one);
    void one.finally(() => open.delete(one));
  };

  const repeat = async (everyMs: number, begin: () => void): Promise<void> => {
    for (let nextMs = clock.now(); !noMore.aborted; nextMs += everyMs) {
      begin();
      await clock.sleep(Math.max(0, nextMs + everyMs - clock.now()), noMore);
    }
  };

  const askUntil = (last: () => boolean): (() => Promise<boolean>) => {
    let first = true;
    return async () => {
      if (!first) await clock.sleep(pace.questionEveryMs, signal);
      first = false;
      return last();
    };
  };

  const loops = [
    repeat(pace.shortEveryMs, () => follow("short", async () => true)),
    repeat(pace.longEveryMs, () => {
      const endMs = clock.now() + pace.longLastsMs;
      follow(
        "long",
        askUntil(() => clock.now() + pace.questionEveryMs / 2 >= endMs),
      );
    }),
  ];

  return {
    ended,
    count: () => {
      const finished = ended.filter(({ end }) => end === "finished").length;
      return { opened, finished, cut: ended.length - finished };
    },
    openLast: (until) => {
      let over = false;
      const note = (): void => {
        over = true;
      };
      until.then(note, note);
      follow(
        "last",
        askUntil(() => over),
      );
    },
    stop: async () => {
      stopped.abort();
      await Promise.all(loops);
      while (open.size > 0) await Promise.all(open);
    },
  };
}

/** One connection from its first question to its end; undefined where `signal` ended it. */
function converse(
  clock: Clock,
  address: { readonly host: string; readonly port: number },
  more: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<Omit<Connection, "kind"> | undefined> {
  return new Promise((resolve) => {
    const openedMs = clock.now();
    const socket = openConnection({ ...address, allowHalfOpen: true });
    const over = new AbortController();
    let local: string | undefined;
    let owed = 0;
    let asked = false;
    let unread = "";
    let progressMs = openedMs;

    const settle = (end: ConnectionEnd | undefined): void => {
      if (over.signal.aborted) return;
      over.abort();
      signal.removeEventListener("abort", drop);
      socket.destroy();
      const conversation = { openedMs, address: local, endedMs: clock.now() };
      resolve(end === undefined ? undefined : { ...conversation, end });
    };
    const drop = (): void => settle(undefined);
    signal.addEventListener("abort", drop, { once: true });

    const ask = async (): Promise<void> => {
      const last = await more();
      if (over.signal.aborted) return;
      owed += 1;
      progressMs = clock.now();
      asked = last;
      // The half-close is part of the question: whoever carries it must pass it on, and still bring the answer.
      if (last) socket.end("last\n");
      else socket.write("next\n");
    };

    const watchProgress = async (): Promise<void> => {
      while (!over.signal.aborted) {
        await clock.sleep(progressMs + stallMs - clock.now(), over.signal);
        if (clock.now() >= progressMs + stallMs) settle("stalled");
      }
    };

    socket.on("connect", () => {
      local = `${socket.localAddress}:${socket.localPort}`;
      void ask();
    });
    socket.on("data", (chunk) => {
      progressMs = clock.now();
      const lines = `${unread}${chunk}`.split("\n");
      unread = lines.pop() ?? "";
      owed -= lines.filter((line) => line === "answer").length;
      if (owed > 0) return;
      if (asked) settle("finished");
      else void ask();
    });
    socket.on("end", () => settle("closed-early"));
    socket.on("error", (error: NodeJS.ErrnoException) =>
      settle(error.code === "ECONNREFUSED" ? "refused" : "reset"),
    );
    socket.on("close", () => settle("closed-early"));
    void watchProgress();
  });
}
