import { useMutation } from "@apollo/client/react";
import {
  AssignDocument,
  ClaimDocument,
  CloseDocument,
  ReopenDocument,
  type ConversationRowFragment,
} from "../generated/graphql.js";
import { useText } from "../language/language.js";
import { reportFailure } from "../parts/failures.js";
import { showToast } from "../parts/toasts.js";

interface ConversationChanges {
  claim(): Promise<void>;
  assign(assigneeId: string | null): Promise<void>;
  toggleClosed(): Promise<void>;
}

/** Changes of a conversation by its user; what failed is shown. */
export function useConversationChanges({ id, status }: ConversationRowFragment): ConversationChanges {
  const text = useText();
  const variables = { conversationId: id };
  const [runClaim] = useMutation(ClaimDocument);
  const [runAssign] = useMutation(AssignDocument);
  const [runClose] = useMutation(CloseDocument);
  const [runReopen] = useMutation(ReopenDocument);
  return {
    async claim() {
      const work = runClaim({ variables });
      const error = (await work.catch(() => null))?.data?.claimConversation?.userErrors[0];
      const winner = error?.__typename === "ConflictError" && error.current?.__typename === "Conversation" && error.current.assignee;
      if (winner) showToast(text.takenBy(winner.name));
      else await reportFailure(text, work);
    },
    async assign(assigneeId) {
      await reportFailure(text, runAssign({ variables: { ...variables, assigneeId } }));
    },
    async toggleClosed() {
      await reportFailure(text, status === "OPEN" ? runClose({ variables }) : runReopen({ variables }));
    },
  };
}
