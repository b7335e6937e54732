// Races a call against its own time-out.

import type { Clock } from "@nlb-sidecar/health";

/** How long any one call may take, credentials and retries included. */
export const callTimeoutMs = 5_000;

/**
 * What `call` resolves with, if it settles within `ms` and before `signal` aborts; otherwise the rejection comes at once, whether or
 * not the call heeds the signal that it was given. (The SDK's does not reach the resolving of credentials.)
 *
 * @throws an error named `TimeoutError` or `AbortError`, or what the call threw.
 */
export async function within<Value>(
  clock: Clock,
  ms: number,
  call: (signal: AbortSignal) => Promise<Value>,
  signal: AbortSignal,
): Promise<Value> {
  const ended = new AbortController();
  const abort = () => ended.abort(signal.reason);
  if (signal.aborted) throw named("AbortError", "the call was given up before it began");
  signal.addEventListener("abort", abort, { once: true });
  const late = clock.sleep(ms, ended.signal).then((): never => {
    throw signal.aborted
      ? named("AbortError", "the call was given up")
      : named("TimeoutError", `no answer within ${ms / 1000} s`);
  });
  // When the call wins, nobody waits for the time-out any more.
  late.catch(() => {});
  try {
    return await Promise.race([call(ended.signal), late]);
  } finally {
    signal.removeEventListener("abort", abort);
    ended.abort();
  }
}

const named = (name: string, message: string): Error => Object.assign(new Error(message), { name });

/** The part of every AWS client that matters here. */
interface Client {
  // biome-ignore lint/suspicious/noExplicitAny: each client's `send` takes its own commands, and this wraps them all.
  send(command: any, options?: { abortSignal?: AbortSignal }): Promise<any>;
}

/** The same client, each of whose calls is raced against {@link callTimeoutMs}. */
export const timed = <Each extends Client>(clock: Clock, client: Each): Each => {
  const never = new AbortController().signal;
  const send: Client["send"] = (command, options) =>
    within(
      clock,
      callTimeoutMs,
      (abortSignal) => client.send(command, { abortSignal }),
      options?.abortSignal ?? never,
    );
  return { send } as Each;
};
