// Tells the application, by one POST, that a drain began or was called off.

import type { Settings } from "@nlb-sidecar/config";
import type { Task } from "@nlb-sidecar/resolver";
import { faultOf, openFaultLog } from "./fault-log.ts";
import { within } from "./time-out.ts";
import type { World } from "./world.ts";

const tries = 3;
const tryMs = 2_000;
const pauseMs = 500;

/**
 * The one who tells: a function of the phase that was entered, `draining` or `watching`. It returns at once and never throws; a POST
 * takes three tries of two seconds at most, and a new phase gives up the one before. In observe mode nobody is told.
 */
export function notifier(
  world: World,
  settings: Settings,
  task: Task,
): (phase: "watching" | "draining" | "exit") => void {
  const { clock, log } = world;
  const faults = openFaultLog(clock, log);
  let current = new AbortController();

  const post = async (url: string, phase: string, signal: AbortSignal): Promise<void> => {
    const body = JSON.stringify({ phase, task: task.arn, cluster: task.cluster });
    const of = phase === "draining" ? "drain" : "return";
    for (let left = tries; left > 0 && !signal.aborted; left -= 1)
      try {
        const status = await within(clock, tryMs, (each) => world.post(url, body, each), signal);
        if (status >= 200 && status < 300) {
          faults.answered("application");
          log.write({ event: "notified", of, status });
          return;
        }
        throw new Error(`POST was answered with ${status}`);
      } catch (error) {
        if (signal.aborted) return;
        if (left === 1) faults.failed("application", notificationFaultOf(error));
        else await clock.sleep(pauseMs, signal);
      }
  };

  return (phase) => {
    if (phase === "exit" || settings.mode === "observe") return;
    const url = phase === "draining" ? settings.onDrainUrl : settings.onReturnUrl;
    current.abort();
    current = new AbortController();
    if (url !== undefined) void post(url, phase, current.signal);
  };
}

const notificationFaultOf = (error: unknown) => ({
  code: "not-notified",
  message: `The application was not told, after ${tries} tries: ${faultOf(error).message}`,
  fix: "Check the URL, and that the application answers it with a 2xx status within 2 s.",
  transient: true,
});
