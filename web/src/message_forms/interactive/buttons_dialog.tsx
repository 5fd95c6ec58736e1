import { useState } from "react";
import { AddButton, Group } from "../group.js";
import { draftInteractive, NO_TEXTS, orMissing, toTextsInput } from "./interactive_draft.js";
import { InteractiveFields } from "./interactive_fields.js";
import { MessageForm } from "../message_form.js";
import { TextField } from "../text_field.js";
import { useFormTexts } from "../texts.js";
import type { FormTarget } from "../use_send_form.js";

const PATH = "interactive.buttons";
const MAX_BUTTONS = 3;
const TITLE_LIMIT = 20;

/** A message with one to three buttons, of which the customer presses one. */
export function ButtonsDialog(target: FormTarget) {
  const text = useFormTexts();
  const [texts, setTexts] = useState(NO_TEXTS);
  const [titles, setTitles] = useState(["", ""]);
  const trimmed = titles.map((title) => title.trim());
  const isRepeated = (title: string) => trimmed.filter((other) => other === title).length > 1;
  // The label is the id, too: who handles the reply in a program can read it.
  const buttons = trimmed.map((title) => ({ id: title, title }));
  return (
    <MessageForm
      title={text.kinds.buttons}
      target={target}
      content={{ interactive: { buttons: { ...toTextsInput(texts), buttons } } }}
      preview={draftInteractive("BUTTONS", texts, {
        buttons: titles.map((title) => ({ __typename: "InteractiveButton", title: orMissing(title) })),
      })}
    >
      <InteractiveFields path={PATH} texts={texts} onChange={setTexts} />
      {titles.map((title, index) => (
        <Group
          key={index}
          title={text.button(index + 1)}
          removeLabel={titles.length > 1 ? text.removeButton(index + 1) : undefined}
          onRemove={() => setTitles(titles.toSpliced(index, 1))}
        >
          <TextField
            path={`${PATH}.buttons.${index}.title`}
            label={text.label}
            value={title}
            limit={TITLE_LIMIT}
            required
            check={(value) => (isRepeated(value) ? text.repeated : undefined)}
            onChange={(value) => setTitles(titles.with(index, value))}
          />
        </Group>
      ))}
      {titles.length < MAX_BUTTONS && (
        <AddButton onClick={() => setTitles([...titles, ""])}>{text.addButton}</AddButton>
      )}
    </MessageForm>
  );
}
