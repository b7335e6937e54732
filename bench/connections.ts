// Measures counting the open connections of 100,000 sockets, beside reading the table whole and splitting it.

import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { connectionScanner, procConnections } from "../apps/sidecar/src/connections.ts";

const sockets = 100_000;
const realConnections = 4_000;
const countsInRun = 4;
const runs = 5;
const never = new AbortController().signal;
const clock = { sleep: (ms: number) => Bun.sleep(ms) };

interface Measured {
  readonly open: number;
  /** Of one count: the mean of a run. */
  readonly userMs: number;
  readonly systemMs: number;
  /** Of the first count: by how much the process' resident memory rose above what it was before, at its highest. */
  readonly peakMiB: number;
}

/** Ways to count `ports` in the tables below `root`. */
const ways: Readonly<
  Record<string, (root: string, port: number) => Promise<number | undefined> | number>
> = {
  "read and split": (root, port) => {
    let open = 0;
    for (const name of ["tcp", "tcp6"]) {
      const rows = readFileSync(join(root, name), "utf8").split("\n").slice(1);
      for (const row of rows) {
        const [, local = "", remote = "", state, queues = ""] = row.trim().split(/\s+/);
        if (Number.parseInt(local.split(":")[1] ?? "", 16) !== port) continue;
        if (/^(.{6}|0{16}FFFF0{4}.{6})7F:|^0{24}01000000:/.test(remote)) continue;
        const queued = Number.parseInt(queues, 16) > 0;
        if (state === "01" || state === "08" || ((state === "04" || state === "09") && queued))
          open++;
      }
    }
    return open;
  },
  "the sidecar": (root, port) => procConnections(clock, root).count(new Set([port]), never),
  // A file gives what is asked for; /proc gives a page, so that there are sixteen times as many reads.
  "the sidecar, by the page": (root, port) => {
    const page = Buffer.alloc(4096);
    let open = 0;
    for (const name of ["tcp", "tcp6"]) {
      const scanner = connectionScanner(new Set([port]));
      const table = openSync(join(root, name), "r");
      for (;;) {
        const length = readSync(table, page, 0, page.length, null);
        if (length === 0) break;
        scanner.scan(page.subarray(0, length));
      }
      closeSync(table);
      open += scanner.open() ?? 0;
    }
    return open;
  },
};

const statusMiB = (field: "VmRSS" | "VmHWM"): number =>
  Number(new RegExp(`${field}:\\s*(\\d+)`).exec(readFileSync("/proc/self/status", "utf8"))?.[1]) /
  1024;

async function measure(way: string, root: string, port: number): Promise<Measured> {
  const count = ways[way];
  if (count === undefined) throw new Error(`no way to count is named ${way}`);
  // Sets the highest resident memory back to the present one: proc(5), clear_refs.
  writeFileSync("/proc/self/clear_refs", "5");
  const before = statusMiB("VmRSS");
  const cpu = process.cpuUsage();
  const open = (await count(root, port)) ?? Number.NaN;
  const peakMiB = statusMiB("VmHWM") - before;
  for (let i = 1; i < countsInRun; i++) await count(root, port);
  const { user, system } = process.cpuUsage(cpu);
  return {
    open,
    userMs: user / 1000 / countsInRun,
    systemMs: system / 1000 / countsInRun,
    peakMiB,
  };
}

const hex = (value: number, digits: number): string =>
  value.toString(16).toUpperCase().padStart(digits, "0");

/** Tables with every socket in one of them, all open on port 8080: nothing can be passed over. */
function writeTables(directory: string, family: "tcp" | "tcp6"): string {
  const root = join(directory, `only-${family}`);
  mkdirSync(root);
  const mapped = family === "tcp6" ? "0000000000000000FFFF0000" : "";
  const width = family === "tcp" ? 149 : 0;
  const heading =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
  const rows = Array.from({ length: sockets }, (_, i) => {
    const peer = `${mapped}${hex((i * 40_503) & 0xffffff, 6)}0A:${hex(1024 + (i % 60_000), 4)}`;
    return `${String(i).padStart(4)}: ${mapped}3D02000A:1F90 ${peer} 01 00000000:00000000 00:00000000 00000000  1000        0 ${100_000 + i} 1 00000000b09e168b 20 4 30 10 -1`.padEnd(
      width,
    );
  });
  for (const name of ["tcp", "tcp6"])
    writeFileSync(join(root, name), [heading, ...(name === family ? rows : []), ""].join("\n"));
  return root;
}

async function measureApart(
  executable: string,
  jit: boolean,
  way: string,
  root: string,
  port: number,
): Promise<Measured> {
  const child = Bun.spawn([executable, "measure", way, root, String(port)], {
    env: { ...process.env, BUN_JSC_useJIT: jit ? "1" : "0" },
    stderr: "inherit",
  });
  return JSON.parse(await new Response(child.stdout).text()) as Measured;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

async function compare(executable: string, title: string, root: string, port: number) {
  console.log(`\n${title}`);
  console.log(
    "                            JIT     open   user ms  system ms   peak MiB   user, peak of read-and-split",
  );
  for (const jit of [false, true]) {
    const all: Record<string, Measured[]> = {};
    // Side by side, so that a busy machine is busy for each.
    for (let run = 0; run < runs; run++)
      for (const way of Object.keys(ways)) {
        all[way] ??= [];
        all[way].push(await measureApart(executable, jit, way, root, port));
      }
    let first: Measured | undefined;
    for (const [way, measured] of Object.entries(all)) {
      const of = (field: keyof Measured) => median(measured.map((one) => one[field]));
      const one: Measured = {
        open: of("open"),
        userMs: of("userMs"),
        systemMs: of("systemMs"),
        peakMiB: of("peakMiB"),
      };
      first ??= one;
      const share = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`;
      console.log(
        [
          way.padEnd(26),
          (jit ? "on" : "off").padStart(5),
          String(one.open).padStart(8),
          one.userMs.toFixed(1).padStart(9),
          one.systemMs.toFixed(1).padStart(10),
          one.peakMiB.toFixed(1).padStart(10),
          `   ${share(one.userMs, first.userMs)}, ${share(one.peakMiB, first.peakMiB)}`,
        ].join(" "),
      );
    }
  }
}

async function compareReal(executable: string): Promise<void> {
  const own = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === "IPv4")?.address;
  if (own === undefined) {
    console.log("\nno real sockets: this machine has no address but the loopback interface's");
    return;
  }
  const accepted: Socket[] = [];
  const clients: Socket[] = [];
  const server = createServer((socket) => accepted.push(socket));
  await new Promise<void>((resolve) => server.listen(0, own, resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  try {
    for (let i = 0; i < realConnections; i++)
      clients.push(
        await new Promise<Socket>((resolve, reject) => {
          const client: Socket = connect({ port, host: own }, () => resolve(client));
          client.on("error", reject);
        }),
      );
    const title = `${clients.length} real connections in this machine's own /proc/net: both ends are sockets, one of them counts`;
    await compare(executable, title, "/proc/net", port);
  } finally {
    for (const socket of [...clients, ...accepted]) socket.destroy();
    server.close();
  }
}

async function main(): Promise<void> {
  const [, , command, way = "", root = "", port = ""] = process.argv;
  if (command === "measure") {
    console.log(JSON.stringify(await measure(way, root, Number(port))));
    return;
  }
  const directory = mkdtempSync(join(tmpdir(), "bench-connections-"));
  try {
    // As the image has it: one executable, with bytecode.
    const executable = join(directory, "bench-connections");
    const build = Bun.spawn(
      [process.execPath, "build", "--compile", "--minify", "--bytecode", "--format=esm"].concat(
        import.meta.path,
        `--outfile=${executable}`,
      ),
      { stdout: "ignore", stderr: "inherit" },
    );
    if ((await build.exited) !== 0) throw new Error("the benchmark was not compiled");
    console.log(
      `One count, median of ${runs} processes of ${countsInRun} counts each, Bun ${Bun.version}, ${process.arch}.`,
    );
    await compare(
      executable,
      `${sockets} IPv4 sockets, all open on the target's port, in a file`,
      writeTables(directory, "tcp"),
      8080,
    );
    await compare(
      executable,
      `${sockets} IPv4-mapped sockets, all open on the target's port, in a file`,
      writeTables(directory, "tcp6"),
      8080,
    );
    await compareReal(executable);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

void main();
