import type { OperationVariables, TypedDocumentNode } from "@apollo/client";
import { useQuery } from "@apollo/client/react";
import { useCallback } from "react";
import type { Connection, ItemOf } from "./connections.js";
import { usePages } from "./pages.js";
import { useRetry } from "./retry.js";

interface InboxData {
  conversations?: Connection | null;
}

/** A row of the list as the app's query selects it. */
export type InboxRow<Data extends InboxData> = ItemOf<Data["conversations"]>;

export interface InboxView<Row> {
  rows: Row[];
  /** True until the first page is here. */
  isLoading: boolean;
  error: Error | undefined;
  hasMore: boolean;
  /** Loads the next page, once for calls at the same time. */
  loadMore(): Promise<void>;
  /** True if there are rows above those that are loaded: the list has `maxItems`. */
  hasPrevious: boolean;
  /** Loads the page above, once for calls at the same time. */
  loadPrevious(): Promise<void>;
  /** Loads the first page instead of the rows that are there. */
  loadFirst(): Promise<void>;
}

const NONE: never[] = [];
const findList = (data: InboxData) => data.conversations;

/**
 * A list of conversations, which live events keep right. A request that fails is repeated.
 *
 * @param query A query of `conversations` with `nodes`, `pageInfo` and the variables `$first`, `$after`,
 *   `$last` and `$before`.
 * @param variables Filter, order and page size: each combination is a list of its own.
 */
export function useInbox<Data extends InboxData, Variables extends OperationVariables>(
  query: TypedDocumentNode<Data, Variables>,
  variables: NoInfer<Variables>,
): InboxView<InboxRow<Data>> {
  const document = query as unknown as TypedDocumentNode<InboxData, OperationVariables>;
  const { data, error, fetchMore, refetch, observable } = useQuery(document, { variables });
  useRetry(error, refetch);
  const list = data?.conversations;
  const { loadNext, loadPrevious } = usePages(observable, findList);
  const loadFirst = useCallback(async () => void (await fetchMore({ variables: {} })), [fetchMore]);
  return {
    rows: (list?.nodes ?? NONE) as InboxRow<Data>[],
    isLoading: !list,
    error,
    hasMore: list?.pageInfo.hasNextPage ?? false,
    loadMore: loadNext,
    hasPrevious: list?.pageInfo.hasPreviousPage ?? false,
    loadPrevious,
    loadFirst,
  };
}
