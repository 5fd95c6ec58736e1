import { useText } from "../../language/language.js";
import { useConversationActions } from "../conversation_context.js";
import { describeMessage } from "../describe_message.js";
import type { MessageItem } from "./timeline_rows.js";
import styles from "./quote.module.css";

type Quoted = NonNullable<MessageItem["replyTo"]>;

/** The message that is answered; a click brings it into view. */
export function Quote({ quoted }: { quoted: Quoted }) {
  const { jumpTo } = useConversationActions();
  return (
    <button type="button" className={styles.quote} onClick={() => void jumpTo(quoted.id)}>
      <QuoteText quoted={quoted} />
    </button>
  );
}

export function QuoteText({ quoted }: { quoted: Pick<Quoted, "direction" | "type" | "text"> }) {
  const text = useText();
  const { contactName } = useConversationActions();
  return (
    <>
      <bdi className={styles.author}>{quoted.direction === "OUTBOUND" ? text.you : contactName}</bdi>
      <bdi className={styles.text}>{describeMessage(text, quoted)}</bdi>
    </>
  );
}
