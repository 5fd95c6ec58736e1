import type { Client } from "graphql-ws";

export type ConnectionEvent = "connected" | "closed";

/** A live connection, opened by `openSocket`, `openStream` or `openLive`. */
export interface LiveClient {
  subscribe: Client["subscribe"];
  /** Calls `listener` when a connection was opened or lost. Returns a function that stops. */
  on(event: ConnectionEvent, listener: () => void): () => void;
  dispose(): void | Promise<void>;
}

/** Notifies listeners when a connection was opened or lost. */
export class ConnectionEvents {
  private readonly listeners = { connected: new Set<() => void>(), closed: new Set<() => void>() };

  readonly on: LiveClient["on"] = (event, listener) => {
    // A listener that is added twice is called twice.
    const call = () => listener();
    this.listeners[event].add(call);
    return () => void this.listeners[event].delete(call);
  };

  emit(event: ConnectionEvent): void {
    this.listeners[event].forEach((listener) => listener());
  }
}
