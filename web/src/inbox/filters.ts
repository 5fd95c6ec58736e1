import type { ConversationFilter } from "../generated/graphql.js";

export const FILTER_NAMES = ["open", "mine", "unassigned", "unread", "waiting", "closed"] as const;
export type FilterName = (typeof FILTER_NAMES)[number];

/** The filters of the inbox, by name. A server's key has no agent, so nothing is assigned to it. */
export function listFilters(agentId: string | undefined): [FilterName, ConversationFilter][] {
  return FILTER_NAMES.filter((name) => name !== "mine" || agentId).map((name) => [name, makeFilter(name, agentId)]);
}

export function makeFilter(name: FilterName, agentId: string | undefined): ConversationFilter {
  switch (name) {
    case "open":
      return { statuses: ["OPEN"] };
    case "mine":
      return { statuses: ["OPEN"], assignee: { is: agentId! } };
    case "unassigned":
      return { statuses: ["OPEN"], assignee: { none: true } };
    case "unread":
      return { unread: true };
    case "waiting":
      return { statuses: ["OPEN"], waiting: true };
    case "closed":
      return { statuses: ["CLOSED"] };
  }
}
