import { createClient, type Client, type ClientOptions } from "graphql-ws";

/** Asked again at each request and connection: a token that ended is replaced by a fresh one. */
export type GetToken = () => Promise<string>;

export function openLive(url: string, getToken: GetToken, options: Partial<ClientOptions> = {}): Client {
  return createClient({
    url: url.replace(/^http/, "ws"),
    connectionParams: async () => ({ Authorization: `Bearer ${await getToken()}` }),
    retryAttempts: Infinity,
    // Not where the credential was refused or has ended, or the client is wrong.
    shouldRetry: (event) => ![4400, 4401, 4403, 4406].includes((event as CloseEvent)?.code),
    ...options,
  });
}

export interface Sink {
  next(result: any): void;
  error(error: any): void;
  complete?(): void;
}

/** Subscribes so that every reconnect goes on after the last event. Returns what ends it. */
export function follow(
  client: Pick<Client, "subscribe">,
  { query, variables }: { query: string; variables?: Record<string, unknown> | null },
  sink: Sink,
): () => void {
  let after = variables?.after ?? null;
  const resuming = {
    ...variables,
    // Variables are sent anew at each connection.
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
