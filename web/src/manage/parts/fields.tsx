import { Eye, EyeOff } from "lucide-react";
import { useEffect, useId, useState, type ComponentProps, type FocusEvent, type ReactNode } from "react";
import { IconButton } from "../../parts/button.js";
import { Field } from "../../parts/form/field.js";
import { useManageText } from "../texts.js";
import { readValues, useForm, type Check } from "./form.js";
import styles from "./fields.module.css";

interface FieldProps {
  name: string;
  label: string;
  /** A sentence below the field. */
  hint?: ReactNode;
  isRequired?: boolean | undefined;
  /** Returns the error of a value that is filled in. */
  check?: Check | undefined;
}

/** Connects a field with its form: the frame shows the error, the input reports changes. */
function useField({ name, label, hint, isRequired = false, check }: FieldProps) {
  const text = useManageText();
  const { problems, register, setProblem } = useForm();
  const run: Check = (value, values) => (value ? check?.(value, values) : isRequired ? text.required : undefined);
  useEffect(() => register(name, run));
  return {
    frame: { label, hint, isRequired, problem: problems[name] },
    input: {
      name,
      "aria-required": isRequired,
      onChange: () => setProblem(name, undefined),
      onBlur: ({ target: { value, form } }: FocusEvent<HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement>) => {
        // A refusal stays until the value changes: the button under the pointer would move away.
        const problem = value.trim() && run(value.trim(), readValues(form!));
        if (problem) setProblem(name, problem);
      },
    },
  };
}

type InputProps = Omit<ComponentProps<"input">, keyof FieldProps | "id" | "type">;

export function TextField({ name, label, hint, isRequired, check, ...rest }: FieldProps & InputProps) {
  const { frame, input } = useField({ name, label, hint, isRequired, check });
  return (
    <Field {...frame}>
      {(joins) => <input type="text" dir="auto" autoComplete="off" {...rest} {...joins} {...input} />}
    </Field>
  );
}

/** A field for a token or password, which is hidden until it is shown. */
export function SecretField({ name, label, hint, isRequired, check, ...rest }: FieldProps & InputProps) {
  const text = useManageText();
  const { frame, input } = useField({ name, label, hint, isRequired, check });
  const [isShown, setShown] = useState(false);
  const type = isShown ? "text" : "password";
  return (
    <Field {...frame}>
      {(joins) => (
        <div className={styles.joined}>
          <input type={type} dir="ltr" autoComplete="new-password" spellCheck={false} {...rest} {...joins} {...input} />
          <IconButton
            icon={isShown ? EyeOff : Eye}
            label={isShown ? text.hide(label) : text.show(label)}
            onClick={() => setShown(!isShown)}
          />
        </div>
      )}
    </Field>
  );
}

type TextAreaProps = Omit<ComponentProps<"textarea">, keyof FieldProps | "id">;

export function TextAreaField({ name, label, hint, isRequired, check, ...rest }: FieldProps & TextAreaProps) {
  const { frame, input } = useField({ name, label, hint, isRequired, check });
  return (
    <Field {...frame}>{(joins) => <textarea dir="auto" autoComplete="off" {...rest} {...joins} {...input} />}</Field>
  );
}

interface Option {
  value: string;
  label: string;
}

interface SelectFieldProps extends FieldProps {
  options: readonly Option[];
  defaultValue?: string;
}

export function SelectField({ options, defaultValue, ...props }: SelectFieldProps) {
  const { frame, input } = useField(props);
  return (
    <Field {...frame}>
      {(joins) => (
        <select defaultValue={defaultValue} {...joins} {...input}>
          {options.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** A field that is "on" in the form's values if it is checked. */
export function CheckField({ name, label, hint, defaultChecked = false }: FieldProps & { defaultChecked?: boolean }) {
  const hintId = useId();
  return (
    <div className={styles.check}>
      <label>
        <input type="checkbox" name={name} defaultChecked={defaultChecked} aria-describedby={hint ? hintId : undefined} />
        {label}
      </label>
      {hint && <p id={hintId}>{hint}</p>}
    </div>
  );
}
