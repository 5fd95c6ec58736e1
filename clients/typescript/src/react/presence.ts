import type { OperationVariables, TypedDocumentNode } from "@apollo/client";
import { useLatest } from "./subscription.js";

interface PresenceData {
  presenceChanged: { viewers: readonly unknown[] };
}

const NONE: never[] = [];

/**
 * The agents that look at a conversation or type in it. The caller is among them while this hook is
 * mounted.
 *
 * @param subscription A subscription of `presenceChanged` with `viewers` and the variable
 *   `$conversationId`.
 */
export function usePresence<Data extends PresenceData, Variables extends OperationVariables>(
  subscription: TypedDocumentNode<Data, Variables>,
  conversationId: string,
): Data["presenceChanged"]["viewers"] {
  return useLatest(subscription, { conversationId })?.presenceChanged.viewers ?? NONE;
}
