import { ApolloClient, ApolloLink, CombinedGraphQLErrors, InMemoryCache, type TypePolicies } from "@apollo/client";
import { SetContextLink } from "@apollo/client/link/context";
import { ErrorLink } from "@apollo/client/link/error";
import { HttpLink } from "@apollo/client/link/http";
import { OperationTypeNode, print } from "graphql";
import type { Client } from "graphql-ws";
import { Observable } from "rxjs";
import { getErrorCode } from "../errors.js";
import { possibleTypes } from "../generated/schema.js";
import { follow } from "../live/follow.js";
import type { GetToken } from "../live/socket.js";
import { hasFiles, upload, type UploadOptions } from "../upload.js";
import { createTypePolicies } from "./policies.js";
import { RequestTracker, setTracker } from "./requests.js";

export interface ApolloOptions {
  /** Policies of your own types and fields, added to those of wagraph's lists. */
  typePolicies?: TypePolicies;
}

/** Creates a client whose queries use HTTP and whose subscriptions use `socket`, see `openSocket`. */
export function createApollo(
  url: string,
  getToken: GetToken,
  socket: Pick<Client, "subscribe">,
  { typePolicies = {} }: ApolloOptions = {},
): ApolloClient {
  const requests = new RequestTracker();
  const cache = new InMemoryCache({ possibleTypes, typePolicies: createTypePolicies() });
  cache.policies.addTypePolicies(typePolicies);
  const http = ApolloLink.from([
    requests.link,
    repeatWithNewToken(),
    ApolloLink.split(
      ({ variables }) => hasFiles(variables),
      createUploadLink(url, getToken),
      authorize(getToken).concat(new HttpLink({ uri: url })),
    ),
  ]);
  const apollo = new ApolloClient({
    cache,
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      createLiveLink(socket),
      http,
    ),
  });
  setTracker(apollo, requests);
  return apollo;
}

const createLiveLink = (socket: Pick<Client, "subscribe">): ApolloLink =>
  new ApolloLink(
    ({ query, variables }) => new Observable((sink) => follow(socket, { query: print(query), variables }, sink)),
  );

const authorize = (getToken: GetToken): ApolloLink =>
  new SetContextLink(async ({ headers, isTokenRefused }) => ({
    headers: { ...headers, Authorization: `Bearer ${await getToken(Boolean(isTokenRefused))}` },
  }));

/** Repeats a request once if its token expired. */
const repeatWithNewToken = (): ApolloLink =>
  new ErrorLink(({ error, operation, forward }) => {
    const isExpired = CombinedGraphQLErrors.is(error) && getErrorCode(error) === "UNAUTHENTICATED";
    if (!isExpired || operation.getContext()["isTokenRefused"]) return;
    operation.setContext({ isTokenRefused: true });
    return forward(operation);
  });

/** Sends variables that contain files. Pass `context: { upload: { onProgress, signal } }`. */
const createUploadLink = (url: string, getToken: GetToken): ApolloLink =>
  new ApolloLink(
    (operation) =>
      new Observable((sink) => {
        const { upload: options = {}, isTokenRefused } = operation.getContext() as {
          upload?: UploadOptions;
          isTokenRefused?: boolean;
        };
        const ended = new AbortController();
        const signal = options.signal ? AbortSignal.any([options.signal, ended.signal]) : ended.signal;
        const { query, variables } = operation;
        const request = { query: print(query), variables };
        upload(url, () => getToken(Boolean(isTokenRefused)), request, { ...options, signal }).then(
          (response) => {
            sink.next(response);
            sink.complete();
          },
          (error) => sink.error(error),
        );
        return () => ended.abort();
      }),
  );
