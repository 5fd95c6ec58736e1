import { X } from "lucide-react";
import { useCanWrite, useViewer } from "../connection/viewer.js";
import type { ConversationQuery } from "../generated/graphql.js";
import { useLanguage, useText } from "../language/language.js";
import { formatDate } from "../language/times.js";
import { Avatar } from "../parts/avatar.js";
import { ClampedText } from "../parts/clamped_text.js";
import { IconButton } from "../parts/button.js";
import { Fact } from "../parts/layout/facts.js";
import { AttributeEditor } from "./attribute_editor.js";
import { ContactActions } from "./contact_actions.js";
import { ContactName } from "./contact_name.js";
import { DuplicateNotice } from "./duplicate_notice.js";
import { MarketingSwitch } from "./marketing_switch.js";
import { MediaSection } from "./media_section.js";
import { nameContact } from "./names.js";
import { PersonSection } from "./person_section.js";
import { TagEditor } from "./tag_editor.js";
import { useContactText } from "./texts.js";
import { useRelations } from "./use_relations.js";
import styles from "./contact_panel.module.css";

/** In narrower windows the panel covers the messages. */
const BESIDE = "(min-width: 68rem)";

type Conversation = NonNullable<ConversationQuery["conversation"]>;

interface ContactPanelProps {
  conversation: Conversation;
  onClose(): void;
}

export function ContactPanel({ conversation, onClose }: ContactPanelProps) {
  const text = useText();
  const words = useContactText();
  const canWrite = useCanWrite();
  const { contact, account } = conversation;
  const relations = useRelations(contact.id);
  return (
    <aside className={styles.panel} aria-label={words.title}>
      <header className={styles.head}>
        <h2>{words.title}</h2>
        <IconButton icon={X} label={words.hide} onClick={onClose} />
      </header>
      <div className={styles.person}>
        <Avatar name={nameContact(text, contact)} id={contact.id} size="4rem" />
        <ContactName contact={contact} />
        {contact.blocked && <p className={styles.warning}>{words.blocked}</p>}
        {contact.marketingOptOut && <p className={styles.warning}>{words.optedOut}</p>}
      </div>
      <DuplicateNotice contact={contact} accountId={account.id} duplicates={relations.duplicates} />
      <Facts conversation={conversation} />
      <TagEditor label={words.tags} taggable={contact} canEdit={canWrite} />
      <TagEditor label={words.conversationTags} taggable={conversation} canEdit={canWrite} />
      <AttributeEditor contact={contact} canEdit={canWrite} />
      <MediaSection conversationId={conversation.id} onJump={() => !matchMedia(BESIDE).matches && onClose()} />
      <PersonSection contact={contact} others={relations.others} canEdit={canWrite} />
      <MarketingSwitch contact={contact} canEdit={canWrite} />
      {canWrite && <ContactActions contact={contact} accountId={account.id} />}
    </aside>
  );
}

/** Names, numbers and other identifiers. */
function Facts({ conversation: { contact, account } }: { conversation: Conversation }) {
  const words = useContactText();
  const language = useLanguage();
  const number = useViewer().accounts.nodes.find(({ id }) => id === account.id)?.displayPhoneNumber;
  const isOther = contact.waId !== null && contact.waId !== contact.phoneNumber?.replace(/\D/gu, "");
  return (
    <dl className={styles.facts}>
      <Fact label={words.phone}>{contact.phoneNumber ?? words.noPhone}</Fact>
      {isOther && <Fact label={words.waId}>{contact.waId}</Fact>}
      {contact.username && <Fact label={words.username}>@{contact.username}</Fact>}
      {contact.profileName && (
        <Fact label={words.profileName}>
          <ClampedText key={contact.id}>{contact.profileName}</ClampedText>
        </Fact>
      )}
      {contact.businessScopedUserId && <Fact label={words.businessId}>{contact.businessScopedUserId}</Fact>}
      {contact.parentBusinessScopedUserId && <Fact label={words.parentId}>{contact.parentBusinessScopedUserId}</Fact>}
      <Fact label={words.account}>{[account.name, number].filter(Boolean).join(" · ")}</Fact>
      <Fact label={words.since}>{formatDate(language, contact.createdAt)}</Fact>
    </dl>
  );
}
