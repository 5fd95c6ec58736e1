import { ArrowLeft, PanelRight } from "lucide-react";
import { nameContact } from "../contact/names.js";
import { useCanWrite, useViewer } from "../connection/viewer.js";
import type { ConversationRowFragment } from "../generated/graphql.js";
import { useShortcuts } from "../inbox/use_shortcuts.js";
import { useText } from "../language/language.js";
import { Avatar } from "../parts/avatar.js";
import { Button, IconButton } from "../parts/button.js";
import { openConversation } from "../route.js";
import { AssignMenu } from "./assign_menu.js";
import { useConversationChanges } from "./use_conversation_changes.js";
import styles from "./conversation_head.module.css";

interface ConversationHeadProps {
  conversation: ConversationRowFragment;
  isContactOpen: boolean;
  onToggleContact(): void;
}

export function ConversationHead({ conversation, isContactOpen, onToggleContact }: ConversationHeadProps) {
  const text = useText();
  const canWrite = useCanWrite();
  const viewer = useViewer();
  const { claim, toggleClosed } = useConversationChanges(conversation);
  const { contact, account, assignee, status } = conversation;
  const name = nameContact(text, contact);
  const canClaim = canWrite && viewer.agent !== null && assignee === null;
  useShortcuts({
    ...(canClaim && { a: () => void claim() }),
    ...(canWrite && { e: () => void toggleClosed() }),
  });
  return (
    <header className={styles.head}>
      <IconButton className={styles.back} icon={ArrowLeft} label={text.back} onClick={() => openConversation(null)} />
      <Avatar name={name} id={contact.id} size="2.25rem" />
      <div className={styles.names}>
        <h2>
          <bdi>{name}</bdi>
        </h2>
        <p>
          <bdi>{contact.phoneNumber ?? contact.username ?? account.name}</bdi>
          {status === "CLOSED" && <span> · {text.closed}</span>}
        </p>
      </div>
      {canClaim && (
        <Button isPrimary onClick={() => void claim()} aria-keyshortcuts="a">
          {text.claim}
        </Button>
      )}
      {canWrite && !canClaim && <AssignMenu conversation={conversation} />}
      {canWrite && (
        <Button onClick={() => void toggleClosed()} aria-keyshortcuts="e">
          {status === "OPEN" ? text.closeConversation : text.reopen}
        </Button>
      )}
      <IconButton
        icon={PanelRight}
        label={text.contactDetails}
        aria-pressed={isContactOpen}
        onClick={onToggleContact}
      />
    </header>
  );
}
