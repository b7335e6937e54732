// What stands beside the sidecar in its task: the application, and AWS. One program, as an executable in a small image.

import { createServer } from "node:net";
import { createWorld, realClock, serve } from "@nlb-sidecar/simulator";

const [role] = process.argv.slice(2);
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
} else setInterval(() => {}, 2 ** 30);
