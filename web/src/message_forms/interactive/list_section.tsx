import { AddButton, Group } from "../group.js";
import { TextField } from "../text_field.js";
import { useFormTexts } from "../texts.js";

export interface SectionDraft {
  title: string;
  rows: { title: string; description: string }[];
}

export const NEW_ROW = { title: "", description: "" };
const TITLE_LIMIT = 24;
const DESCRIPTION_LIMIT = 72;

interface ListSectionProps {
  path: string;
  number: number;
  section: SectionDraft;
  /** The title of the only section may be empty. */
  isOnly: boolean;
  /** True if the list may have more rows. */
  hasRoom: boolean;
  isRepeated(title: string): boolean;
  onChange(section: SectionDraft): void;
  onRemove(): void;
}

/** The fields of a section and its rows. */
export function ListSection({ path, number, section, isOnly, hasRoom, isRepeated, onChange, onRemove }: ListSectionProps) {
  const text = useFormTexts();
  const { title, rows } = section;
  return (
    <Group title={text.section(number)} removeLabel={isOnly ? undefined : text.removeSection(number)} onRemove={onRemove}>
      <TextField
        path={`${path}.title`}
        label={text.sectionTitle}
        value={title}
        limit={TITLE_LIMIT}
        required={!isOnly}
        onChange={(value) => onChange({ ...section, title: value })}
      />
      {rows.map((row, index) => {
        const change = (part: Partial<typeof NEW_ROW>) =>
          onChange({ ...section, rows: rows.with(index, { ...row, ...part }) });
        return (
          <Group
            key={index}
            title={text.row(index + 1)}
            removeLabel={rows.length > 1 ? text.removeRow(number, index + 1) : undefined}
            onRemove={() => onChange({ ...section, rows: rows.toSpliced(index, 1) })}
          >
            <TextField
              path={`${path}.rows.${index}.title`}
              label={text.rowTitle}
              value={row.title}
              limit={TITLE_LIMIT}
              required
              check={(value) => (isRepeated(value) ? text.repeated : undefined)}
              onChange={(value) => change({ title: value })}
            />
            <TextField
              path={`${path}.rows.${index}.description`}
              label={text.description}
              value={row.description}
              limit={DESCRIPTION_LIMIT}
              onChange={(value) => change({ description: value })}
            />
          </Group>
        );
      })}
      {hasRoom && (
        <AddButton onClick={() => onChange({ ...section, rows: [...rows, NEW_ROW] })}>{text.addRow}</AddButton>
      )}
    </Group>
  );
}
