import { useLayoutEffect, useRef, type ClipboardEvent } from "react";
import { Field } from "../parts/form/field.js";
import { useFormState } from "./form_context.js";
import { useFormTexts } from "./texts.js";

interface TextFieldProps {
  /** Path of the value in the message's content. */
  path: string;
  label: string;
  value: string;
  onChange(value: string): void;
  /** Characters that WhatsApp takes. */
  limit: number;
  required?: boolean;
  isLong?: boolean;
  hasFirstFocus?: boolean;
  inputMode?: "text" | "decimal" | "tel" | "email" | "url";
  placeholder?: string;
  hint?: string;
  /** Returns the error of a value that is not empty. */
  check?(value: string): string | undefined;
  onPaste?(event: ClipboardEvent<HTMLInputElement>): void;
}

/** A field of the message with its limit and its error. */
export function TextField({ path, label, value, limit, required = false, hint, check, ...rest }: TextFieldProps) {
  const text = useFormTexts();
  const { isChecked, problems, clear } = useFormState();
  const input = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  const isEmpty = value.trim() === "";
  const ownProblem = isEmpty ? (required ? text.required : undefined) : check?.(value.trim());
  // The form asks its fields before it is sent.
  useLayoutEffect(() => input.current!.setCustomValidity(ownProblem ?? ""), [ownProblem]);
  const problem = problems[path] ?? (isChecked ? ownProblem : undefined);
  const { isLong = false, hasFirstFocus = false, onChange, inputMode, placeholder, onPaste } = rest;
  // `showModal` looks for the attribute, which React does not set.
  useLayoutEffect(() => void input.current!.toggleAttribute("autofocus", hasFirstFocus), [hasFirstFocus]);
  const common = {
    ref: input,
    name: path,
    value,
    required,
    placeholder,
    maxLength: limit,
    dir: "auto" as const,
    autoComplete: "off",
    onChange({ target }: { target: { value: string } }) {
      clear(path);
      onChange(target.value);
    },
  };
  const count = value.length > limit / 2 && `${value.length}/${limit}`;
  return (
    <Field label={label} aside={count} hint={problem === undefined && hint} isRequired={required} problem={problem}>
      {(joins) =>
        isLong ? <textarea rows={3} {...joins} {...common} /> : <input type="text" {...{ inputMode, onPaste }} {...joins} {...common} />
      }
    </Field>
  );
}
