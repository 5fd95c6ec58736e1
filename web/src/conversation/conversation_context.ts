import { createContext, useContext } from "react";
import type { MessageItem } from "./timeline/timeline_rows.js";

/** Actions that the rows of a conversation offer. */
export interface ConversationActions {
  conversationId: string;
  contactName: string;
  reply(message: MessageItem): void;
  jumpTo(messageId: string): Promise<void>;
  /** Shows the photo or video of a loaded message large. */
  showPicture(messageId: string): void;
}

export const ConversationContext = createContext<ConversationActions | null>(null);

export const useConversationActions = (): ConversationActions => useContext(ConversationContext)!;
