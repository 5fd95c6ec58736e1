import type { ShownMessage } from "../../conversation/content/message_content.js";
import type { ContactCardInput } from "../../generated/graphql.js";
import { orMissing } from "../interactive/interactive_draft.js";

/** A contact card that is being written. */
export interface CardDraft {
  name: string;
  company: string;
  email: string;
  phones: PhoneDraft[];
}

interface PhoneDraft {
  phone: string;
  /** WhatsApp's id of the number, if it is a contact's: the customer can write to it. */
  waId: string | null;
}

export const NEW_PHONE: PhoneDraft = { phone: "", waId: null };
export const NEW_CARD: CardDraft = { name: "", company: "", email: "", phones: [NEW_PHONE] };

export const isEmpty = ({ name, company, email, phones }: CardDraft): boolean =>
  [name, company, email, ...phones.map(({ phone }) => phone)].every((value) => value.trim() === "");

export function toCardInput({ name, company, email, phones }: CardDraft): ContactCardInput {
  return {
    name: { formattedName: name.trim() },
    phones: phones.map(({ phone, waId }) => ({ phone: phone.trim(), type: "CELL", ...(waId && { waId }) })),
    ...(email.trim() && { emails: [{ email: email.trim(), type: "WORK" }] }),
    ...(company.trim() && { org: { company: company.trim() } }),
  };
}

/** The cards as the customer sees them. */
export const draftCards = (cards: readonly CardDraft[]): ShownMessage["content"] => ({
  __typename: "ContactsContent",
  contacts: cards.map(({ name, company, email, phones }) => ({
    __typename: "SharedContact",
    name: orMissing(name),
    company: company.trim() || null,
    phones: phones
      .filter(({ phone }) => phone.trim())
      .map(({ phone }) => ({ __typename: "SharedPhone", phone })),
    emails: email.trim() ? [{ __typename: "SharedLink", value: email.trim() }] : [],
  })),
});
