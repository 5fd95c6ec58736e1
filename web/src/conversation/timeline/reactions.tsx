import { useText } from "../../language/language.js";
import { useConversationActions } from "../conversation_context.js";
import type { MessageItem } from "./timeline_rows.js";
import styles from "./reactions.module.css";

/** The reactions to a message, or to those that one picture of an album stands for. */
export function Reactions({ messages }: { messages: readonly MessageItem[] }) {
  const text = useText();
  const { contactName } = useConversationActions();
  const reactions = messages.flatMap(({ id, reactions: own }) => own.map((reaction) => ({ ...reaction, messageId: id })));
  if (reactions.length === 0) return null;
  return (
    <ul className={styles.reactions}>
      {reactions.map(({ messageId, emoji, contact }) => (
        <li key={`${messageId} ${contact?.id ?? "own"}`} title={text.message.reactedBy(emoji, contact ? contactName : text.you)}>
          {emoji}
          <span className="hidden-text">{text.message.reactedBy("", contact ? contactName : text.you)}</span>
        </li>
      ))}
    </ul>
  );
}
