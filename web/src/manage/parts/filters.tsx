import { Search } from "lucide-react";
import { useEffect, useId, useState, type ReactNode } from "react";
import { Field } from "../../parts/form/field.js";
import styles from "./filters.module.css";

/** The filters above a list. */
export const Filters = ({ children }: { children: ReactNode }) => <div className={styles.filters}>{children}</div>;

interface SelectFilterProps<Value extends string> {
  label: string;
  value: Value;
  options: readonly { value: NoInfer<Value>; label: string }[];
  onChange(value: NoInfer<Value>): void;
}

export function SelectFilter<Value extends string>({ label, value, options, onChange }: SelectFilterProps<Value>) {
  return (
    <Field label={label} className={styles.filter}>
      {(joins) => (
        <select {...joins} value={value} onChange={({ target }) => onChange(target.value as Value)}>
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

interface TextFilterProps {
  label: string;
  value: string;
  onChange(value: string): void;
}

export function SearchFilter({ label, value, onChange }: TextFilterProps) {
  return (
    <div className={styles.search} role="search">
      <Search size={16} aria-hidden />
      <input
        type="search"
        dir="auto"
        value={value}
        placeholder={label}
        aria-label={label}
        onChange={({ target }) => onChange(target.value)}
      />
    </div>
  );
}

interface SuggestFilterProps extends TextFilterProps {
  placeholder: string;
  options: readonly string[];
}

/** A text for which the browser suggests values. Any other text is taken when it is complete: by Enter, or by leaving the field. */
export function SuggestFilter({ label, placeholder, value, options, onChange }: SuggestFilterProps) {
  const listId = useId();
  const [draft, setDraft] = useState(value);
  useEffect(() => setDraft(value), [value]);
  return (
    <Field label={label} className={styles.filter}>
      {(joins) => (
        <>
          <input
            {...joins}
            type="search"
            dir="auto"
            list={listId}
            placeholder={placeholder}
            value={draft}
            onChange={({ target }) => {
              setDraft(target.value);
              if (!target.value || options.includes(target.value)) onChange(target.value);
            }}
            onKeyDown={({ key }) => key === "Enter" && onChange(draft.trim())}
            onBlur={() => onChange(draft.trim())}
          />
          <datalist id={listId}>
            {options.map((option) => (
              <option key={option} value={option} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}

export function DateFilter({ label, value, onChange }: TextFilterProps) {
  return (
    <Field label={label} className={styles.filter}>
      {(joins) => <input {...joins} type="date" value={value} onChange={({ target }) => onChange(target.value)} />}
    </Field>
  );
}
