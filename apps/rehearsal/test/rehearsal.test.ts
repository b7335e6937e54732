// Rehearsals with real processes: the program as a person starts it, with the real sidecar.

import { describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const main = join(import.meta.dirname, "../src/main.ts");
// A rehearsal ends within 30 s; those of one turn wait for each other.
const testMs = 200_000;

// A life is some six processes: more than three at a time, and they measure the machine. Two side by side have it alone.
let free = 3;
const waiting: { readonly share: number; readonly begin: () => void }[] = [];

async function inTurn<Result>(share: number, act: () => Promise<Result>): Promise<Result> {
  const beginNext = (): void => {
    for (let next = waiting[0]; next !== undefined && next.share <= free; next = waiting[0]) {
      waiting.shift();
      free -= next.share;
      next.begin();
    }
  };
  await new Promise<void>((begin) => {
    waiting.push({ share, begin });
    beginNext();
  });
  try {
    return await act();
  } finally {
    free += share;
    beginNext();
  }
}

interface Rehearsal {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Report {
  readonly passed: boolean;
  readonly mode: string;
  readonly lives: readonly {
    readonly verdict: {
      readonly opened: number;
      readonly finished: number;
      readonly cut: number;
      readonly late: { readonly opened: number; readonly cut: number };
      readonly drainBeganMs?: number;
      readonly drainSeenMs?: number;
      readonly drainEndedMs?: number;
      readonly soonerMs?: number;
      readonly lastConnectionMs?: number;
      readonly sidecarEndedMs?: number;
      readonly misbehaviour: readonly string[];
    };
  }[];
}

/** A word in the environment of a rehearsal, by which its processes are found. */
const mark = (): string => `rehearsed-${process.pid}-${Math.random().toString(36).slice(2)}`;

function start(
  args: readonly string[],
  env: { readonly [name: string]: string } = {},
): { readonly pid: number; readonly ended: Promise<Rehearsal> } {
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const text = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].on("data", (chunk) => {
      text[name] += String(chunk);
    });
  const ended = new Promise<Rehearsal>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) =>
      signal === null ? resolve({ exitCode: code ?? -1, ...text }) : reject(new Error(signal)),
    );
  });
  if (child.pid === undefined) throw new Error("not started");
  return { pid: child.pid, ended };
}

const rehearse = (
  args: readonly string[],
  env: { readonly [name: string]: string } = {},
  share = 1,
): Promise<Rehearsal> => inTurn(share, () => start(args, env).ended);

async function reportOf(
  args: readonly string[],
  env: { readonly [name: string]: string } = {},
  share = 1,
): Promise<{ readonly exitCode: number; readonly report: Report; readonly timeline: string }> {
  const { exitCode, stdout, stderr } = await rehearse([...args, "--json"], env, share);
  return { exitCode, report: JSON.parse(stdout) as Report, timeline: stderr };
}

describe.concurrent("with the sidecar", () => {
  test.each([["awsvpc"], ["bridge"], ["host"]])(
    "in %s mode no connection is cut, and the drain ends sooner than by ECS alone",
    async (mode) => {
      const { exitCode, report, timeline } = await reportOf(["--mode", mode]);
      const verdict = report.lives[0]?.verdict;
      expect({ exitCode, misbehaviour: verdict?.misbehaviour }, timeline).toEqual({
        exitCode: 0,
        misbehaviour: [],
      });
      expect(verdict).toMatchObject({ cut: 0 });
      expect(verdict?.finished).toBe(verdict?.opened ?? 0);
      // Without new connections during the drain the stage would prove nothing.
      expect(verdict?.late.opened).toBeGreaterThan(10);
      expect(verdict?.soonerMs).toBeGreaterThan(2_000);
    },
    testMs,
  );

  test.each([["throttle"], ["outage"], ["deny-all"]])(
    "under the fault %s no connection is cut",
    async (fault) => {
      const { exitCode, report, timeline } = await reportOf(["--fault", fault]);
      const verdict = report.lives[0]?.verdict;
      expect(
        { exitCode, cut: verdict?.cut, misbehaviour: verdict?.misbehaviour },
        timeline,
      ).toEqual({ exitCode: 0, cut: 0, misbehaviour: [] });
      expect(timeline).toContain("FAULT: ");
    },
    testMs,
  );

  test(
    "the stage can lose: without a deregistration wait connections are cut, and the exit code is 1",
    async () => {
      const { exitCode, report, timeline } = await reportOf([], { DEREGISTRATION_WAIT: "0" });
      const verdict = report.lives[0]?.verdict;
      expect(exitCode, timeline).toBe(1);
      expect(report.passed).toBe(false);
      expect(verdict?.cut).toBeGreaterThan(0);
      expect(verdict?.late.cut).toBeGreaterThan(0);
      // The sidecar did what it was told to: the connections alone are why it lost.
      expect(verdict?.misbehaviour).toEqual([]);
      expect(timeline).toContain("FIRST CONNECTION CUT");
    },
    testMs,
  );

  test(
    "settings that cannot be used are shown, and fail the rehearsal before it acts",
    async () => {
      const { exitCode, report, timeline } = await reportOf([], { POLLING_FREQUENCY: "never" });
      expect(exitCode).toBe(1);
      expect(report.lives[0]?.verdict.misbehaviour).toContain("The sidecar ended with 78.");
      expect(timeline).toContain("POLLING_FREQUENCY");
      expect(timeline).not.toContain("DEPLOYMENT");
    },
    testMs,
  );
});

describe.concurrent("a feature against its absence", () => {
  const rows = [
    ["--stop-task", "NLB_SIDECAR_STOP_HOLD"],
    ["--spot", "NLB_SIDECAR_STOP_HOLD"],
    // Connections are counted in /proc/net.
    ...(process.platform === "linux" ? [["--idle-exit", "NLB_SIDECAR_DRAIN_TIMEOUT"]] : []),
  ];
  test.each(rows)(
    "with %s no connection is cut where %s is set, and some are where it is not",
    async (option) => {
      const { report, timeline } = await reportOf([option ?? ""], {}, 3);
      const [feature, absence] = report.lives.map(({ verdict }) => verdict);
      // When exactly the sidecar leaves is for the verdict, and for a machine with nothing else to do.
      expect(feature?.cut, timeline).toBe(0);
      expect(absence?.cut, timeline).toBeGreaterThan(0);
      if (feature?.lastConnectionMs !== undefined)
        expect(feature.sidecarEndedMs).toBeGreaterThanOrEqual(feature.lastConnectionMs);
    },
    testMs,
  );
});

describe.concurrent("without it", () => {
  test(
    "ECS alone waits for the whole deregistration delay, and cuts nothing either",
    async () => {
      const { exitCode, report, timeline } = await reportOf(["--without-sidecar"]);
      const verdict = report.lives[0]?.verdict;
      expect(exitCode, timeline).toBe(0);
      expect(verdict).toMatchObject({ cut: 0, misbehaviour: [] });
      expect(Math.abs(verdict?.soonerMs ?? Number.NaN)).toBeLessThan(1_000);
      expect(verdict?.drainSeenMs).toBeUndefined();
    },
    testMs,
  );
});

describe.concurrent("the program", () => {
  test(
    "prints its help",
    async () => {
      const { exitCode, stdout, stderr } = await rehearse(["--help"]);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
      expect(stdout).toContain("--without-sidecar");
    },
    testMs,
  );

  test(
    "refuses what it does not know, on stderr, with 2",
    async () => {
      const { exitCode, stdout, stderr } = await rehearse(["--mode", "brigde"]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
      expect(stderr).toContain("did you mean bridge?");
    },
    testMs,
  );

  test(
    "refuses a sidecar that is not there",
    async () => {
      const { exitCode, stderr } = await rehearse(["--sidecar", "/nonexistent/nlb-sidecar"]);
      expect(exitCode).toBe(2);
      expect(stderr).toContain("/nonexistent/nlb-sidecar");
    },
    testMs,
  );

  test.if(process.platform === "linux")(
    "leaves no process behind when it is interrupted",
    async () => {
      const word = mark();
      const { pid, ended } = start([], { LANG: word });
      const marked = (): readonly number[] =>
        readdirSync("/proc").flatMap((name) => {
          try {
            const found = /^\d+$/.test(name) && readFileSync(`/proc/${name}/environ`, "utf8");
            return found !== false && found.includes(word) ? [Number(name)] : [];
          } catch {
            return [];
          }
        });
      // The rehearsal itself, the application and the sidecar.
      while (marked().length < 3) await Bun.sleep(20);
      process.kill(pid, "SIGINT");
      expect((await ended).exitCode).toBe(130);
      while (marked().some((one) => one !== pid)) await Bun.sleep(20);
      expect(marked()).toEqual([]);
    },
    testMs,
  );
});
