// What stands beside the sidecar in its task: the application, and AWS. One program, as an executable in a small image.

import { createServer } from "node:net";
import { createWorld, realClock, serve } from "@nlb-sidecar/simulator";

const [role, part] = process.argv.slice(2);
process.on("SIGTERM", () => process.exit(0));

if (role === "application") {
  // Answers every line with itself, for as long as the client likes.
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  server.listen(8080, "0.0.0.0");
} else if (role === "aws") {
  const world = createWorld({
    clock: realClock,
    random: Math.random,
    targetGroups: [{ name: "web", initialHealthCheckMs: 0, deregistrationDelayMs: 600_000 }],
  });
  const { origin } = await serve(world, { port: 8000, host: "0.0.0.0" });
  console.log(origin);
} else if (role === "crowd" && part === undefined) {
  // Eleven processes, as one may not open so many files.
  for (let index = 0; index < 11; index++)
    Bun.spawn([process.execPath, "crowd", `${index}`], { stdout: "inherit", stderr: "inherit" });
  setInterval(() => {}, 2 ** 30);
} else if (role === "crowd") {
  // 4,600 connections to itself: with those of the others, both ends and the listeners, some 101,000 rows of the kernel's table.
  const at = { hostname: "127.0.0.1", port: 9000 + Number(part), socket: { data() {} } };
  Bun.listen(at);
  for (let opened = 0; opened < 4600; opened += 100)
    await Promise.all(Array.from({ length: 100 }, () => Bun.connect(at)));
  console.log(JSON.stringify({ event: "crowd", part }));
  setInterval(() => {}, 2 ** 30);
} else setInterval(() => {}, 2 ** 30);
