import { createClient, type Client, type ClientOptions } from "graphql-ws";
import { BackOff } from "./back_off.js";

/**
 * Returns the current token or API key. Called for each request and connection.
 *
 * `isRefused` is true if the server refused the last one: get a new one then.
 */
export type GetToken = (isRefused?: boolean) => Promise<string>;

const FORBIDDEN = 4403;
/** Errors of the program, which a new connection does not solve. */
const FATAL_CODES = [4400, 4401, 4406];
const PONG_MILLISECONDS = 5_000;

/**
 * Opens a WebSocket to `url` that reconnects for as long as something is subscribed.
 *
 * A token that expires is replaced. If the new one is refused too, the subscriptions fail with the
 * close event.
 */
export function openSocket(url: string, getToken: GetToken, options: Partial<ClientOptions> = {}): Client {
  let refusals = 0;
  let pong: ReturnType<typeof setTimeout> | undefined;
  const backOff = new BackOff();
  const client = createClient({
    url: url.replace(/^http/, "ws"),
    connectionParams: async () => ({ Authorization: `Bearer ${await getToken(refusals > 0)}` }),
    retryAttempts: Infinity,
    retryWait: backOff.wait,
    shouldRetry(event) {
      const code = (event as Partial<CloseEvent> | null)?.code;
      return code === FORBIDDEN ? refusals < 2 : !FATAL_CODES.includes(code ?? 0);
    },
    keepAlive: 12_000,
    ...options,
  });
  client.on("closed", (event) => {
    clearTimeout(pong);
    backOff.recordClosed();
    if ((event as Partial<CloseEvent>).code === FORBIDDEN) refusals += 1;
  });
  client.on("connected", () => {
    refusals = 0;
    backOff.recordOpened();
  });
  // If the network disappears without closing the connection, pings have no response.
  client.on("ping", (received) => {
    if (!received) pong = setTimeout(() => client.terminate(), PONG_MILLISECONDS);
  });
  client.on("pong", (received) => {
    if (received) clearTimeout(pong);
  });
  return client;
}
