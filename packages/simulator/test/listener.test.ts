// What a client and a target see of each other through the listener, with real sockets.

import { afterEach, describe, expect, test } from "bun:test";
import { createServer, connect as openConnection, type Server, type Socket } from "node:net";
import {
  type FlowEvent,
  type Listener,
  type ListenerTarget,
  openListener,
} from "../src/listener.ts";

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

async function startTarget(
  label: string,
  serve: (socket: Socket) => void,
): Promise<ListenerTarget> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  opened.push({
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no address");
  return { label, host: "127.0.0.1", port: address.port };
}

async function startListener(
  targets: () => readonly ListenerTarget[],
): Promise<{ listener: Listener; events: readonly FlowEvent[]; ended: () => Promise<FlowEvent> }> {
  const events: FlowEvent[] = [];
  const waiting: ((event: FlowEvent) => void)[] = [];
  const listener = await openListener(targets, {
    onFlow: (event) => {
      events.push(event);
      if (event.kind === "ended") waiting.shift()?.(event);
    },
  });
  opened.push(listener);
  return { listener, events, ended: () => new Promise((resolve) => waiting.push(resolve)) };
}

interface Seen {
  readonly text: string;
  readonly error: string | undefined;
}

/** A client that sends `text`, half-closes if asked, and reads until the connection is gone. */
function exchange(listener: Listener, text: string, halfClose: boolean): Promise<Seen> {
  return new Promise((resolve) => {
    let received = "";
    let error: string | undefined;
    const socket = openConnection({
      host: listener.host,
      port: listener.port,
      allowHalfOpen: true,
    });
    socket.on("connect", () => (halfClose ? socket.end(text) : socket.write(text)));
    socket.on("data", (chunk) => {
      received += String(chunk);
    });
    socket.on("end", () => socket.end());
    socket.on("error", (cause: NodeJS.ErrnoException) => {
      error = cause.code;
    });
    socket.on("close", () => resolve({ text: received, error }));
  });
}

const answerAtEnd =
  (name: string) =>
  (socket: Socket): void => {
    let received = "";
    socket.on("data", (chunk) => {
      received += String(chunk);
    });
    socket.on("end", () => socket.end(`${name} got ${received}`));
  };

describe("a flow", () => {
  test("passes a half-close on: the target answers a client that has ended its side", async () => {
    const target = await startTarget("one", answerAtEnd("one"));
    const { listener, events, ended } = await startListener(() => [target]);
    const end = ended();
    expect(await exchange(listener, "hello", true)).toEqual({
      text: "one got hello",
      error: undefined,
    });
    expect(await end).toMatchObject({ kind: "ended", end: "closed", flow: { target: "one" } });
    expect(events.map(({ kind }) => kind)).toEqual(["began", "ended"]);
    expect(listener.openFlows()).toBe(0);
  });

  test("passes five megabytes on, whole", async () => {
    const target = await startTarget("one", (socket) => {
      let bytes = 0;
      socket.on("data", (chunk) => {
        bytes += chunk.length;
      });
      socket.on("end", () => socket.end(`${bytes}`));
    });
    const { listener } = await startListener(() => [target]);
    expect((await exchange(listener, "x".repeat(5_000_000), true)).text).toBe("5000000");
  });

  test("is reset at the client when the target resets it", async () => {
    const target = await startTarget("one", (socket) =>
      socket.on("data", () => socket.resetAndDestroy()),
    );
    const { listener, ended } = await startListener(() => [target]);
    const end = ended();
    expect(await exchange(listener, "hello", false)).toEqual({ text: "", error: "ECONNRESET" });
    expect(await end).toMatchObject({ end: "reset-by-target" });
  });

  test("is reset at the target when the client resets it", async () => {
    const { promise: seen, resolve } = Promise.withResolvers<string | undefined>();
    const target = await startTarget("one", (socket) => {
      socket.write("welcome");
      socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code));
    });
    const { listener, ended } = await startListener(() => [target]);
    const end = ended();
    const client = openConnection({ host: listener.host, port: listener.port });
    client.on("data", () => client.resetAndDestroy());
    expect(await seen).toBe("ECONNRESET");
    expect(await end).toMatchObject({ end: "reset-by-client" });
  });

  test("is reset where the target's port is closed", async () => {
    const target = await startTarget("gone", () => {});
    await opened.pop()?.close();
    const { listener, ended } = await startListener(() => [target]);
    const end = ended();
    expect((await exchange(listener, "hello", false)).error).toBe("ECONNRESET");
    expect(await end).toMatchObject({ end: "refused", flow: { target: "gone" } });
  });

  test("is reset where nothing is registered", async () => {
    const { listener, ended } = await startListener(() => []);
    const end = ended();
    expect((await exchange(listener, "hello", false)).error).toBe("ECONNRESET");
    expect(await end).toMatchObject({ end: "no-target", flow: { target: undefined } });
  });

  test("keeps its target when another takes its place", async () => {
    const [one, two] = [
      await startTarget("one", answerAtEnd("one")),
      await startTarget("two", answerAtEnd("two")),
    ];
    let registered = [one];
    const { listener } = await startListener(() => registered);
    const first = openConnection({ host: listener.host, port: listener.port, allowHalfOpen: true });
    await new Promise<void>((resolve) => first.write("early ", () => resolve()));
    while (listener.openFlows("one") === 0) await new Promise((resolve) => setImmediate(resolve));
    registered = [two];
    expect((await exchange(listener, "new", true)).text).toBe("two got new");
    const answer = new Promise((resolve) => first.on("data", (chunk) => resolve(String(chunk))));
    first.end("late");
    expect(await answer).toBe("one got early late");
  });
});

test("new flows go round the registered targets in turn", async () => {
  const [one, two] = [
    await startTarget("one", answerAtEnd("one")),
    await startTarget("two", answerAtEnd("two")),
  ];
  const { listener } = await startListener(() => [one, two]);
  const answers: string[] = [];
  for (const text of ["a", "b", "c", "d"])
    answers.push((await exchange(listener, text, true)).text);
  expect(answers).toEqual(["one got a", "two got b", "one got c", "two got d"]);
});

describe("termination", () => {
  const idle = (socket: Socket): void => {
    socket.resume();
    socket.write("welcome");
  };

  const openIdle = async (listener: Listener): Promise<{ end: Promise<string | undefined> }> => {
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const client = openConnection({ host: listener.host, port: listener.port });
    client.on("error", (error: NodeJS.ErrnoException) => resolve(error.code));
    client.on("close", () => resolve(undefined));
    await new Promise((resolveOpen) => client.once("data", resolveOpen));
    return { end: promise };
  };

  test("resets the flows of the named target and of no other", async () => {
    const [one, two] = [await startTarget("one", idle), await startTarget("two", idle)];
    const { listener, ended } = await startListener(() => [one, two]);
    const clients = [];
    for (let number = 0; number < 4; number += 1) clients.push(await openIdle(listener));
    expect([listener.openFlows("one"), listener.openFlows("two")]).toEqual([2, 2]);
    const ends = [ended(), ended()];
    expect(listener.resetFlows("one")).toBe(2);
    expect(await Promise.all(ends)).toMatchObject([{ end: "terminated" }, { end: "terminated" }]);
    expect([await clients[0]?.end, await clients[2]?.end]).toEqual(["ECONNRESET", "ECONNRESET"]);
    expect([listener.openFlows("one"), listener.openFlows("two")]).toEqual([0, 2]);
  });

  test("closing resets what is open and takes nothing new", async () => {
    const one = await startTarget("one", idle);
    const { listener } = await startListener(() => [one]);
    const client = await openIdle(listener);
    await listener.close();
    expect(await client.end).toBe("ECONNRESET");
    expect(listener.openFlows()).toBe(0);
    expect((await exchange(listener, "hello", false)).error).toBe("ECONNREFUSED");
  });
});
