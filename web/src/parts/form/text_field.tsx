import type { ComponentProps } from "react";
import { Field } from "./field.js";

interface TextFieldProps extends ComponentProps<"input"> {
  label: string;
  /** Why the value was refused. */
  problem?: string | undefined;
}

/** A text field with its label and its error. */
export const TextField = ({ label, problem, ...rest }: TextFieldProps) => (
  <Field label={label} problem={problem} isLive>
    {(joins) => <input autoComplete="off" dir="auto" {...joins} {...rest} />}
  </Field>
);
