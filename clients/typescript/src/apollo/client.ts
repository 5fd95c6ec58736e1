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
import { RequestPace } from "./pace.js";
import { createTypePolicies } from "./policies.js";
import { setConnection, type Reconnecting } from "./reconnect.js";
import { RequestTracker, setTracker } from "./requests.js";
import { setLimit } from "./window.js";

export interface ApolloOptions {
  /**
   * Lists whose query has the argument `before` keep at most this many items, by default all: when a page is
   * added, items at the other end are dropped, and `pageInfo` says that there are more. Load them again
   * with `last` and `before`.
   */
  maxItems?: number;
  /** Policies of your own types and fields, added to the policies of wagraph's lists. */
  typePolicies?: TypePolicies;
}

/** Creates a client whose queries use HTTP and whose subscriptions use `socket`, see `openSocket`. */
export function createApollo(
  url: string,
  getToken: GetToken,
  socket: Pick<Client, "subscribe"> & Reconnecting,
  { maxItems, typePolicies = {} }: ApolloOptions = {},
): ApolloClient {
  const requests = new RequestTracker();
  const cache = new InMemoryCache({ possibleTypes, typePolicies: createTypePolicies(maxItems) });
  cache.policies.addTypePolicies(typePolicies);
  if (maxItems) setLimit(cache, maxItems);
  const http = ApolloLink.from([
    // First: a request that waits for the budget has not been sent yet, and events do not wait for it.
    new RequestPace().link,
    requests.link,
    repeatWithNewToken(),
    ApolloLink.split(
      ({ variables }) => hasFiles(variables),
      createUploadLink(url, getToken),
      authorize(getToken).concat(new HttpLink({ uri: url, fetch: fetchInTime })),
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
  setConnection(apollo, socket);
  return apollo;
}

const REQUEST_MILLISECONDS = 30_000;

/** Ends a request that hangs: later events and requests would wait for it. */
const fetchInTime: typeof fetch = (input, init) => {
  const timeout = AbortSignal.timeout(REQUEST_MILLISECONDS);
  return fetch(input, { ...init, signal: init?.signal ? AbortSignal.any([init.signal, timeout]) : timeout });
};

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
