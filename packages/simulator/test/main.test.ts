// The program: its options, what it prints, and how it ends.

import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const main = new URL("../src/main.ts", import.meta.url).pathname;
const folders: string[] = [];
const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), "nlb-simulator-"));
  folders.push(made);
  return made;
};
afterEach(() => {
  for (const made of folders.splice(0)) rmSync(made, { recursive: true });
});

const start = (...options: readonly string[]) =>
  Bun.spawn([process.execPath, main, ...options], { stdout: "pipe", stderr: "pipe" });

describe("nlb-simulator", () => {
  test("serves the described world, says where, and ends on SIGTERM", async () => {
    const world = join(folder(), "world.json");
    writeFileSync(
      world,
      JSON.stringify({ region: "us-gov-west-1", targetGroups: [{ name: "shop" }] }),
    );
    const program = start(
      ...[
        "--port",
        "0",
        "--mode",
        "bridge",
        "--tasks",
        "2",
        "--deregistration-delay",
        "7",
        "--world",
        world,
      ],
    );
    const { value = new Uint8Array() } = await program.stdout.getReader().read();
    const said = JSON.parse(new TextDecoder().decode(value));
    expect(said.tasks).toHaveLength(2);
    expect(said.tasks[0].containers.app).toMatchObject({
      AWS_REGION: "us-gov-west-1",
      AWS_ENDPOINT_URL: said.origin,
    });
    const response = await fetch(`${said.tasks[0].containers.app.ECS_CONTAINER_METADATA_URI_V4}`);
    expect(await response.json()).toMatchObject({
      Name: "app",
      Networks: [{ NetworkMode: "bridge" }],
    });
    const shown = (await (await fetch(`${said.origin}/_world`)).json()) as {
      targetGroupArns: object;
    };
    expect(Object.keys(shown.targetGroupArns)).toEqual(["shop"]);
    program.kill("SIGTERM");
    expect(await program.exited).toBe(0);
  });

  test("--help tells its options and ends with 0", async () => {
    const program = start("--help");
    expect(await new Response(program.stdout).text()).toContain("--deregistration-delay");
    expect(await program.exited).toBe(0);
  });

  test.each([
    [["--mode", "vpc"], '--mode wants one of awsvpc, bridge, host, none, got "vpc"'],
    [["--port", "http"], '--port wants a whole number, got "http"'],
    [["--tasks", "-1"], "--tasks"],
    [["--colour"], "--colour"],
    [["--world", "/nowhere.json"], "--world /nowhere.json: ENOENT"],
  ])("%o is refused with 2 and the help", async (options, message) => {
    const program = start(...options);
    const said = await new Response(program.stderr).text();
    expect(said).toContain(message);
    expect(said).toContain("--help");
    expect(await program.exited).toBe(2);
  });
});
