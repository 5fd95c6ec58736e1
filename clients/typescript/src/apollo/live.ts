import { parse, print, type DocumentNode } from "graphql";
import type { ApolloClient, OperationVariables } from "@apollo/client";
import type { Client } from "graphql-ws";
import type { LiveEvent } from "../changes.js";
import { wait } from "../errors.js";
import type { EventResult } from "../live/follow.js";
import { keepUp } from "../live/keep_up.js";
import { applyEvent } from "./events.js";
import { countChanges } from "./garbage.js";
import { dropLists } from "./lists.js";
import { settleRequests } from "./requests.js";

export interface LiveOptions {
  /** A subscription of `events` with the variable `$after`, which selects `cursor` and all that your lists show. */
  document: DocumentNode;
  variables?: OperationVariables;
  /** Called at the start and after each reload, once all lists are loaded. */
  onLoad?(): void | Promise<void>;
  /** Called after an event is in the cache, for example to play a sound. */
  onEvent?(event: LiveEvent): void | Promise<void>;
  /** Reports an error. `isFinal` is true if no more events will come. */
  onError(error: unknown, isFinal: boolean): void;
}

const EVENT_CURSOR = parse(/* GraphQL */ `query EventCursor { eventCursor }`);

/**
 * Keeps the cache equal to the server: writes each event and updates the lists it changes. Returns a
 * function that stops.
 *
 * After the server forgot the events since the last one, all lists that are shown are loaded again,
 * and the others when they are shown.
 */
export function keepCacheUp(apollo: ApolloClient, socket: Pick<Client, "subscribe">, options: LiveOptions): () => void {
  const { cache } = apollo;
  // The cache identifies objects by `__typename`, which the document does not select everywhere.
  const document = cache.transformDocument(options.document);
  const refetch = new ListRefetch(apollo);
  const write = (results: EventResult[]): LiveEvent[] => {
    const events: LiveEvent[] = results.map(({ data }) => Object.values(data!)[0]);
    cache.batch({
      update() {
        results.forEach(({ data }, index) => {
          cache.write({ dataId: "ROOT_SUBSCRIPTION", query: document, result: data });
          refetch.add(applyEvent(cache, events[index]!));
        });
      },
    });
    return events;
  };
  const handle = async (results: EventResult[]) => {
    await settleRequests(apollo);
    const events = write(results);
    countChanges(cache, events.length);
    for (const event of events) await options.onEvent?.(event);
    // Events that arrive meanwhile are written together: each write reads all lists that are shown.
    await wait(0);
  };
  return keepUp(socket, {
    operation: { query: print(document), variables: options.variables },
    async load() {
      const cursor = await reload(apollo);
      await options.onLoad?.();
      return cursor;
    },
    onEvent: (result) => handle([result]),
    onEvents: handle,
    onError: (error, isFinal) => options.onError(error, isFinal),
  });
}

/** Takes a cursor, then loads the lists that were loaded before it. */
async function reload(apollo: ApolloClient): Promise<string> {
  const { data } = await apollo.query<{ eventCursor: string }>({ query: EVENT_CURSOR, fetchPolicy: "network-only" });
  await settleRequests(apollo);
  if (dropLists(apollo.cache)) await apollo.refetchQueries({ include: "active" });
  return data!.eventCursor;
}

const REFETCH_MILLISECONDS = 300;

/** Loads lists of the root again that are shown, once for many events. */
class ListRefetch {
  private names = new Set<string>();

  constructor(private readonly apollo: ApolloClient) {}

  add(names: string[]): void {
    if (names.length > 0 && this.names.size === 0) void this.run();
    for (const name of names) this.names.add(name);
  }

  private async run(): Promise<void> {
    await wait(REFETCH_MILLISECONDS);
    const names = this.names;
    this.names = new Set();
    const fields = new Set([...names].map((name) => name.split(":", 1)[0]!));
    this.apollo.refetchQueries({
      updateCache: (cache) =>
        cache.modify({
          id: "ROOT_QUERY",
          fields: Object.fromEntries(
            [...fields].map((field) => [
              field,
              (value: unknown, { storeFieldName, INVALIDATE }: { storeFieldName: string; INVALIDATE: unknown }) =>
                names.has(storeFieldName) ? INVALIDATE : value,
            ]),
          ) as Record<string, any>,
        }),
    });
  }
}
