import type { OperationVariables, TypedDocumentNode } from "@apollo/client";
import { useQuery } from "@apollo/client/react";
import { useRetry } from "@wagraph/client/react";
import { useEffect, useRef } from "react";
import { usePageVisible } from "../../conversation/use_page_visible.js";
import { useMorePages, type Page } from "./use_more_pages.js";

export interface List<Item> {
  /** Undefined until the first page is here. */
  items: Item[] | undefined;
  hasMore: boolean;
  isLoadingMore: boolean;
  loadMore(): void;
  reload(): Promise<unknown>;
}

/**
 * A list with pages, loaded again when it is shown and when its tab comes to the foreground. A request that fails is repeated.
 *
 * @param query A query with the variable `$after`.
 * @param pick Returns the list from the query's data.
 */
export function useList<Data, Variables extends OperationVariables, Item>(
  query: TypedDocumentNode<Data, Variables>,
  variables: NoInfer<Variables>,
  pick: (data: Data) => Page<Item> | null | undefined,
): List<Item> {
  const { data, previousData, error, fetchMore, refetch } = useQuery<Data, OperationVariables>(query as TypedDocumentNode<Data>, {
    variables,
    // Few of these lists have events.
    fetchPolicy: "cache-and-network",
    nextFetchPolicy: "cache-first",
  });
  useRetry(error, refetch);
  const isVisible = usePageVisible();
  const wasHidden = useRef(false);
  useEffect(() => {
    // What others did meanwhile. A failure leaves what is shown.
    if (isVisible && wasHidden.current) refetch().catch(() => {});
    wasHidden.current = !isVisible;
  }, [isVisible, refetch]);
  const shown = (data ?? previousData) as Data | undefined;
  const pages = useMorePages(JSON.stringify(variables), (shown && pick(shown)) ?? undefined, async (after) => {
    const { data: loaded } = await fetchMore({ variables: { after } });
    return loaded && pick(loaded as Data);
  });
  return { ...pages, reload: refetch };
}
