import { Pencil, UserRoundPlus, UserRoundX } from "lucide-react";
import { Suspense, useState } from "react";
import type { ContactDetailsFragment, ContactSummaryFragment } from "../generated/graphql.js";
import { useLanguage, useText } from "../language/language.js";
import { formatShort } from "../language/times.js";
import { Button, IconButton } from "../parts/button.js";
import { Fact } from "../parts/layout/facts.js";
import { Section } from "../parts/layout/section.js";
import { toConversationUrl } from "../route.js";
import { LinkDialog, PersonDialog, UnlinkDialog } from "./lazy_dialogs.js";
import { useContactText } from "./texts.js";
import styles from "./person_section.module.css";

interface PersonSectionProps {
  contact: ContactDetailsFragment;
  /** Contacts of the same person. */
  others: readonly ContactSummaryFragment[];
  canEdit: boolean;
}

/** The person behind the contact, and their conversations with other numbers. */
export function PersonSection({ contact, others, canEdit }: PersonSectionProps) {
  const words = useContactText();
  const [open, setOpen] = useState<"link" | "change" | "unlink" | null>(null);
  const onClose = () => setOpen(null);
  const { user } = contact;
  return (
    <Section
      title={words.person}
      isPlain
      actions={
        canEdit &&
        user && (
          <span className={styles.tools}>
            <IconButton icon={Pencil} label={words.changePerson} onClick={() => setOpen("change")} />
            <IconButton icon={UserRoundX} label={words.unlinkPerson} onClick={() => setOpen("unlink")} />
          </span>
        )
      }
    >
      {user ? <Person user={user} /> : <p className={styles.none}>{words.noPerson}</p>}
      {canEdit && !user && (
        <Button className={styles.link} onClick={() => setOpen("link")}>
          <UserRoundPlus size={16} aria-hidden />
          {words.linkPerson}
        </Button>
      )}
      {others.length > 0 && <OtherConversations contacts={others} />}
      <Suspense fallback={null}>
        {open === "link" && <LinkDialog contact={contact} onClose={onClose} />}
        {open === "change" && user && <PersonDialog contact={contact} user={user} onClose={onClose} />}
        {open === "unlink" && user && <UnlinkDialog contact={contact} user={user} onClose={onClose} />}
      </Suspense>
    </Section>
  );
}

function Person({ user }: { user: NonNullable<ContactDetailsFragment["user"]> }) {
  const words = useContactText();
  const attributes = Object.entries(user.attributes as Record<string, unknown>);
  return (
    <dl className={styles.facts}>
      <Fact label={words.personName}>{user.name ?? words.unnamedPerson}</Fact>
      {user.phone && <Fact label={words.personPhone}>{user.phone}</Fact>}
      {user.email && <Fact label={words.email}>{user.email}</Fact>}
      {user.externalId && <Fact label={words.externalId}>{user.externalId}</Fact>}
      {attributes.map(([name, value]) => (
        <Fact key={name} label={name}>
          {typeof value === "string" ? value : JSON.stringify(value)}
        </Fact>
      ))}
    </dl>
  );
}

function OtherConversations({ contacts }: { contacts: readonly ContactSummaryFragment[] }) {
  const text = useText();
  const words = useContactText();
  const language = useLanguage();
  return (
    <>
      <h4 className={styles.title}>{words.otherConversations}</h4>
      <ul className={styles.others}>
        {contacts.map(({ id, account, phoneNumber, username, conversation }) => (
          <li key={id}>
            {conversation ? (
              <a href={toConversationUrl(conversation.id)}>
                <bdi>{account.name}</bdi>
                <time dateTime={conversation.lastActivityAt}>
                  {formatShort(text, language, conversation.lastActivityAt)}
                </time>
                <small>
                  <bdi>{phoneNumber ?? username}</bdi>
                  {conversation.status === "CLOSED" && ` · ${words.closed}`}
                </small>
              </a>
            ) : (
              <span>
                <bdi>{account.name}</bdi>
                <small>{words.noConversation}</small>
              </span>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
