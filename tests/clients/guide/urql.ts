import { Client, cacheExchange, fetchExchange, subscriptionExchange, type ClientOptions } from "@urql/core";
import type { Client as LiveClient } from "graphql-ws";
import { follow, type GetToken } from "@wagraph/client";

export function createUrql(
  url: string,
  getToken: GetToken,
  live: LiveClient,
  options: Partial<ClientOptions> = {},
): Client {
  return new Client({
    url,
    preferGetMethod: false,
    exchanges: [
      cacheExchange,
      subscriptionExchange({
        forwardSubscription: ({ query, variables }) => ({
          subscribe: (sink) => ({
            unsubscribe: follow(live, { query: query!, variables: variables as Record<string, unknown> }, {
              ...sink,
              complete: () => sink.complete(),
            }),
          }),
        }),
      }),
      fetchExchange,
    ],
    fetch: async (input, init) => {
      const headers = new Headers(init?.headers);
      headers.set("Authorization", `Bearer ${await getToken()}`);
      // Required for uploads: it proves that no foreign page sent the request.
      headers.set("GraphQL-Require-Preflight", "1");
      return fetch(input, { ...init, headers });
    },
    ...options,
  });
}
