import type { GetToken } from "@wagraph/client";
import { createApollo, keepCacheUp } from "@wagraph/client/apollo";
import { openLive, type LiveOptions } from "@wagraph/client/sse";
import { LiveDocument } from "./generated/graphql.js";

export interface App extends ReturnType<typeof connect> {}

/** Opens the app's connections. `getToken(true)` is called if the server refused the last token. */
export function connect(url: string, getToken: GetToken, options: LiveOptions = {}) {
  // A WebSocket, or event streams if the network blocks WebSockets.
  const socket = openLive(url, getToken, options);
  const apollo = createApollo(url, getToken, socket);
  return { apollo, socket };
}

/**
 * Keeps everything that the app shows up to date. `onReady` is called when lists can be shown, and
 * `onError` with `isFinal` true if the user must sign in again. Returns a function that stops.
 */
export function goLive(
  { apollo, socket }: App,
  onReady: () => void,
  onError: (error: unknown, isFinal: boolean) => void,
): () => void {
  return keepCacheUp(apollo, socket, { document: LiveDocument, onLoad: onReady, onError });
}
