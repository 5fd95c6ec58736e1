import type { OperationVariables, TypedDocumentNode } from "@apollo/client";
import { useApolloClient, useQuery } from "@apollo/client/react";
import { useCallback, useEffect } from "react";
import { findOrder } from "../apollo/order.js";
import { leaveConversation } from "../apollo/window.js";
import { getErrorCode } from "../errors.js";
import type { Connection, ItemOf } from "./connections.js";
import { usePages } from "./pages.js";
import { useRetry } from "./retry.js";
import { useStableItems } from "./stable_items.js";

interface ConversationData {
  conversation?: { id: string; timeline: Connection } | null;
}

/** An item of the timeline as the app's query selects it. */
export type ConversationItem<Data extends ConversationData> = ItemOf<NonNullable<Data["conversation"]>["timeline"]>;

export interface ConversationView<Data extends ConversationData> {
  /** The conversation; null if it does not exist or is not visible, undefined until it is loaded. */
  conversation: Data["conversation"] | undefined;
  /** Messages, notes and changes, newest first. */
  items: ConversationItem<Data>[];
  error: Error | undefined;
  hasOlder: boolean;
  /** Loads the next page, once for calls at the same time. */
  loadOlder(): Promise<void>;
  /** True if the newest items are not loaded: after `reach`, or because the list has `maxItems`. */
  hasNewer: boolean;
  /** Loads the page before, once for calls at the same time. */
  loadNewer(): Promise<void>;
  /** Loads the newest items instead of those that are there, if they are not. */
  loadNewest(): Promise<void>;
  /** Loads the items around a message if it is not there. Returns false if there is no such message. */
  reach(messageId: string): Promise<boolean>;
}

const NONE: never[] = [];
const findTimeline = (data: ConversationData) => data.conversation?.timeline;

/**
 * A conversation with its timeline, which live events keep right. A request that fails is repeated.
 *
 * @param query A query of `conversation` with `timeline { nodes { id } pageInfo }` and the variables
 *   `$conversationId`, `$first`, `$after`, `$last`, `$before` and `$around`.
 */
export function useConversation<Data extends ConversationData, Variables extends OperationVariables>(
  query: TypedDocumentNode<Data, Variables>,
  conversationId: string,
): ConversationView<Data> {
  const apollo = useApolloClient();
  const document = query as unknown as TypedDocumentNode<ConversationData, OperationVariables>;
  const { data, error, fetchMore, refetch, observable } = useQuery(document, { variables: { conversationId } });
  useRetry(error, refetch);
  const { readList, loadNext, loadPrevious } = usePages(observable, findTimeline);
  const loadNewest = useCallback(async () => {
    if (readList()?.pageInfo.hasPreviousPage) await fetchMore({ variables: {} });
  }, [fetchMore, readList]);
  const reach = useCallback(
    async (messageId: string) => {
      if (readList()?.nodes.some((item) => (item as { id: string }).id === messageId)) return true;
      try {
        await fetchMore({ variables: { around: messageId } });
        return true;
      } catch (failure) {
        if (getErrorCode(failure) === "NOT_FOUND") return false;
        throw failure;
      }
    },
    [fetchMore, readList],
  );
  useEffect(() => {
    const { cache } = apollo;
    return () => leaveConversation(cache, cache.identify({ __typename: "Conversation", id: conversationId })!, findOrder("TimelineItem", null)!);
  }, [apollo, conversationId]);
  const timeline = data?.conversation?.timeline;
  const items = useStableItems(timeline?.nodes ?? NONE);
  return {
    conversation: data?.conversation as Data["conversation"] | undefined,
    items: items as ConversationItem<Data>[],
    error,
    hasOlder: timeline?.pageInfo.hasNextPage ?? false,
    loadOlder: loadNext,
    hasNewer: timeline?.pageInfo.hasPreviousPage ?? false,
    loadNewer: loadPrevious,
    loadNewest,
    reach,
  };
}
