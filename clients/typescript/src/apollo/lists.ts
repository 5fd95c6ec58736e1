import type { ApolloCache, Reference } from "@apollo/client";
import { listFields } from "../generated/schema.js";
import { compare, findOrder, isPending, readCursor, readSortKey, type ReadField } from "./order.js";
import { mapItems, toNode, type Item, type StoredList } from "./stored_list.js";
import { limitGrowth } from "./window.js";

/** The arguments of a list without its page arguments. */
export type ListArguments = Record<string, any>;

/**
 * Returns whether an item belongs to the list with these arguments, or undefined if only the server
 * knows.
 */
export type IsMember = (args: ListArguments, item: Reference, readField: ReadField) => boolean | undefined;

export interface ListField {
  /** The object with the field: `ROOT_QUERY` or the cache's id of an object. */
  owner: string;
  field: string;
  /** Type of the items. */
  type: string;
}

/**
 * Puts an item where it belongs in each cached list of a field, or removes it.
 *
 * An item beyond the loaded pages is left out: a later page contains it. Returns the stored names
 * of the lists that only the server can update.
 */
export function placeItem(cache: ApolloCache, list: ListField, item: Reference, isMember: IsMember): string[] {
  const stale: string[] = [];
  cache.modify<Record<string, any>>({
    id: list.owner,
    fields: {
      [list.field](value, { storeFieldName, readField }) {
        const stored = value as StoredList;
        const args = parseArguments(storeFieldName);
        const isIncluded = isMember(args, item, readField) && isLoaded(stored, list.type, args, item, readField);
        if (isIncluded === undefined) {
          stale.push(storeFieldName);
          return stored;
        }
        if (!isIncluded) return removeItem(stored, item);
        const added = addItem(stored, list.type, item);
        return added === stored ? stored : limitGrowth(cache, added, findOrder(list.type, args["orderBy"]), readField);
      },
    },
  });
  return stale;
}

/** Returns the arguments in the name under which the cache stores a list. */
export function parseArguments(storeFieldName: string): ListArguments {
  const start = storeFieldName.indexOf(":");
  return start === -1 ? {} : JSON.parse(storeFieldName.slice(start + 1));
}

/** Checks whether an item lies within the loaded pages; undefined if that can't be known. */
function isLoaded(
  { pageInfo = {} }: StoredList,
  type: string,
  args: ListArguments,
  item: Reference,
  readField: ReadField,
): boolean | undefined {
  // It is the newest: the list hides it while it has not got so far.
  if (isPending(readField("id", item))) return true;
  const order = findOrder(type, args["orderBy"]);
  const key = order && readSortKey(order, item, readField);
  if (!key) return undefined;
  const { hasNextPage, endCursor, hasPreviousPage, startCursor } = pageInfo;
  const isBeyond = (cursor: unknown, sign: number) => {
    const bound = readCursor(cursor);
    return bound && compare(order, key, bound) * sign > 0;
  };
  for (const [hasMore, cursor, sign] of [[hasNextPage, endCursor, 1], [hasPreviousPage, startCursor, -1]] as const) {
    if (!hasMore) continue;
    const isOutside = isBeyond(cursor, sign);
    if (isOutside !== false) return isOutside && false;
  }
  return true;
}

function addItem(list: StoredList, type: string, node: Reference): StoredList {
  const hasItem = (items: Item[] | undefined) => items?.some((item) => toNode(item).__ref === node.__ref) ?? true;
  if (hasItem(list.edges) && hasItem(list.nodes)) return list;
  const added = { ...removeItem(list, node) };
  // An item from an event has no cursor in this list: use `pageInfo` for the next page.
  if (added.edges) added.edges = [...added.edges, { __typename: `${type}Edge`, cursor: "", node }];
  if (added.nodes) added.nodes = [...added.nodes, node];
  return added;
}

function removeItem(list: StoredList, node: Reference): StoredList {
  const isOther = (item: Item) => toNode(item).__ref !== node.__ref;
  if ([...(list.edges ?? []), ...(list.nodes ?? [])].every(isOther)) return list;
  return mapItems(list, (items) => items.filter(isOther));
}

/** Removes all lists from the cache, so that they are loaded again. Returns false if there were none. */
export function dropLists(cache: ApolloCache): boolean {
  let isDropped = false;
  const objects = cache.extract() as Record<string, { __typename?: string }>;
  for (const [id, { __typename = "Query" }] of Object.entries(objects)) {
    for (const fieldName of Object.keys(listFields[__typename] ?? {})) {
      // Components are not notified: the caller loads the lists that they show.
      isDropped = cache.evict({ id, fieldName, broadcast: false }) || isDropped;
    }
  }
  return isDropped;
}
