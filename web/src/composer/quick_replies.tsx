import { useQuery } from "@apollo/client/react";
import { Paperclip } from "lucide-react";
import { useEffect, useId, useState, type KeyboardEvent } from "react";
import { QuickRepliesDocument, type QuickRepliesQuery } from "../generated/graphql.js";
import { useText } from "../language/language.js";
import styles from "./quick_replies.module.css";

export type QuickReply = NonNullable<QuickRepliesQuery["quickReplies"]>["nodes"][number];

interface QuickReplyChoice {
  isOpen: boolean;
  replies: readonly QuickReply[];
  activeIndex: number;
  listId: string;
  choose(reply: QuickReply): void;
  /** Returns true if the key was for the list. */
  onKeyDown(event: KeyboardEvent): boolean;
  fieldProps: Record<string, string | boolean>;
}

const SHORTCUT = /^\/(\S*)$/;

/** The quick replies whose shortcut begins with the text after the `/`. `body` is null while there are none. */
export function useQuickReplies(
  accountId: string,
  body: string | null,
  onChoose: (reply: QuickReply) => void,
): QuickReplyChoice {
  const listId = useId();
  const [activeIndex, setActiveIndex] = useState(0);
  const [dismissed, setDismissed] = useState<string | null>(null);
  const prefix = SHORTCUT.exec(body ?? "")?.[1];
  const { data, previousData, loading } = useQuery(QuickRepliesDocument, {
    variables: { accountId, prefix: prefix || null },
    skip: prefix === undefined,
    fetchPolicy: "cache-and-network",
  });
  const replies = prefix === undefined ? [] : keepMatching((data ?? previousData)?.quickReplies?.nodes, prefix);
  const isOpen = replies.length > 0 && body !== dismissed;
  useEffect(() => setActiveIndex(0), [prefix]);

  const onKeyDown = (event: KeyboardEvent): boolean => {
    if (event.nativeEvent.isComposing) return false;
    // It would send the shortcut to the customer.
    const isEarly = prefix !== undefined && !isOpen && loading && !data && event.key === "Enter" && !event.shiftKey;
    if (isEarly) event.preventDefault();
    if (isEarly || !isOpen) return isEarly;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const active = replies[activeIndex];
    if (step) setActiveIndex((activeIndex + step + replies.length) % replies.length);
    else if ((event.key === "Enter" || event.key === "Tab") && active) onChoose(active);
    else if (event.key === "Escape") setDismissed(body);
    else return false;
    event.preventDefault();
    return true;
  };
  return {
    isOpen,
    replies,
    activeIndex,
    listId,
    choose: onChoose,
    onKeyDown,
    fieldProps: {
      role: "combobox",
      "aria-autocomplete": "list",
      "aria-expanded": isOpen,
      "aria-controls": listId,
      ...(isOpen && { "aria-activedescendant": `${listId}-${activeIndex}` }),
    },
  };
}

/** While the next ones are loaded, the former ones are shown as far as they have the shortcut. */
const keepMatching = (replies: readonly QuickReply[] = [], prefix: string): readonly QuickReply[] =>
  replies.filter(({ shortcut }) => shortcut.toLowerCase().startsWith(prefix.toLowerCase()));

export function QuickReplyList({ replies, activeIndex, listId, choose }: QuickReplyChoice) {
  const text = useText();
  return (
    <ul id={listId} className={styles.list} role="listbox" aria-label={text.composer.quickReplies}>
      {replies.map((reply, index) => (
        <li
          key={reply.id}
          id={`${listId}-${index}`}
          role="option"
          aria-selected={index === activeIndex}
          // Before the field loses the focus.
          onPointerDown={(event) => {
            event.preventDefault();
            choose(reply);
          }}
        >
          <strong>/{reply.shortcut}</strong>
          {reply.upload && <Paperclip size={14} role="img" aria-label={reply.upload.filename ?? text.message.document} />}
          <bdi>{reply.text ?? reply.upload?.filename}</bdi>
        </li>
      ))}
    </ul>
  );
}
