import type { ApolloClient } from "@apollo/client";
import { repeat } from "../errors.js";

/** The part of a live connection that reports when it was opened. */
export interface Reconnecting {
  on?(event: "connected", listener: () => void): unknown;
}

const waiting = new WeakMap<ApolloClient, Set<() => void>>();

/** Repeats requests of `apollo` that failed without a response as soon as `socket` is open again. */
export function setConnection(apollo: ApolloClient, socket: Reconnecting): void {
  const wakers = new Set<() => void>();
  waiting.set(apollo, wakers);
  socket.on?.("connected", () => wakers.forEach((wake) => wake()));
}

/** Sends a request until it has a response or `signal` is aborted. Raises the error if repeating can't help. */
export const repeatOnline = <Result>(
  apollo: ApolloClient,
  send: () => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> => repeat(send, signal, (milliseconds) => waitUntilOnline(apollo, milliseconds));

/** Waits until the connection is opened, but not longer than `milliseconds`. */
function waitUntilOnline(apollo: ApolloClient, milliseconds: number): Promise<void> {
  const wakers = waiting.get(apollo);
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      wakers?.delete(wake);
      resolve();
    };
    const timer = setTimeout(wake, milliseconds);
    wakers?.add(wake);
  });
}
