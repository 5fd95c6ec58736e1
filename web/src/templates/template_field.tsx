import type { FormField } from "@wagraph/client";
import type { ReactNode } from "react";
import type { Catalogue } from "../language/en.js";
import { useText } from "../language/language.js";
import { Field, type FieldJoins } from "../parts/form/field.js";
import { FileField } from "./file_field.js";
import { PlaceField } from "./place_field.js";

interface TemplateFieldProps {
  field: FormField;
  accountId: string;
  value: unknown;
  problem: string | undefined;
  isMissing: boolean;
  onChange(value: unknown): void;
}

/** The input for a template's parameter, by its kind. */
export function TemplateField({ field, accountId, value, problem, isMissing, onChange }: TemplateFieldProps) {
  const text = useText();
  const hint = problem === undefined && field.example && text.templates.example(field.example);
  return (
    <Field
      label={<bdi>{nameField(text, field)}</bdi>}
      isRequired={field.required}
      hint={hint}
      problem={problem}
      isMissing={isMissing}
    >
      {drawInput}
    </Field>
  );

  function drawInput(joins: FieldJoins): ReactNode {
    switch (field.kind) {
      case "IMAGE":
      case "VIDEO":
      case "DOCUMENT":
        // WhatsApp takes links only for the files of cards.
        if (field.cardIndex !== null) {
          const toValue = (link: string) => (link ? { source: { link } } : undefined);
          return <input {...joins} type="url" placeholder="https://" onChange={({ target }) => onChange(toValue(target.value))} />;
        }
        return <FileField {...joins} kind={field.kind} accountId={accountId} onChange={onChange} />;
      case "LOCATION":
        return <PlaceField {...joins} onChange={onChange} />;
      case "EXPIRES_AT":
        return (
          <input
            {...joins}
            type="datetime-local"
            onChange={({ target }) => onChange(target.value ? new Date(target.value).toISOString() : "")}
          />
        );
      default:
        return (
          <input
            {...joins}
            type="text"
            dir="auto"
            autoComplete="off"
            required={field.required}
            value={typeof value === "string" ? value : ""}
            onChange={({ target }) => onChange(target.value)}
          />
        );
    }
  }
}

function nameField(text: Catalogue, { place, name, label, cardIndex, buttonIndex }: FormField): string {
  const own =
    label ??
    {
      HEADER: text.templates.header,
      BODY: text.templates.body(name ?? ""),
      BUTTON: text.templates.button((buttonIndex ?? 0) + 1),
      LIMITED_TIME_OFFER: text.templates.offerEnds,
    }[place] ??
    place;
  return cardIndex === null ? own : `${text.templates.card(cardIndex + 1)}: ${own}`;
}
