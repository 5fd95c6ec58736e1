import type { ApolloClient } from "@apollo/client";
import { createContext, useContext, useState } from "react";
import { useViewer } from "../connection/viewer.js";
import { InboxDocument, type ConversationOrder, type InboxQueryVariables } from "../generated/graphql.js";
import { makeFilter, type FilterName } from "./filters.js";

/** Filter, order and number of the list. */
export interface View {
  filter: FilterName;
  order: ConversationOrder;
  /** The number whose conversations are shown; null for all. */
  accountId: string | null;
}

const STORED = "wagraph.view";
const FIRST_VIEW: View = { filter: "open", order: "NEWEST_ACTIVITY", accountId: null };

interface ViewAccess {
  view: View;
  change(part: Partial<View>): void;
}

export const ViewContext = createContext<ViewAccess | null>(null);

export const useView = (): ViewAccess => useContext(ViewContext)!;

export function readView(): View {
  const stored = sessionStorage.getItem(STORED);
  return stored ? { ...FIRST_VIEW, ...(JSON.parse(stored) as Partial<View>) } : FIRST_VIEW;
}

/** The variables of the list's query. */
export const toVariables = ({ accountId, filter, order }: View, agentId: string | undefined): InboxQueryVariables => ({
  accountId,
  filter: makeFilter(filter, agentId),
  orderBy: order,
});

/** Loads the first list before it is known who the caller is. */
export function prefetchList(apollo: ApolloClient): void {
  const view = readView();
  if (view.filter === "mine") return;
  // The list itself repeats a request that fails.
  apollo.query({ query: InboxDocument, variables: toVariables(view, undefined) }).catch(() => {});
}

/** Keeps the view while the tab is open. */
export function useStoredView(): ViewAccess {
  const [stored, setView] = useState<View>(readView);
  const { nodes, pageInfo } = useViewer().accounts;
  // The number may be deleted, or hidden from the one who signed in since.
  const isKnown = pageInfo.hasNextPage || nodes.some(({ id }) => id === stored.accountId);
  const view = isKnown ? stored : { ...stored, accountId: null };
  const change = (part: Partial<View>) => {
    const next = { ...view, ...part };
    sessionStorage.setItem(STORED, JSON.stringify(next));
    setView(next);
  };
  return { view, change };
}
