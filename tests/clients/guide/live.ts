import { createClient, type Client, type ClientOptions } from "graphql-ws";

/** Returns the current token. Called at each request and connection, so an expired token is replaced. */
export type GetToken = () => Promise<string>;

export function openLive(url: string, getToken: GetToken, options: Partial<ClientOptions> = {}): Client {
  return createClient({
    url: url.replace(/^http/, "ws"),
    connectionParams: async () => ({ Authorization: `Bearer ${await getToken()}` }),
    retryAttempts: Infinity,
    // A refused or expired credential and a protocol error do not go away by retrying.
    shouldRetry: (event) => ![4400, 4401, 4403, 4406].includes((event as CloseEvent)?.code),
    ...options,
  });
}

export interface Sink {
  next(result: any): void;
  error(error: any): void;
  complete?(): void;
}

/** Subscribes, and resumes after the last event on each reconnect. Returns a function that unsubscribes. */
export function follow(
  client: Pick<Client, "subscribe">,
  { query, variables }: { query: string; variables?: Record<string, unknown> | null },
  sink: Sink,
): () => void {
  let after = variables?.after ?? null;
  const resuming = {
    ...variables,
    // A getter, because the variables are sent again on each connection.
    get after() {
      return after;
    },
  };
  return client.subscribe<Record<string, any>>({ query, variables: resuming }, {
    next(result) {
      for (const event of Object.values(result.data ?? {})) after = event?.cursor ?? after;
      sink.next(result);
    },
    error: (error) => sink.error(error),
    complete: () => sink.complete?.(),
  });
}
