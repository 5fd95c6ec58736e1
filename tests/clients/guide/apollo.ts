import { ApolloClient, ApolloLink, InMemoryCache } from "@apollo/client";
import { SetContextLink } from "@apollo/client/link/context";
import { getMainDefinition, relayStylePagination } from "@apollo/client/utilities";
import UploadHttpLink from "apollo-upload-client/UploadHttpLink.mjs";
import { print } from "graphql";
import type { Client } from "graphql-ws";
import { Observable } from "rxjs";
import { possibleTypes } from "../generated/graphql.js";
import { follow, type GetToken } from "./live.js";

export function createApollo(url: string, getToken: GetToken, live: Client): ApolloClient {
  const signIn = new SetContextLink(async ({ headers }) => ({
    headers: {
      ...headers,
      Authorization: `Bearer ${await getToken()}`,
      // Required for uploads: it proves that no foreign page sent the request.
      "GraphQL-Require-Preflight": "1",
    },
  }));
  const subscribe = new ApolloLink(
    ({ query, variables }) =>
      new Observable((sink) => follow(live, { query: print(query), variables }, sink)),
  );
  return new ApolloClient({
    cache: new InMemoryCache({
      possibleTypes,
      typePolicies: {
        Query: { fields: { conversations: relayStylePagination(["accountId", "filter"]) } },
        Conversation: { fields: { messages: relayStylePagination() } },
      },
    }),
    link: ApolloLink.split(
      ({ query }) => {
        const definition = getMainDefinition(query);
        return definition.kind === "OperationDefinition" && definition.operation === "subscription";
      },
      subscribe,
      signIn.concat(new UploadHttpLink({ uri: url })),
    ),
  });
}
