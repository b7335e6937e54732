// Asks for one value until it is answered, at the pace of the poll.

import { type Clock, poll } from "@nlb-sidecar/health";

/**
 * What `call` answers in the end; undefined once the signal aborts, or when `failed` says that there is no point in asking again.
 *
 * @param failed is told of each fault.
 */
export async function untilAnswered<Value>(
  pace: { readonly clock: Clock; readonly random: () => number; readonly intervalMs: number },
  call: (signal: AbortSignal) => Promise<Value>,
  failed: (error: unknown) => "again" | "give-up",
  signal: AbortSignal,
): Promise<Value | undefined> {
  const source = { name: "value", ask: async (each: AbortSignal) => [await call(each)] };
  for await (const { readings, error } of poll([source], pace, signal)) {
    const [value] = readings;
    if (error === undefined) return value;
    if (failed(error) === "give-up") return undefined;
  }
  return undefined;
}
