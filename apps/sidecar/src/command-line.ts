// The command line: the container needs none, and people who try it get help.

import { version } from "./version.ts";

/** What the command line asks for: to run, or to print a text and end with a code. */
export type Command =
  | { readonly command: "run" }
  | { readonly command: "print"; readonly text: string; readonly exitCode: number };

const help = `nlb-sidecar ${version}
Lets an Amazon ECS task behind a Network Load Balancer leave without cutting a connection.

Usage: nlb-sidecar [run]          watch the targets of this container's task, and exit when the drain is over
       nlb-sidecar --help
       nlb-sidecar --version

It runs as an essential container of the task and takes its settings from the environment, or from one
mounted file (/etc/nlb-sidecar/config.yaml, .yml or .json, or NLB_SIDECAR_CONFIG):

  DEREGISTRATION_WAIT              120     how long the load balancer may still send new connections
  POLLING_FREQUENCY                30      time between two rounds
  TARGET_CONTAINER_NAME                    watch one container's target groups alone
  NLB_SIDECAR_MODE                 act     act, or observe: log what would be done
  NLB_SIDECAR_DRAIN_WHEN           all     all, or any: which targets have to leave
  NLB_SIDECAR_TASK_SIGNAL          true    ECS may begin a drain where Elastic Load Balancing gives no answer
  NLB_SIDECAR_DRAIN_TIMEOUT                wait for open connections until then (awsvpc and host mode)
  NLB_SIDECAR_STOP_HOLD            0       hold a stop signal off for so long; keep it below stopTimeout
  NLB_SIDECAR_DEREGISTER_ON_STOP   false   deregister the targets when a stop signal is held off
  NLB_SIDECAR_ON_DRAIN_URL                 POSTed once when a drain begins
  NLB_SIDECAR_ON_RETURN_URL                POSTed once when a drain is called off
  NLB_SIDECAR_STATUS_PORT                  /ready and /status on 127.0.0.1
  NLB_SIDECAR_FAULT_POLICY         stay    stay, or exit on a fault that will not pass, before the watch
  NLB_SIDECAR_LOG_LEVEL            info    debug, info, warn or error

Durations are seconds, or have a unit: 90s, 2m.
Exit codes: 0 drained or stopped, 1 the fault policy, 2 this usage, 78 faulty settings.
`;

/** Reads the arguments after the program's own name. */
export function parseCommandLine(words: readonly string[]): Command {
  const [first, ...rest] = words;
  if (rest.length === 0) {
    if (first === undefined || first === "run") return { command: "run" };
    if (first === "--help" || first === "-h" || first === "help")
      return { command: "print", text: help, exitCode: 0 };
    if (first === "--version" || first === "-v")
      return { command: "print", text: `${version}\n`, exitCode: 0 };
  }
  const said = words.join(" ").slice(0, 80);
  return {
    command: "print",
    text: `nlb-sidecar does not know "${said}". Settings are environment variables; see nlb-sidecar --help.\n`,
    exitCode: 2,
  };
}
