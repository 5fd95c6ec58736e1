import { NEW_PHONE, type CardDraft } from "./cards.js";
import { AddButton, Group } from "../group.js";
import { TextField } from "../text_field.js";
import { useFormTexts } from "../texts.js";

const TEXT_LIMIT = 500;
const MAX_PHONES = 5;

interface CardFieldsProps {
  path: string;
  number: number;
  card: CardDraft;
  isOnly: boolean;
  onChange(card: CardDraft): void;
  onRemove(): void;
}

/** The fields of a contact card. */
export function CardFields({ path, number, card, isOnly, onChange, onRemove }: CardFieldsProps) {
  const text = useFormTexts();
  const { phones } = card;
  return (
    <Group title={text.card(number)} removeLabel={isOnly ? undefined : text.removeCard(number)} onRemove={onRemove}>
      <TextField
        path={`${path}.name.formattedName`}
        label={text.name}
        value={card.name}
        limit={TEXT_LIMIT}
        required
        hasFirstFocus={number === 1}
        onChange={(name) => onChange({ ...card, name })}
      />
      {phones.map(({ phone }, index) => (
        <TextField
          key={index}
          path={`${path}.phones.${index}.phone`}
          label={phones.length > 1 ? text.phoneNumber(index + 1) : text.phone}
          value={phone}
          limit={TEXT_LIMIT}
          required
          inputMode="tel"
          check={(value) => (/\d{4}/u.test(value.replace(/[\s()./-]/gu, "")) ? undefined : text.badPhone)}
          onChange={(value) => onChange({ ...card, phones: phones.with(index, { phone: value, waId: null }) })}
        />
      ))}
      {phones.length < MAX_PHONES && (
        <AddButton onClick={() => onChange({ ...card, phones: [...phones, NEW_PHONE] })}>{text.addPhone}</AddButton>
      )}
      <TextField
        path={`${path}.org.company`}
        label={text.company}
        value={card.company}
        limit={TEXT_LIMIT}
        onChange={(company) => onChange({ ...card, company })}
      />
      <TextField
        path={`${path}.emails.0.email`}
        label={text.email}
        value={card.email}
        limit={TEXT_LIMIT}
        inputMode="email"
        check={(value) => (/^[^@\s]+@[^@\s]+$/u.test(value) ? undefined : text.badEmail)}
        onChange={(email) => onChange({ ...card, email })}
      />
    </Group>
  );
}
