import type { Client } from "graphql-ws";
import { createClient } from "graphql-sse";
import { getErrorCode } from "../errors.js";
import { BackOff } from "./back_off.js";
import { ConnectionEvents, type LiveClient } from "./connection_events.js";
import type { GetToken } from "./socket.js";

export interface StreamOptions {
  /** Waits before a stream is opened again. */
  retryWait?: (retries: number) => Promise<void>;
  /** A stream without a byte for so long is opened again. The server sends a comment every 12 seconds. */
  silenceMilliseconds?: number;
}

type Payload = Parameters<Client["subscribe"]>[0];
type Sink = Parameters<Client["subscribe"]>[1];

/** The server refused the new token, too. */
class TokenRefused extends Error {
  readonly errors = [{ extensions: { code: "UNAUTHENTICATED" } }];

  constructor() {
    super("The server refused the token.");
    this.name = "TokenRefused";
  }
}

/**
 * Subscribes by event streams over HTTP, one for each subscription, which are opened again for as long
 * as something is subscribed.
 *
 * A token that expires is replaced. If the new one is refused too, the subscriptions fail.
 */
export function openStream(
  url: string,
  getToken: GetToken,
  { retryWait, silenceMilliseconds = 30_000 }: StreamOptions = {},
): LiveClient {
  const backOff = new BackOff();
  let refusals = 0;
  const events = new ConnectionEvents();
  const client = createClient({
    url,
    headers: async () => ({ Authorization: `Bearer ${await getToken(refusals > 0)}` }),
    retryAttempts: Infinity,
    async retry(retries) {
      events.emit("closed");
      backOff.recordClosed();
      if (refusals > 1) throw new TokenRefused();
      if (refusals === 0) await (retryWait ?? backOff.wait)(retries);
    },
    async fetchFn(input: RequestInfo, init: RequestInit) {
      const response = await fetch(input, init);
      refusals = response.status === 401 ? refusals + 1 : 0;
      if (!response.ok || !response.body) return response;
      events.emit("connected");
      backOff.recordOpened();
      return new Response(endWhenSilent(response.body, silenceMilliseconds), response);
    },
  });
  const subscribe = (payload: Payload, sink: Sink): (() => void) => {
    let isDone = false;
    let stop = () => {};
    const end = (finish: () => void) => {
      if (isDone) return;
      isDone = true;
      stop();
      finish();
    };
    const start = () => {
      stop = client.subscribe<any, any>(payload as any, {
        next(result) {
          if (isDone) return;
          const code = result.data ? undefined : getErrorCode(result);
          // The token expired while the stream was open.
          if (code === "UNAUTHENTICATED") {
            refusals = 1;
            stop();
            start();
          } else if (code && code !== "RESPONSE_TOO_LARGE") end(() => sink.error(result.errors as any));
          else sink.next(result as any);
        },
        error: (error) => end(() => sink.error(error)),
        complete: () => end(() => sink.complete()),
      });
    };
    start();
    return () => end(() => {});
  };
  return { subscribe: subscribe as Client["subscribe"], on: events.on, dispose: () => client.dispose() };
}

/** Passes the bytes on, and fails if none come for too long: the network went away without closing the connection. */
function endWhenSilent(body: ReadableStream<Uint8Array>, milliseconds: number): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const silence = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new TypeError("The event stream is silent.")), milliseconds);
      });
      try {
        const { done, value } = await Promise.race([reader.read(), silence]);
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        void reader.cancel(error).catch(() => {});
        throw error;
      } finally {
        clearTimeout(timer);
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
