import { X } from "lucide-react";
import { QuoteText } from "../conversation/timeline/quote.js";
import { useText } from "../language/language.js";
import { IconButton } from "../parts/button.js";
import type { QuotedPart } from "./drafts.js";
import styles from "./quoted_message.module.css";

interface QuotedMessageProps {
  message: QuotedPart;
  onRemove(): void;
}

/** The message that the next one answers. */
export function QuotedMessage({ message, onRemove }: QuotedMessageProps) {
  const text = useText();
  return (
    <div className={styles.quoted}>
      <div>
        <QuoteText quoted={message} />
      </div>
      <IconButton icon={X} label={text.composer.removeQuote} onClick={onRemove} />
    </div>
  );
}
