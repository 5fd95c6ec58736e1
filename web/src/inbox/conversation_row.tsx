import { memo } from "react";
import { nameContact } from "../contact/names.js";
import { useViewer } from "../connection/viewer.js";
import { describeMessage } from "../conversation/describe_message.js";
import { Ticks } from "../conversation/timeline/ticks.js";
import type { ConversationRowFragment } from "../generated/graphql.js";
import { useLanguage, useText } from "../language/language.js";
import { formatMoment, formatShort } from "../language/times.js";
import { useToday } from "../language/use_today.js";
import { Avatar } from "../parts/avatar.js";
import { toConversationUrl } from "../route.js";
import styles from "./conversation_row.module.css";

interface ConversationRowProps {
  row: ConversationRowFragment;
  isSelected: boolean;
  /** The row that the Tab key reaches; j and k reach the others. */
  isTabStop: boolean;
  onFocus(id: string): void;
}

export const ConversationRow = memo(function ConversationRow(props: ConversationRowProps) {
  const { row, isSelected, isTabStop, onFocus } = props;
  const text = useText();
  const language = useLanguage();
  const viewer = useViewer();
  useToday();
  const name = nameContact(text, row.contact);
  const { lastMessage, unreadCount, assignee } = row;
  const hasManyAccounts = viewer.accounts.nodes.length > 1;
  const assigneeName = assignee && (assignee.id === viewer.agent?.id ? text.you : assignee.name);
  return (
    <a
      className={styles.row}
      href={toConversationUrl(row.id)}
      aria-current={isSelected ? "page" : undefined}
      tabIndex={isTabStop ? 0 : -1}
      onFocus={() => onFocus(row.id)}
      data-unread={unreadCount > 0 || undefined}
    >
      <Avatar name={name} id={row.contact.id} />
      <span className={styles.texts}>
        <span className={styles.line}>
          <bdi className={styles.name}>{name}</bdi>
          <time dateTime={row.lastActivityAt} title={formatMoment(language, row.lastActivityAt)}>
            {formatShort(text, language, row.lastActivityAt)}
          </time>
        </span>
        <span className={styles.line}>
          <span className={styles.preview}>
            {lastMessage?.direction === "OUTBOUND" && <Ticks status={lastMessage.status} />}
            <bdi>{lastMessage ? describeMessage(text, lastMessage) : ""}</bdi>
          </span>
          {unreadCount > 0 && (
            <span className={styles.unread}>
              <span aria-hidden>{unreadCount > 99 ? "99+" : unreadCount}</span>
              <span className="hidden-text">{text.unread(unreadCount)}</span>
            </span>
          )}
        </span>
        <span className={styles.tags}>
          {assigneeName && (
            <span title={text.assignedTo(assigneeName)}>
              <bdi>{assigneeName}</bdi>
            </span>
          )}
          {row.status === "CLOSED" && <span>{text.closed}</span>}
          {hasManyAccounts && (
            <span>
              <bdi>{row.account.name}</bdi>
            </span>
          )}
          {row.tags.map((tag) => (
            <span key={tag}>
              <bdi>#{tag}</bdi>
            </span>
          ))}
        </span>
      </span>
    </a>
  );
});
