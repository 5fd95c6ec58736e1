import { useState } from "react";
import { CardFields } from "./card_fields.js";
import { draftCards, isEmpty, NEW_CARD, toCardInput, type CardDraft } from "./cards.js";
import { ContactSearch } from "./contact_search.js";
import { AddButton } from "../group.js";
import { MessageForm } from "../message_form.js";
import { useFormTexts } from "../texts.js";
import type { FormTarget } from "../use_send_form.js";

/** Fewer than WhatsApp takes: more would not be read. */
const MAX_CARDS = 10;

/** Contact cards: written by hand, or made from contacts of the inbox. */
export function ContactsDialog(target: FormTarget) {
  const text = useFormTexts();
  const [cards, setCards] = useState([NEW_CARD]);
  const take = (card: CardDraft) => setCards([...cards.filter((other) => !isEmpty(other)), card].slice(0, MAX_CARDS));
  return (
    <MessageForm
      title={text.kinds.contacts}
      target={target}
      content={{ contacts: cards.map(toCardInput) }}
      preview={draftCards(cards)}
    >
      <ContactSearch accountId={target.accountId} onChoose={take} />
      {cards.map((card, index) => (
        <CardFields
          key={index}
          path={`contacts.${index}`}
          number={index + 1}
          card={card}
          isOnly={cards.length === 1}
          onChange={(changed) => setCards(cards.with(index, changed))}
          onRemove={() => setCards(cards.toSpliced(index, 1))}
        />
      ))}
      {cards.length < MAX_CARDS && <AddButton onClick={() => setCards([...cards, NEW_CARD])}>{text.addCard}</AddButton>}
    </MessageForm>
  );
}
