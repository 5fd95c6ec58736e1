import type { App } from "./connect.js";
import { SetTypingDocument, ViewersDocument, type ViewersSubscription } from "./generated/graphql.js";

export type Viewer = ViewersSubscription["presenceChanged"]["viewers"][number];

/**
 * Calls `show` with the colleagues in a conversation, and shows the user to them. Returns a function
 * that stops both.
 */
export function watchViewers({ apollo }: App, conversationId: string, show: (viewers: Viewer[]) => void): () => void {
  const subscription = apollo.subscribe({ query: ViewersDocument, variables: { conversationId } }).subscribe({
    next: ({ data }) => data && show(data.presenceChanged.viewers),
    // Presence is not needed to work.
    error: () => show([]),
  });
  return () => subscription.unsubscribe();
}

/** Call it on each key, with `isNote` while the user writes a note, which the customer does not see. */
export async function setTyping({ apollo }: App, conversationId: string, isNote = false): Promise<void> {
  const variables = { conversationId, colleaguesOnly: isNote };
  await apollo.mutate({ mutation: SetTypingDocument, variables }).catch(() => {});
}
