// Open connections: the states, peers and columns of the kernel's tables, cut anywhere, and real sockets.

import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { connectionScanner, countIntervalMs, procConnections } from "../src/connections.ts";

const never = new AbortController().signal;
const clock = { sleep: () => new Promise<void>((resolve) => void setImmediate(resolve)) };

// As Linux 6 writes them: the first is padded to 149 characters, the second to none.
const heading4 =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode".padEnd(
    149,
  );
const heading6 =
  "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";

interface Row {
  readonly number?: number;
  readonly localPort?: number;
  readonly peer?: string;
  readonly peerPort?: number;
  readonly state?: string;
  /** Bytes not acknowledged. */
  readonly queue?: number;
  readonly tail?: string;
}

const hex = (value: number, digits: number): string =>
  value.toString(16).toUpperCase().padStart(digits, "0");

// Each word of four octets as a little-endian machine prints it.
function addressOf(octets: readonly number[]): string {
  let digits = "";
  for (let word = 0; word < octets.length; word += 4)
    for (let i = 3; i >= 0; i--) digits += hex(octets[word + i] ?? 0, 2);
  return digits;
}

const octets4 = (address: string): readonly number[] => address.split(".").map(Number);

function octets6(address: string): readonly number[] {
  const mapped = /^::ffff:([\d.]+)$/.exec(address);
  if (mapped) return [...Array(10).fill(0), 0xff, 0xff, ...octets4(mapped[1] ?? "")];
  const [front = "", back] = address.split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":").map((g) => parseInt(g, 16)));
  const before = groups(front);
  const after = groups(back ?? "");
  const all = [...before, ...Array(8 - before.length - after.length).fill(0), ...after];
  return all.flatMap((group) => [group >> 8, group & 0xff]);
}

function rowOf(row: Row, own: string, peer: string): string {
  const { number = 1, localPort = 8080, peerPort = 50_000, state = "01", queue = 0 } = row;
  const { tail = "20 4 30 10 -1" } = row;
  return `${String(number).padStart(4)}: ${own}:${hex(localPort, 4)} ${peer}:${hex(peerPort, 4)} ${state} ${hex(queue, 8)}:00000000 00:00000000 00000000     0        0 26914 2 00000000b09e168b ${tail}`;
}

const row4 = (row: Row): string =>
  rowOf(row, addressOf([10, 0, 2, 61]), addressOf(octets4(row.peer ?? "10.0.9.7"))).padEnd(149);
const row6 = (row: Row): string =>
  rowOf(row, addressOf(octets6("fd00::61")), addressOf(octets6(row.peer ?? "fd00::9:7")));

const table4 = (...rows: readonly Row[]): string => [heading4, ...rows.map(row4), ""].join("\n");
const table6 = (...rows: readonly Row[]): string => [heading6, ...rows.map(row6), ""].join("\n");

function scanned(ports: readonly number[], ...pieces: readonly Buffer[]): number | undefined {
  const scanner = connectionScanner(new Set(ports));
  for (const piece of pieces) scanner.scan(piece);
  return scanner.open();
}

const openIn = (table: string, ...ports: readonly number[]): number | undefined =>
  scanned(ports.length === 0 ? [8080] : ports, Buffer.from(table));

describe("a connection is open by its state", () => {
  // Linux, include/net/tcp_states.h. The third column: with bytes that the peer has not acknowledged.
  const states: readonly (readonly [string, string, number, number])[] = [
    ["01", "ESTABLISHED", 1, 1],
    ["02", "SYN_SENT", 0, 0],
    ["03", "SYN_RECV", 0, 0],
    ["04", "FIN_WAIT1", 0, 1],
    ["05", "FIN_WAIT2", 0, 0],
    ["06", "TIME_WAIT", 0, 0],
    ["07", "CLOSE", 0, 0],
    ["08", "CLOSE_WAIT", 1, 1],
    ["09", "LAST_ACK", 0, 1],
    ["0A", "LISTEN", 0, 0],
    ["0B", "CLOSING", 0, 0],
    ["0C", "NEW_SYN_RECV", 0, 0],
    ["11", "a state that no kernel has yet", 0, 0],
  ];
  for (const [state, name, idle, queued] of states)
    test(`${name} counts ${idle} with nothing queued and ${queued} with bytes queued`, () => {
      for (const table of [table4, table6]) {
        expect(openIn(table({ state }))).toBe(idle);
        for (const queue of [1, 0x10, 0x1000_0000, 0xffff_ffff])
          expect(openIn(table({ state, queue }))).toBe(queued);
      }
    });
});

describe("peers on the loopback interface are left out", () => {
  const ipv4 = [
    ["127.0.0.1", 0],
    ["127.255.3.4", 0],
    ["126.0.0.1", 1],
    ["128.0.0.1", 1],
    ["10.0.0.127", 1],
    ["247.0.0.1", 1],
    ["112.0.0.1", 1],
  ] as const;
  for (const [peer, open] of ipv4)
    test(`${peer} counts ${open}`, () => {
      expect(openIn(table4({ peer }))).toBe(open);
    });

  const ipv6 = [
    ["::1", 0],
    ["::ffff:127.0.0.1", 0],
    ["::ffff:127.9.8.7", 0],
    ["::ffff:10.0.0.127", 1],
    ["::ffff:128.0.0.1", 1],
    ["::ffff:0.0.0.1", 1],
    ["::2", 1],
    ["::1:0", 1],
    ["::1:0:1", 1],
    ["1::1", 1],
    ["fd00::1", 1],
    ["2001:db8::7f00:1", 1],
    ["::7f00:1", 1],
  ] as const;
  for (const [peer, open] of ipv6)
    test(`${peer} counts ${open}`, () => {
      expect(openIn(table6({ peer }))).toBe(open);
    });
});

describe("ports", () => {
  test("count by the local port alone", () => {
    for (const table of [table4, table6]) {
      expect(openIn(table({ localPort: 8081 }))).toBe(0);
      expect(openIn(table({ localPort: 8081, peerPort: 8080 }))).toBe(0);
      expect(openIn(table({ localPort: 8080, peerPort: 8080 }))).toBe(1);
    }
  });

  test("have four digits, from 1 to 65535", () => {
    for (const port of [1, 80, 443, 0xabc, 0xabcd, 65_535])
      expect(openIn(table4({ localPort: port }, { localPort: port ^ 0x10 }), port)).toBe(1);
  });

  test("add up over several targets, and none counts nothing", () => {
    const table = table6({ localPort: 80 }, { localPort: 443 }, { localPort: 443 }, {});
    expect(openIn(table, 80, 443)).toBe(3);
    expect(scanned([], Buffer.from(table))).toBe(0);
  });
});

describe("columns", () => {
  test("follow the row number as it grows", () => {
    const numbers = [0, 9, 9_999, 10_000, 99_999, 100_000, 4_294_967_295];
    for (const table of [table4, table6])
      expect(openIn(table(...numbers.map((number) => ({ number }))))).toBe(numbers.length);
  });

  test("are found whatever follows them", () => {
    const tails = ["", "1", "20 4 30 10 -1".repeat(20), ":1F90 ".repeat(40)];
    for (const digits of [8, 32]) tails.push(`:1F90 ${"0".repeat(digits + 6)}01 00000000:`);
    for (const table of [table4, table6]) {
      const rows = tails.flatMap((tail) => [{ tail }, { tail, state: "06" }]);
      expect(openIn(table(...rows))).toBe(tails.length);
    }
  });

  test("are read as Linux 6.18 writes them", () => {
    const ipv4 = `${heading4}
${"   0: 0109090A:8BA1 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 29658 1 00000000af338e1b 100 0 0 10 0".padEnd(149)}
${"   1: 0109090A:A1FA 0109090A:8BA1 01 00000000:00000000 00:00000000 00000000     0        0 29659 2 00000000b09e168b 20 0 0 10 -1".padEnd(149)}
${"   2: 0109090A:8BA1 0109090A:A1FA 04 00000001:00000000 04:0000000D 00000000     0        1 29660 2 000000009e77a03b 20 0 0 10 -1".padEnd(149)}
${"   3: 0109090A:9C6B 0109090A:9F3C 06 00000000:00000000 03:00001742 00000000     0        0 0 3 0000000007c5c389".padEnd(149)}
`;
    expect(openIn(ipv4, 0x8ba1)).toBe(1);
    expect(openIn(ipv4, 0xa1fa)).toBe(1);
    expect(openIn(ipv4, 0x9c6b)).toBe(0);
    const ipv6 = `${heading6}
   0: 00000000000000000000000000000000:920D 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 26911 1 0000000031ebbf6c 100 0 0 10 0
   1: 000000FD000000000000000002000000:8E4E 000000FD000000000000000002000000:920D 01 00000000:00000000 00:00000000 00000000     0        0 26912 2 00000000d019fcb1 20 0 0 10 -1
   2: 0000000000000000FFFF0000020200C0:920D 0000000000000000FFFF0000020200C0:E504 01 00000000:00000000 00:00000000 00000000     0        0 26916 1 000000004d6a43a1 20 0 0 10 -1
   3: 0000000000000000FFFF00000100007F:920D 0000000000000000FFFF00000100007F:BC20 01 00000000:00000000 00:00000000 00000000     0        0 26917 1 00000000672a0bb1 20 0 0 10 -1
   4: 000000FD000000000000000002000000:920D 000000FD000000000000000002000000:8E4E 01 00000000:00000000 00:00000000 00000000     0        0 26915 1 00000000a2bf0ea7 20 0 0 10 -1
`;
    expect(openIn(ipv6, 0x920d)).toBe(2);
    expect(openIn(ipv6, 0x8e4e)).toBe(1);
  });
});

describe("pieces", () => {
  const rows: readonly Row[] = [
    {},
    { number: 12_345, state: "08", tail: "" },
    { state: "06" },
    { state: "04", queue: 1, tail: "1".repeat(300) },
    { state: "04" },
    { localPort: 9, peerPort: 8080 },
    {},
  ];
  const local: readonly Row[] = [{ peer: "127.0.0.1" }, { peer: "10.0.0.127" }];
  const local6: readonly Row[] = [{ peer: "::1" }, { peer: "::ffff:127.0.0.1" }, { peer: "::2" }];
  const tables = {
    tcp: Buffer.from(table4(...rows, ...local)),
    tcp6: Buffer.from(table6(...rows, ...local6)),
  };
  for (const [name, table] of Object.entries(tables)) {
    test(`of ${name} may be cut at every byte`, () => {
      for (let cut = 0; cut <= table.length; cut++)
        expect(scanned([8080], table.subarray(0, cut), table.subarray(cut))).toBe(5);
    });

    test(`of ${name} may have any size, in a buffer that is used again`, () => {
      for (let size = 1; size <= table.length; size++) {
        const scanner = connectionScanner(new Set([8080]));
        const chunk = Buffer.alloc(size + 7);
        for (let at = 0; at < table.length; at += size) {
          const piece = table.subarray(at, at + size);
          chunk.fill(0x0a);
          chunk.set(piece, 3);
          scanner.scan(chunk.subarray(3, 3 + piece.length));
        }
        expect(scanner.open()).toBe(5);
      }
    });
  }
});

describe("what is no table", () => {
  test("is told from a table without rows", () => {
    expect(openIn("")).toBeUndefined();
    expect(openIn(heading4)).toBeUndefined();
    expect(openIn("Inter-|   Receive\n face |bytes\n")).toBeUndefined();
    expect(openIn(`${row4({})}\n${row4({})}\n`)).toBeUndefined();
    expect(openIn(`${heading4}\n`)).toBe(0);
    expect(openIn(`${heading6}\n`)).toBe(0);
  });

  test("never throws, however a row is cut short", () => {
    for (const row of [row4({ state: "04", queue: 7 }), row6({ state: "04", peer: "::1" })])
      for (let length = 0; length < row.length; length++)
        expect(openIn(`${heading4}\n${row.slice(0, length)}\n`)).toBeLessThanOrEqual(1);
  });
});

describe("the counter", () => {
  const root = mkdtempSync(join(tmpdir(), "connections-"));
  afterAll(() => rmSync(root, { recursive: true }));
  const below = (name: string, tables: Readonly<Record<string, string>>): string => {
    const directory = join(root, name);
    mkdirSync(directory);
    for (const [file, text] of Object.entries(tables)) writeFileSync(join(directory, file), text);
    return directory;
  };
  const count = (directory: string, signal = never) =>
    procConnections(clock, directory).count(new Set([8080]), signal);

  test("adds up both tables, again and again", async () => {
    const directory = below("both", { tcp: table4({}, {}), tcp6: table6({}) });
    const counter = procConnections(clock, directory);
    expect(await counter.count(new Set([8080]), never)).toBe(3);
    writeFileSync(join(directory, "tcp"), table4());
    expect(await counter.count(new Set([8080]), never)).toBe(1);
    expect(await counter.count(new Set([80]), never)).toBe(0);
  });

  test("counts over tcp alone where IPv6 is off", async () => {
    expect(await count(below("ipv4", { tcp: table4({}) }))).toBe(1);
  });

  test("says that it cannot count where there is no table of TCP sockets", async () => {
    expect(await count(join(root, "nowhere"))).toBeUndefined();
    expect(await count(below("ipv6-only", { tcp6: table6({}) }))).toBeUndefined();
    expect(await count(join(below("file", { net: "" }), "net"))).toBeUndefined();
  });

  test("says that it cannot count where a table is masked or of another form", async () => {
    expect(await count(below("masked", { tcp: "", tcp6: table6({}) }))).toBeUndefined();
    expect(await count(below("masked6", { tcp: table4({}), tcp6: "" }))).toBeUndefined();
  });

  test("throws the system's error where a table that is there was not read", async () => {
    const directory = below("broken", { tcp: table4({}) });
    mkdirSync(join(directory, "tcp6"));
    await expect(count(directory)).rejects.toMatchObject({ code: "EISDIR" });
    const circle = below("circle", {});
    symlinkSync("tcp", join(circle, "tcp"));
    await expect(count(circle)).rejects.toMatchObject({ code: "ELOOP" });
  });

  // More than 64 reads of 64 KiB.
  const large4 = table4() + `${row4({})}\n${row4({ state: "06" })}\n`.repeat(20_000);
  const large6 = table6() + `${row6({})}\n${row6({ state: "06" })}\n`.repeat(20_000);

  test("counts tables of many chunks, several counts at a time", async () => {
    const counter = procConnections(clock, below("large", { tcp: large4, tcp6: large6 }));
    const counts = [8080, 8080, 80].map((port) => counter.count(new Set([port]), never));
    expect(await Promise.all(counts)).toEqual([40_000, 40_000, 0]);
  });

  test("lets the loop turn within a table, and hears an abort before its end", async () => {
    const controller = new AbortController();
    const stopping = {
      sleep: async (ms: number) => {
        expect(ms).toBeGreaterThan(0);
        controller.abort(new Error("stopped"));
      },
    };
    const counter = procConnections(stopping, below("large-ipv4", { tcp: large4 }));
    await expect(counter.count(new Set([8080]), controller.signal)).rejects.toThrow("stopped");
  });

  test("leaves no file open, however it ends", async () => {
    const root = below("closed", { tcp: large4 });
    mkdirSync(join(root, "tcp6"));
    const opened = () => readdirSync("/dev/fd").length;
    const before = opened();
    for (let i = 0; i < 20; i++) await count(root).catch(() => undefined);
    expect(opened()).toBe(before);
  });

  test("rejects with the signal's reason before it opens anything", async () => {
    await expect(
      count(join(root, "nowhere"), AbortSignal.abort(new Error("over"))),
    ).rejects.toThrow("over");
  });
});

describe("the real sockets of this machine", () => {
  const own = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, family, scopeid }) => !internal && (family === "IPv4" || scopeid === 0))
    .map(({ address }) => address);

  const listening = (server: Server): Promise<number> =>
    new Promise((resolve, reject) => {
      server.on("error", reject);
      server.listen(0, () => {
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
  const accepted = (server: Server): Promise<Socket> =>
    new Promise((resolve) => server.once("connection", resolve));
  const heard = (socket: Socket, event: "connect" | "end" | "close"): Promise<void> =>
    new Promise((resolve) => socket.once(event, () => resolve()));

  const counter = procConnections(clock);

  if (own.length === 0)
    console.warn("no address but the loopback interface's: only what is left out is seen for real");

  for (const host of ["127.0.0.1", ...own])
    test(`a connection from ${host} is followed from its beginning to its end`, async () => {
      const seen = host === "127.0.0.1" ? 0 : 1;
      const server = createServer({ allowHalfOpen: true });
      const ports = new Set([await listening(server)]);
      const open = () => counter.count(ports, never);
      // Turns of the loop in which the kernel may finish; the count itself is one.
      const opens = async (wanted: number) => {
        for (let turn = 0; turn < 2_000 && (await open()) !== wanted; turn++);
        expect(await open()).toBe(wanted);
      };
      try {
        expect(await open()).toBe(0);
        for (const port of ports) {
          const asked = accepted(server);
          const client = connect({ port, host, allowHalfOpen: true });
          const [socket] = await Promise.all([asked, heard(client, "connect")]);
          expect(await open()).toBe(seen);

          // The client has said all, and awaits its answer.
          const ended = heard(socket, "end");
          socket.resume();
          client.pause();
          client.end();
          await ended;
          expect(await open()).toBe(seen);

          // The application has answered, and closed; the client has not read all of it.
          socket.write(Buffer.alloc(16 * 1024 * 1024));
          socket.destroy();
          await heard(socket, "close");
          expect(await open()).toBe(seen);

          client.resume();
          await heard(client, "end");
          client.destroy();
          await opens(0);
        }
      } finally {
        server.close();
      }
    });
});

test("counting takes less than 1 % of a core, and is done at most once a second", () => {
  const intervals = [
    [0, 1000],
    [0.4, 1000],
    [10, 1000],
    [10.5, 1050],
    [50, 5000],
    [4000, 400_000],
  ] as const;
  for (const [costMs, intervalMs] of intervals) {
    expect(countIntervalMs(costMs)).toBe(intervalMs);
    expect(costMs / (costMs + countIntervalMs(costMs))).toBeLessThan(0.01);
  }
});
