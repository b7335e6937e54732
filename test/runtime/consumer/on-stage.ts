// Runs a program as a container of a simulated task: `on-stage.ts <network mode> <program>`, exit code and output are the program's.

import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  createWorld,
  environmentOf,
  type NetworkMode,
  realClock,
  serve,
} from "@nlb-sidecar/simulator";

const [networkMode = "awsvpc", program = ""] = process.argv.slice(2);
const world = createWorld({
  clock: realClock,
  random: Math.random,
  networkMode: networkMode as NetworkMode,
});
const server = await serve(world);
const [task] = world.tasks();
if (task === undefined) throw new Error("the simulated service has no task");
const { PATH, HOME } = process.env;
const child = spawn(process.execPath, [program], {
  stdio: "inherit",
  env: { PATH, HOME, ...environmentOf(world, task.arn, "nlb-sidecar", server.origin) },
});
const [code] = await once(child, "exit");
await server.close();
process.exit(code ?? 1);
