// A log that nobody reads costs its lines, which are counted, and neither the drain nor the answer to a stop signal.

import { describe, expect, test } from "bun:test";
import { beginLife, describeTargetHealth, pace, testMs } from "./life.ts";
import { openPipe, type Pipe } from "./pipe.ts";
import { type Line, until } from "./sidecar-process.ts";

const pipes: Readonly<Record<string, () => Pipe>> = {
  "into a full pipe": () => {
    const pipe = openPipe();
    pipe.fill();
    return pipe;
  },
  "into a pipe that nobody holds any more": () => {
    const pipe = openPipe();
    pipe.close();
    return pipe;
  },
};

describe.concurrent("writing", () => {
  for (const [where, open] of Object.entries(pipes)) {
    test(
      `${where}, it sees the drain and leaves after the deregistration wait`,
      async () => {
        using pipe = open();
        const { descriptor } = pipe;
        await using life = await beginLife({ stdout: descriptor, stderr: descriptor });
        await life.called(describeTargetHealth, 2);
        const drainingMs = life.drain();
        const { code, atMs } = await life.sidecar.exit();
        expect(code).toBe(0);
        expect(life.world.wallMs(atMs) - drainingMs).toBeGreaterThanOrEqual(pace.waitMs);
      },
      testMs,
    );

    test(
      `${where}, it answers SIGTERM`,
      async () => {
        using pipe = open();
        const { descriptor } = pipe;
        await using life = await beginLife({
          stdout: descriptor,
          stderr: descriptor,
          settings: { POLLING_FREQUENCY: "300" },
        });
        await life.called(describeTargetHealth);
        const calls = life.calls().length;
        life.sidecar.kill("SIGTERM");
        expect((await life.sidecar.exit()).code).toBe(0);
        expect(life.calls()).toHaveLength(calls);
      },
      testMs,
    );
  }
});

const ports = Array.from({ length: 300 }, (_, index) => 8000 + index);

describe.concurrent("a reader that was slow", () => {
  test(
    "is told how many lines it has lost",
    async () => {
      using pipe = openPipe();
      pipe.fill();
      // Many targets, each of which has a line of its own with each change.
      await using life = await beginLife({
        stdout: pipe.descriptor,
        description: {
          containers: [
            { name: "app", portMappings: ports.map((containerPort) => ({ containerPort })) },
            { name: "nlb-sidecar" },
          ],
          loadBalancers: ports.map((containerPort) => ({
            targetGroup: "web",
            containerName: "app",
            containerPort,
          })),
        },
      });
      const { world, task } = life;
      let rounds = 0;
      const change = async (): Promise<void> => {
        rounds += 1;
        const reason = `Test.Round${rounds}`;
        for (const { targetGroupArn, id, port } of task.targets)
          world.setTargetHealth({ targetGroupArn, id, port }, { state: "unhealthy", reason });
        // The second call comes when the answer to the first one has been taken in.
        await life.calledAgain(describeTargetHealth, 2);
      };
      expect(task.targets).toHaveLength(ports.length);
      for (let more = 3; more > 0; more -= 1) await change();

      let text = pipe.read();
      const reading = setInterval(() => {
        text += pipe.read();
      }, 5);
      const lines = (): readonly Line[] =>
        text
          .slice(0, text.lastIndexOf("\n") + 1)
          .split("\n")
          .filter((line) => line !== "")
          .map((line) => JSON.parse(line));
      const last = (): boolean =>
        lines().filter(({ reason }) => reason === `Test.Round${rounds}`).length >= ports.length;
      try {
        // What was kept is written; only then there is room for the next lines, and for the count.
        await until(
          "lines that were kept",
          () => lines().length >= 500,
          () => text,
        );
        await change();
        await until("last lines", last, () => text);
      } finally {
        clearInterval(reading);
      }

      const readings = lines().filter(({ event }) => event === "reading");
      const told = lines().filter(({ event }) => event === "lines-lost");
      expect(told).toHaveLength(1);
      expect(lines().map(({ event }) => event)).toEqual(
        expect.arrayContaining(["started", "task", "targets"]),
      );
      expect(readings.length + Number(told[0]?.lines)).toBe(rounds * ports.length);
    },
    testMs,
  );
});
