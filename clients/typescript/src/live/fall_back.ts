import type { Client, ClientOptions } from "graphql-ws";
import { ConnectionEvents, type ConnectionEvent, type LiveClient } from "./connection_events.js";
import { openSocket, type GetToken } from "./socket.js";
import { openStream, type StreamOptions } from "./stream.js";

/** Options of the WebSocket and of the event streams. */
export type LiveOptions = Partial<ClientOptions> & StreamOptions;

type Payload = Parameters<Client["subscribe"]>[0];
type Sink = Parameters<Client["subscribe"]>[1];

/** Failed attempts to open the first WebSocket before event streams replace it. */
const ATTEMPTS = 3;
const OPEN_MILLISECONDS = 10_000;
/** Close codes of a connection that ended without the server's close frame, or that `terminate` ended. */
const CUT_CODES = [1006, 4499];

/**
 * Opens a WebSocket, and replaces it by event streams if the network blocks WebSockets.
 *
 * That is so if none could be opened although the server answers requests. Subscriptions continue.
 */
export function openLive(
  url: string,
  getToken: GetToken,
  options: LiveOptions = {},
): LiveClient {
  return new Live(url, getToken, options);
}

interface Subscription {
  payload: Payload;
  sink: Sink;
  stop: () => void;
}

class Live implements LiveClient {
  private readonly subscriptions = new Set<Subscription>();
  private readonly events = new ConnectionEvents();
  private client: LiveClient;
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly url: string,
    private readonly getToken: GetToken,
    private readonly options: LiveOptions,
  ) {
    const socket = openSocket(url, getToken, options);
    this.client = socket;
    this.passEvents(socket);
    socket.on("connecting", () => {
      // A proxy that neither answers nor refuses.
      this.timer = setTimeout(() => socket.terminate(), OPEN_MILLISECONDS);
    });
    socket.on("connected", () => {
      clearTimeout(this.timer);
      this.failures = -Infinity;
    });
    socket.on("closed", (event) => {
      clearTimeout(this.timer);
      const { code } = event as Partial<CloseEvent>;
      if (code === undefined || CUT_CODES.includes(code)) void this.countFailure();
    });
  }

  subscribe = ((payload: Payload, sink: Sink) => {
    const subscription: Subscription = { payload, sink, stop: () => {} };
    this.subscriptions.add(subscription);
    this.start(subscription);
    return () => {
      this.subscriptions.delete(subscription);
      subscription.stop();
    };
  }) as Client["subscribe"];

  readonly on = this.events.on;

  dispose(): void | Promise<void> {
    clearTimeout(this.timer);
    this.failures = -Infinity;
    return endQuietly(this.client);
  }

  private passEvents(client: LiveClient): void {
    const pass = (event: ConnectionEvent) => client.on(event, () => client === this.client && this.events.emit(event));
    pass("connected");
    pass("closed");
  }

  private start(subscription: Subscription): void {
    const { client } = this;
    const { payload, sink } = subscription;
    // What a client sends after it was replaced is the end of its own subscriptions.
    const pass = (deliver: () => void) => client === this.client && deliver();
    const finish = (deliver: () => void) => pass(() => (this.subscriptions.delete(subscription), deliver()));
    subscription.stop = client.subscribe(payload, {
      next: (result) => pass(() => sink.next(result as any)),
      error: (error) => finish(() => sink.error(error)),
      complete: () => finish(() => sink.complete()),
    });
  }

  private async countFailure(): Promise<void> {
    this.failures += 1;
    if (this.failures !== ATTEMPTS) return;
    if (await this.isReachable()) this.fallBack();
    else this.failures = Math.min(this.failures, 0);
  }

  /** Checks that requests have a response, whatever it is. */
  private async isReachable(): Promise<boolean> {
    try {
      const headers = { Authorization: `Bearer ${await this.getToken()}` };
      await fetch(`${this.url}?query=${encodeURIComponent("{ __typename }")}`, { headers });
      return this.failures >= ATTEMPTS;
    } catch {
      return false;
    }
  }

  private fallBack(): void {
    const socket = this.client;
    this.client = openStream(this.url, this.getToken, this.options);
    this.passEvents(this.client);
    for (const subscription of this.subscriptions) {
      subscription.stop();
      this.start(subscription);
    }
    void endQuietly(socket);
  }
}

/** A socket that is being opened reports its failure to `dispose`, too. */
const endQuietly = async (client: LiveClient): Promise<void> => {
  try {
    await client.dispose();
  } catch {
    // Its subscriptions have ended, or continue elsewhere.
  }
};
