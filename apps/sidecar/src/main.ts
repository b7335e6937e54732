// The process: signals in, an exit code out, and every global that the rest is given.

import type { Process } from "./run.ts";

// Before anything else is loaded: process 1 of a container has no default action on these, so that a signal without a handler is
// lost, and a stop would wait for SIGKILL.
const stop = new AbortController();
let stopAgain: (name: string) => void = () => {};
for (const name of ["SIGTERM", "SIGINT"] as const)
  process.on(name, () => {
    if (stop.signal.aborted) stopAgain(name);
    else stop.abort(name);
  });

const real: Process = {
  words: process.argv.slice(2),
  env: process.env,
  random: Math.random,
  fetch: (url, init) => fetch(url, init),
  post: async (url, body, signal) => {
    const headers = { "content-type": "application/json" };
    // A redirect would make a GET of it, and somebody else's answer would pass for the application's.
    const how = { method: "POST", headers, body, signal, redirect: "manual" } as const;
    return (await fetch(url, how)).status;
  },
  processorMs: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  print: (text, exitCode) => {
    (exitCode === 0 ? process.stdout : process.stderr).write(text);
    process.exitCode = exitCode;
  },
  exit: (exitCode) => process.exit(exitCode),
  onStopAgain: (listener) => {
    stopAgain = listener;
  },
  onDefect: (listener) => {
    process.on("uncaughtException", listener);
    process.on("unhandledRejection", listener);
  },
  onConsole: (listener) => {
    for (const name of ["debug", "info", "log", "warn", "error"] as const)
      console[name] = (...words: readonly unknown[]) => listener(words.map(String).join(" "));
  },
};

void import("./run.ts").then(({ run }) => run(real, stop.signal));
