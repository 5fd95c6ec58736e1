import { NO_TEXTS, type InteractiveTexts } from "./interactive_draft.js";
import { TextField } from "../text_field.js";
import { useFormTexts } from "../texts.js";

export const BODY_LIMIT = 1024;
export const LIST_BODY_LIMIT = 4096;
const LINE_LIMIT = 60;

interface InteractiveFieldsProps {
  path: string;
  texts: InteractiveTexts;
  bodyLimit?: number;
  onChange(texts: InteractiveTexts): void;
}

/** The header, body and footer of a message with buttons. */
export function InteractiveFields({ path, texts, bodyLimit = BODY_LIMIT, onChange }: InteractiveFieldsProps) {
  const text = useFormTexts();
  const draw = (name: keyof typeof NO_TEXTS, limit: number) => (
    <TextField
      path={`${path}.${name}${name === "header" ? ".text" : ""}`}
      label={text[name]}
      value={texts[name]}
      limit={limit}
      required={name === "body"}
      isLong={name === "body"}
      hasFirstFocus={name === "body"}
      onChange={(value) => onChange({ ...texts, [name]: value })}
    />
  );
  return (
    <>
      {draw("header", LINE_LIMIT)}
      {draw("body", bodyLimit)}
      {draw("footer", LINE_LIMIT)}
    </>
  );
}
