import { useState } from "react";
import { AddButton } from "../group.js";
import { draftInteractive, NO_TEXTS, orMissing, toTextsInput } from "./interactive_draft.js";
import { InteractiveFields, LIST_BODY_LIMIT } from "./interactive_fields.js";
import { ListSection, NEW_ROW, type SectionDraft } from "./list_section.js";
import { MessageForm } from "../message_form.js";
import { TextField } from "../text_field.js";
import { useFormTexts } from "../texts.js";
import type { FormTarget } from "../use_send_form.js";

const PATH = "interactive.list";
const MAX_ROWS = 10;
const BUTTON_LIMIT = 20;
const NEW_SECTION: SectionDraft = { title: "", rows: [NEW_ROW] };

/** A message with a list, from which the customer chooses a row. */
export function ListDialog(target: FormTarget) {
  const text = useFormTexts();
  const [texts, setTexts] = useState(NO_TEXTS);
  const [button, setButton] = useState("");
  const [sections, setSections] = useState([NEW_SECTION]);
  const titles = sections.flatMap(({ rows }) => rows.map(({ title }) => title.trim()));
  // Each section has a row, so that this is the limit of sections, too.
  const hasRoom = titles.length < MAX_ROWS;
  return (
    <MessageForm
      title={text.kinds.list}
      target={target}
      content={{
        interactive: { list: { ...toTextsInput(texts), button: button.trim(), sections: sections.map(toSectionInput) } },
      }}
      preview={draftInteractive("LIST", texts, { listButton: orMissing(button), sections: sections.map(draftSection) })}
    >
      <InteractiveFields path={PATH} texts={texts} bodyLimit={LIST_BODY_LIMIT} onChange={setTexts} />
      <TextField
        path={`${PATH}.button`}
        label={text.listButton}
        value={button}
        limit={BUTTON_LIMIT}
        required
        hint={text.listButtonHint}
        onChange={setButton}
      />
      {sections.map((section, index) => (
        <ListSection
          key={index}
          path={`${PATH}.sections.${index}`}
          number={index + 1}
          section={section}
          isOnly={sections.length === 1}
          hasRoom={hasRoom}
          isRepeated={(title) => titles.filter((other) => other === title).length > 1}
          onChange={(changed) => setSections(sections.with(index, changed))}
          onRemove={() => setSections(sections.toSpliced(index, 1))}
        />
      ))}
      {hasRoom && <AddButton onClick={() => setSections([...sections, NEW_SECTION])}>{text.addSection}</AddButton>}
    </MessageForm>
  );
}

const toSectionInput = ({ title, rows }: SectionDraft) => ({
  ...(title.trim() && { title: title.trim() }),
  rows: rows.map((row) => ({
    id: row.title.trim(),
    title: row.title.trim(),
    ...(row.description.trim() && { description: row.description.trim() }),
  })),
});

const draftSection = ({ title, rows }: SectionDraft) => ({
  __typename: "InteractiveSection" as const,
  title: title.trim() || null,
  rows: rows.map((row) => ({
    __typename: "InteractiveRow" as const,
    title: orMissing(row.title),
    description: row.description.trim() || null,
  })),
});
