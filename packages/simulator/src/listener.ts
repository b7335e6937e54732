// The data plane of the stand-in load balancer: a TCP listener that carries real connections to registered targets.

import { createServer, connect as openConnection, type Socket } from "node:net";
import { listening } from "./listening.ts";

/** Where a registered target really listens. */
export interface ListenerTarget {
  /** The target's name in events and for `resetFlows`, such as `10.0.0.1:80`. */
  readonly label: string;
  readonly host: string;
  readonly port: number;
}

/**
 * How a flow ended:
 *
 * - `closed`: both sides closed it, one after the other.
 * - `reset-by-client`, `reset-by-target`: that side reset it.
 * - `refused`: the target took no connection; the client is reset.
 * - `no-target`: nothing was registered that may receive a connection; the client is reset.
 * - `terminated`: the load balancer reset both sides, by `resetFlows` or `close`.
 */
export type FlowEnd =
  | "closed"
  | "reset-by-client"
  | "reset-by-target"
  | "refused"
  | "no-target"
  | "terminated";

/** One connection of a client. It keeps its target to its end, whatever is registered or deregistered meanwhile. */
export interface Flow {
  /** Counts from 1 in the order in which connections arrive. */
  readonly number: number;
  /** The label of its target; undefined where there was none. */
  readonly target: string | undefined;
  /** The client's address as the listener sees it, such as `127.0.0.1:49152`. */
  readonly client: string;
}

/** What a listener tells about its flows: each begins once and ends once. */
export type FlowEvent =
  | { readonly kind: "began"; readonly flow: Flow }
  | { readonly kind: "ended"; readonly flow: Flow; readonly end: FlowEnd };

/** Where and how to listen. */
export interface ListenerOptions {
  /** The address to listen on; default `127.0.0.1`. */
  readonly host?: string;
  /** Default 0: the kernel chooses one. */
  readonly port?: number;
  /** Called at once, in order; what it throws is the caller's own. */
  readonly onFlow?: (event: FlowEvent) => void;
}

/** An open listener. */
export interface Listener {
  readonly host: string;
  readonly port: number;
  /** How many flows are open: those of the target with that label, or all. */
  openFlows(label?: string): number;
  /**
   * Resets every open flow of a target on both sides, and gives their number: connection termination at the end of the
   * deregistration delay.
   *
   * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html#deregistration-delay
   */
  resetFlows(label: string): number;
  /** Takes no more connections and resets the open ones; resolves when all of its sockets are closed. */
  close(): Promise<void>;
}

/**
 * Opens a TCP listener that carries each connection to one of `targets()`, asked anew for every connection, in turn. Bytes,
 * half-closes and resets are passed on as they come, both ways, with back pressure.
 *
 * It differs from a Network Load Balancer where a proxy must: the client's connection is accepted before the target's, so
 * that a refused one appears to the client as a reset; connections go round in turn where a load balancer hashes their
 * addresses and ports; there is no idle time-out; the target sees the listener's address.
 *
 * @throws the system's error where the address cannot be listened on.
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/network/introduction.html
 */
export async function openListener(
  targets: () => readonly ListenerTarget[],
  { host = "127.0.0.1", port = 0, onFlow = () => {} }: ListenerOptions = {},
): Promise<Listener> {
  const open = new Map<Flow, (end: FlowEnd) => void>();
  let flows = 0;
  let turn = 0;
  let settleWhenEmpty = (): void => {};

  const carry = (client: Socket): void => {
    const registered = targets();
    const target = registered[turn++ % Math.max(1, registered.length)];
    flows += 1;
    const flow: Flow = {
      number: flows,
      target: target?.label,
      client: `${client.remoteAddress}:${client.remotePort}`,
    };
    // A socket without an error listener would end the process.
    client.on("error", () => {});
    onFlow({ kind: "began", flow });
    if (target === undefined) {
      client.resetAndDestroy();
      onFlow({ kind: "ended", flow, end: "no-target" });
      return;
    }

    const upstream = openConnection({ host: target.host, port: target.port, allowHalfOpen: true });
    let cause: FlowEnd | undefined;
    let closed = 0;
    const reset = (end: FlowEnd): void => {
      cause ??= end;
      client.resetAndDestroy();
      // On a socket that is still connecting, a reset would wait for the connection.
      if (upstream.connecting) upstream.destroy();
      else upstream.resetAndDestroy();
    };
    const ended = (): void => {
      closed += 1;
      if (closed < 2) return;
      open.delete(flow);
      onFlow({ kind: "ended", flow, end: cause ?? "closed" });
      settleWhenEmpty();
    };
    open.set(flow, reset);
    // Nagle's algorithm would hold back small answers that the target sent at once.
    client.setNoDelay(true);
    upstream.setNoDelay(true);
    let connected = false;
    upstream.on("connect", () => {
      connected = true;
    });
    upstream.on("error", () => reset(connected ? "reset-by-target" : "refused"));
    client.on("error", () => reset("reset-by-client"));
    upstream.on("close", ended);
    client.on("close", ended);
    client.pipe(upstream);
    upstream.pipe(client);
  };

  const server = createServer({ allowHalfOpen: true }, carry);
  const address = await listening(server, port, host);

  const openOf = (label: string | undefined): readonly Flow[] =>
    [...open.keys()].filter(({ target }) => label === undefined || target === label);
  const resetAll = (label: string | undefined): number => {
    const resets = openOf(label).map((flow) => open.get(flow));
    for (const reset of resets) reset?.("terminated");
    return resets.length;
  };

  return {
    host: address.address,
    port: address.port,
    openFlows: (label) => openOf(label).length,
    resetFlows: (label) => resetAll(label),
    close: () =>
      new Promise<void>((resolve) => {
        // The server waits for its clients alone: the sockets towards the targets close on their own.
        const settle = (): void => {
          if (!server.listening && open.size === 0) resolve();
        };
        settleWhenEmpty = settle;
        server.close(settle);
        resetAll(undefined);
      }),
  };
}
