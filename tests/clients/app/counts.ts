import type { App } from "./connect.js";
import { CountsDocument, type ConversationFilter, type CountsSubscription } from "./generated/graphql.js";

/** The number of conversations that match a filter. Show a capped one as "10,000+". */
export type Count = CountsSubscription["conversationCountsChanged"][number];

/**
 * Calls `show` with the counts of folders, in the order of their filters, now and when they change.
 * Returns a function that stops.
 */
export function watchCounts(
  { apollo }: App,
  filters: ConversationFilter[],
  show: (counts: readonly Count[]) => void,
  onError: (error: unknown) => void,
): () => void {
  const subscription = apollo.subscribe({ query: CountsDocument, variables: { filters } }).subscribe({
    next: ({ data, error }) => (data ? show(data.conversationCountsChanged) : onError(error)),
    error: onError,
  });
  return () => subscription.unsubscribe();
}
