import type { LiveClient } from "@wagraph/client";
import { createApollo } from "@wagraph/client/apollo";
import { openLive } from "@wagraph/client/sse";
import type { ApolloClient } from "@apollo/client";
import { dropWaitingFiles } from "../composer/files/waiting_files.js";

/** Relative to the page, for a proxy that serves the application under a path. */
export const GRAPHQL_URL = new URL("graphql", document.baseURI).href;

/** Items of a list that stay in memory and, of messages, in the page: ten of its pages. */
const MAX_ITEMS = 400;

export interface Connection {
  apollo: ApolloClient;
  socket: LiveClient;
}

/** Opens the connections of a session. `onRefused` is called if the server refuses the token. */
export function connect(token: string, onRefused: () => void): Connection {
  const getToken = async (isRefused = false) => {
    // There is no other token.
    if (isRefused) onRefused();
    return token;
  };
  const socket = openLive(GRAPHQL_URL, getToken);
  return { socket, apollo: createApollo(GRAPHQL_URL, getToken, socket, { maxItems: MAX_ITEMS }) };
}

export function disconnect({ apollo, socket }: Connection): void {
  apollo.stop();
  dropWaitingFiles(apollo);
  void socket.dispose();
}
