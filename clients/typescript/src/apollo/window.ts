import type { ApolloCache, Reference } from "@apollo/client";
import { compare, isPending, makeCursor, type Order, readCursor, readSortKey, type ReadField, type SortKey } from "./order.js";
import { mapItems, toNode, type StoredList } from "./stored_list.js";

/**
 * Keeps `size` items at the start or the end of a list. The others are then beyond its pages, as if they had
 * not been loaded. Messages on their way are kept.
 *
 * Returns the list as it is if it is not longer, or if its items have no known order.
 */
export function cutList(list: StoredList, order: Order | undefined, size: number, side: "start" | "end", readField: ReadField): StoredList {
  const listed = list.nodes ?? list.edges?.map(({ node }) => node) ?? [];
  // Others were removed from the cache, such as messages that arrived.
  const nodes = listed.filter((node) => readField("id", node) !== undefined);
  if (!order || nodes.length <= size) return list;
  const { pageInfo = {} } = list;
  const cursor = [pageInfo["endCursor"], pageInfo["startCursor"]].find((known) => readCursor(known)) as string | undefined;
  const keys = readKeys(nodes, order, readField);
  if (!cursor || !keys) return list;
  const stored = [...keys].filter(([id]) => !isPending(readField("id", { __ref: id })));
  const sorted = stored.sort(([, one], [, other]) => compare(order, one, other));
  if (sorted.length <= size) return list;
  const kept = side === "start" ? sorted.slice(0, size) : sorted.slice(-size);
  const gone = new Set((side === "start" ? sorted.slice(size) : sorted.slice(0, -size)).map(([id]) => id));
  const edge = side === "start" ? kept.at(-1)! : kept[0]!;
  const bound = makeCursor(cursor, edge[1]);
  return {
    ...mapItems(list, (items) => items.filter((item) => !gone.has(toNode(item).__ref))),
    pageInfo: {
      ...pageInfo,
      ...(side === "start" ? { hasNextPage: true, endCursor: bound } : { hasPreviousPage: true, startCursor: bound }),
    },
  };
}

/** Returns the sort keys by the items' ids in the cache, or undefined if one has none. */
function readKeys(nodes: Reference[], order: Order, readField: ReadField): Map<string, SortKey> | undefined {
  const keys = new Map<string, SortKey>();
  for (const node of nodes) {
    const key = readSortKey(order, node, readField);
    if (!key) return undefined;
    keys.set(node.__ref, key);
  }
  return keys;
}

/** Maximum number of items of a list, by cache. */
const limits = new WeakMap<ApolloCache, number>();

export const setLimit = (cache: ApolloCache, maxItems: number): void => void limits.set(cache, maxItems);

/** Factor by which events may make a list longer than its limit. */
const GROWTH = 1.25;

/** Drops the last items of a list that grew by events; rarely, because they may be in view. */
export function limitGrowth(cache: ApolloCache, list: StoredList, order: Order | undefined, readField: ReadField): StoredList {
  const limit = limits.get(cache) ?? Infinity;
  const length = (list.nodes ?? list.edges ?? []).length;
  return length > GROWTH * limit ? cutList(list, order, limit, "start", readField) : list;
}

/** Conversations whose timeline stays in the cache after they were left. */
const KEPT_TIMELINES = 20;
const KEPT_ITEMS = 40;
const left = new WeakMap<ApolloCache, string[]>();

/**
 * Drops items that are no longer shown after a conversation was left: all but its newest items, and the timelines
 * of those left long ago.
 */
export function leaveConversation(cache: ApolloCache, id: string, order: Order): void {
  const others = (left.get(cache) ?? []).filter((other) => other !== id);
  left.set(cache, [id, ...others].slice(0, KEPT_TIMELINES));
  for (const old of others.slice(KEPT_TIMELINES - 1)) cache.evict({ id: old, fieldName: "timeline", broadcast: false });
  cache.modify<Record<string, any>>({
    id,
    broadcast: false,
    fields: {
      timeline: (list: StoredList, { readField, DELETE }) =>
        list.pageInfo?.["hasPreviousPage"] ? DELETE : cutList(list, order, KEPT_ITEMS, "start", readField),
    },
  });
  cache.gc();
}
