import { useQuery } from "@apollo/client/react";
import { useDeferredValue, useState } from "react";
import { nameContact } from "../../contact/names.js";
import { useContactText } from "../../contact/texts.js";
import { FindContactsDocument, type FindContactsQuery } from "../../generated/graphql.js";
import { useText } from "../../language/language.js";
import { NEW_CARD, type CardDraft } from "./cards.js";
import styles from "./contact_search.module.css";
import { useFormTexts } from "../texts.js";

type Contact = NonNullable<FindContactsQuery["contacts"]>["nodes"][number];

const MIN_CHARACTERS = 2;

interface ContactSearchProps {
  accountId: string;
  onChoose(card: CardDraft): void;
}

/** Finds contacts of the inbox. Those that hide their number have no card. */
export function ContactSearch({ accountId, onChoose }: ContactSearchProps) {
  const text = useText();
  const contactText = useContactText();
  const formText = useFormTexts();
  const [search, setSearch] = useState("");
  const words = useDeferredValue(search.trim());
  const isSearching = words.length >= MIN_CHARACTERS;
  const { data, previousData } = useQuery(FindContactsDocument, {
    variables: { accountId, text: words },
    skip: !isSearching,
  });
  const contacts = isSearching ? ((data ?? previousData)?.contacts?.nodes ?? []) : [];
  const choose = (contact: Contact) => {
    onChoose(toCard(nameContact(text, contact), contact.phoneNumber!));
    setSearch("");
  };
  return (
    <div className={styles.search}>
      <input
        type="search"
        value={search}
        placeholder={formText.findContact}
        aria-label={formText.findContact}
        dir="auto"
        onChange={(event) => setSearch(event.target.value)}
        onKeyDown={(event) => event.key === "Enter" && event.preventDefault()}
      />
      {isSearching && data?.contacts?.nodes.length === 0 && <p>{text.searchNothing}</p>}
      <ul aria-label={text.searchContacts}>
        {contacts.map((contact) => (
          <li key={contact.id}>
            <button type="button" disabled={!contact.phoneNumber} onClick={() => choose(contact)}>
              <bdi>{nameContact(text, contact)}</bdi>
              <bdi>{contact.phoneNumber ?? contactText.noPhone}</bdi>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

const toCard = (name: string, phone: string): CardDraft => ({
  ...NEW_CARD,
  name,
  phones: [{ phone, waId: phone.replace(/\D/gu, "") }],
});
