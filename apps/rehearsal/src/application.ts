// The example application: a process that answers lines, and on SIGTERM ends as a good application does.

import { createServer, type Socket } from "node:net";

// A client asks with lines, `next` or `last`, and gets `answer` for each; `last` is answered and ends the connection. So
// the application knows which connections still expect something of it.
const open = new Set<Socket>();
let stopping = false;

const leaveWhenDone = (): void => {
  if (stopping && open.size === 0) process.exit(0);
};

const { APPLICATION_HOST = "127.0.0.1", APPLICATION_PORT = "0" } = process.env;

const server = createServer({ allowHalfOpen: true }, (socket): void => {
  // Where it listens on an address that others can reach, it still serves this machine alone.
  if (socket.remoteAddress !== socket.localAddress) {
    socket.resetAndDestroy();
    return;
  }
  open.add(socket);
  let unread = "";
  socket.on("data", (chunk) => {
    const lines = `${unread}${chunk}`.split("\n");
    unread = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "next") socket.write("answer\n");
      else if (line === "last") socket.end("answer\n");
      else socket.resetAndDestroy();
    }
  });
  socket.on("end", () => {
    if (!socket.writableEnded) socket.end();
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    open.delete(socket);
    leaveWhenDone();
  });
});

// No new connections, and the open ones are served to their end: ECS sends SIGKILL at the end of the stop timeout.
process.on("SIGTERM", () => {
  stopping = true;
  server.close();
  leaveWhenDone();
});

// Whoever started it holds the other end of its stdin: it never outlives them.
process.stdin.on("end", () => process.exit(1));
process.stdin.resume();

server.listen(Number(APPLICATION_PORT), APPLICATION_HOST, () => {
  const address = server.address();
  if (address === null || typeof address === "string") process.exit(1);
  process.stdout.write(`${address.port}\n`);
});
