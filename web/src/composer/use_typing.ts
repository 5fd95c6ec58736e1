import { useMutation } from "@apollo/client/react";
import { useCallback, useRef } from "react";
import { SetTypingDocument } from "../generated/graphql.js";

/** WhatsApp shows the indicator for 25 seconds. */
const REPEAT_MILLISECONDS = 10_000;

/** Returns a function to call at each key: it shows the customer or the colleagues that the user is typing. */
export function useTyping(conversationId: string): (colleaguesOnly: boolean) => void {
  const [setTyping] = useMutation(SetTypingDocument);
  const last = useRef(0);
  return useCallback(
    (colleaguesOnly) => {
      if (Date.now() - last.current < REPEAT_MILLISECONDS) return;
      last.current = Date.now();
      // Without it, nothing is lost but the indicator.
      void setTyping({ variables: { conversationId, colleaguesOnly } }).catch(() => {});
    },
    [setTyping, conversationId],
  );
}
