import type { OperationVariables, TypedDocumentNode } from "@apollo/client";
import { useLatest } from "./subscription.js";

export interface Count {
  value: number;
  isCapped: boolean;
}

interface CountsData {
  conversationCountsChanged: readonly Count[];
}

/**
 * Live numbers of conversations, in the order of the filters; undefined until they are known.
 *
 * @param subscription A subscription of `conversationCountsChanged` with `value` and `isCapped`.
 * @param variables The filters, up to 20.
 */
export function useCounts<Data extends CountsData, Variables extends OperationVariables>(
  subscription: TypedDocumentNode<Data, Variables>,
  variables: NoInfer<Variables>,
): readonly Count[] | undefined {
  return useLatest(subscription, variables)?.conversationCountsChanged;
}
