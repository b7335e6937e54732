// Counts the open connections of the targets' ports, from the kernel's tables of TCP sockets.

import { Buffer } from "node:buffer";
import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "@nlb-sidecar/health";

/** Counts the open TCP connections of the targets' ports in this network namespace. */
export interface ConnectionCounter {
  /**
   * Counts once. A connection is open where it is ESTABLISHED or CLOSE_WAIT, or where it is FIN_WAIT1 or LAST_ACK and the
   * peer has not acknowledged everything yet. Connections with a peer on the loopback interface are left out.
   *
   * @param ports local ports: those of the targets, 1 to 65535.
   * @returns undefined where connections cannot be counted: no such table here, an unreadable or an unknown one.
   * @throws the signal's reason, or the system's error where a table that is there was not read (`EMFILE`): nothing was
   *   learnt, and asking again may well succeed.
   */
  count(ports: ReadonlySet<number>, signal: AbortSignal): Promise<number | undefined>;
}

/** Counts over one table, in whatever pieces it comes; its memory does not grow with the table. */
export interface ConnectionScanner {
  /** Takes the next bytes of the table, cut anywhere. Keeps no reference to them. */
  scan(bytes: Buffer): void;
  /** Open connections in the whole rows so far; undefined before the table's heading, and for what is no such table. */
  open(): number | undefined;
}

// The kernel hands out such a table by the page, whatever is asked for; 64 KiB is the largest page there is.
const chunkBytes = 64 * 1024;
// A page of rows takes the kernel some 50 us to write: whatever else is due then waits for a few milliseconds at most.
const readsInTurn = 64;

// Longer than what is looked at in any row: 99 bytes, for IPv6 and a row number of ten digits.
const headBytes = 128;

const newline = 0x0a;
const zero = 0x30;
const seven = 0x37;
const colon = 0x3a;
const letterF = 0x46;

const established = 0x31;
const finWait1 = 0x34;
const closeWait = 0x38;
const lastAck = 0x39;

// An address is one or four 32-bit words, each in the byte order of the machine; Bun runs on little-endian ones only.
const loopbackIpv6 = Buffer.from("00000000000000000000000001000000", "latin1");
const mappedIpv4 = Buffer.from("0000000000000000FFFF0000", "latin1");
const nothing = Buffer.from("00000000", "latin1");

const unreadable = new Set(["EACCES", "EPERM", "ENOTDIR"]);

/**
 * The counter that reads `tcp` and `tcp6` below `root`. Without `tcp6` (IPv6 is off) it counts over `tcp` alone. The tables
 * are no snapshot: a connection that opens or ends meanwhile may be counted or not.
 *
 * @param clock lets the loop turn in between, 1 ms for every 2,000 rows or so.
 * @see https://docs.kernel.org/networking/proc_net_tcp.html
 */
export function procConnections(
  clock: Pick<Clock, "sleep">,
  root: string = "/proc/net",
): ConnectionCounter {
  return {
    count: async (ports, signal) => {
      signal.throwIfAborted();
      const chunk = Buffer.allocUnsafeSlow(chunkBytes);
      const ipv4 = await countTable(clock, join(root, "tcp"), ports, chunk, signal);
      if (ipv4 === undefined || ipv4 === "missing") return undefined;
      const ipv6 = await countTable(clock, join(root, "tcp6"), ports, chunk, signal);
      if (ipv6 === "missing") return ipv4;
      return ipv6 === undefined ? undefined : ipv4 + ipv6;
    },
  };
}

async function countTable(
  clock: Pick<Clock, "sleep">,
  path: string,
  ports: ReadonlySet<number>,
  chunk: Buffer,
  signal: AbortSignal,
): Promise<number | "missing" | undefined> {
  let table: number;
  try {
    table = openSync(path, "r");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return "missing";
    if (code !== undefined && unreadable.has(code)) return undefined;
    throw error;
  }
  try {
    const scanner = connectionScanner(ports);
    for (let reads = 1; ; reads++) {
      // Synchronous: a trip through the thread pool for each page costs several times what reading it does.
      const length = readSync(table, chunk, 0, chunkBytes, null);
      if (length === 0) return scanner.open();
      scanner.scan(chunk.subarray(0, length));
      if (reads % readsInTurn === 0) {
        await clock.sleep(1, signal);
        signal.throwIfAborted();
      }
    }
  } finally {
    closeSync(table);
  }
}

/**
 * A scanner for one table in the form of `/proc/net/tcp` or `tcp6`, with rows of any width.
 *
 * @param ports local ports, 1 to 65535.
 */
export function connectionScanner(ports: ReadonlySet<number>): ConnectionScanner {
  const needles = Array.from(ports, needleOf);
  // The head of a row whose end has not come yet.
  const head = Buffer.alloc(headBytes);
  let headLength = 0;
  let headed = false;
  let known = false;
  let openRows = 0;

  const hold = (bytes: Buffer): void => {
    headLength += bytes.copy(head, headLength);
  };
  const count = (rows: Buffer): void => {
    for (const needle of needles) openRows += openIn(rows, needle);
  };
  const takeHead = (): void => {
    const row = head.subarray(0, headLength);
    headLength = 0;
    if (headed) count(row);
    else known = row.includes("local_address");
    headed = true;
  };

  return {
    scan: (bytes) => {
      let start = 0;
      if (!headed || headLength > 0) {
        const end = bytes.indexOf(newline);
        if (end === -1) return hold(bytes);
        hold(bytes.subarray(0, end));
        takeHead();
        start = end + 1;
      }
      const end = Math.max(start, bytes.lastIndexOf(newline) + 1);
      // The kernel ends nearly every read at the end of a row: then no view is made, of which there would be thousands.
      count(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
      if (end < bytes.length) hold(bytes.subarray(end));
    },
    open: () => (known ? openRows : undefined),
  };
}

// A port as it ends an address: `:1F90 `. A remote address may end so too, and is told by its column.
const needleOf = (port: number): Buffer =>
  Buffer.from(`:${port.toString(16).toUpperCase().padStart(4, "0")} `, "latin1");
const needleBytes = 6;

// The search is native, and so is fast without a JIT compiler too; only rows that it finds are looked at, in their columns:
//   10: 0100007F:1F90 0200000A:C350 01 0000000A:00000000 ...
// row number, local address and port, remote ones, state, bytes not acknowledged, bytes not read. One function, as calls
// and getters are what costs most without the JIT compiler: each that a row passes through is some 5 ms in 100,000 rows.
function openIn(rows: Buffer, needle: Buffer): number {
  let open = 0;
  for (let at = rows.indexOf(needle); at !== -1; at = rows.indexOf(needle, at + needleBytes)) {
    const remote = at + needleBytes;
    // The local address follows two behind the colon of the row number, with 8 digits or 32.
    const digits = rows[at - 10] === colon ? 8 : rows[at - 34] === colon ? 32 : 0;
    if (digits === 0) continue;

    const state = remote + digits + 6;
    if (rows[state] !== zero || rows[state + 11] !== colon) continue;
    const digit = rows[state + 1];
    if (digit !== established && digit !== closeWait) {
      if (digit !== finWait1 && digit !== lastAck) continue;
      // The kernel counts a FIN that is not acknowledged as one byte: such a connection is still to be ended.
      if (startsWith(rows, state + 3, nothing)) continue;
    }

    // The last two digits tell nearly all other addresses from those of the loopback interface.
    const last = state - 8;
    if (rows[last] === seven && rows[last + 1] === letterF) {
      if (digits === 8 || startsWith(rows, remote, mappedIpv4)) continue;
    } else if (digits === 32 && rows[last] === zero && rows[last + 1] === zero) {
      if (startsWith(rows, remote, loopbackIpv6)) continue;
    }
    open++;
  }
  return open;
}

const startsWith = (rows: Buffer, at: number, wanted: Buffer): boolean =>
  rows.compare(wanted, 0, wanted.length, at, at + wanted.length) === 0;

/**
 * The time from the end of one count to the next, such that counting takes less than 1 % of a core: a hundred times what the
 * last one took, at least 1,000.
 *
 * @param lastCostMs what the last count cost: the processor's time, and not the time that it took on a busy machine.
 */
export const countIntervalMs = (lastCostMs: number): number => Math.max(1000, lastCostMs * 100);
