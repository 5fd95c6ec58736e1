import type { ApolloCache, InMemoryCache } from "@apollo/client";

const CHANGES_PER_COLLECTION = 200;
/** A page has many items, each with results of its own. */
export const CHANGES_OF_PAGE = 10;
const changes = new WeakMap<ApolloCache, number>();

/**
 * Counts changes of lists. At every 200th it removes objects that are in no list any more, and the memoized
 * results of reads: each state of a list is one of 10,000 such results, linked to all of its items.
 */
export function countChanges(cache: ApolloCache, count: number): void {
  const sum = (changes.get(cache) ?? 0) + count;
  const isDue = sum >= CHANGES_PER_COLLECTION;
  changes.set(cache, isDue ? 0 : sum);
  if (isDue) (cache as InMemoryCache).gc({ resetResultCache: true });
}
