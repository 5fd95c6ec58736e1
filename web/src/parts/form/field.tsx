import { useId, type ReactNode } from "react";
import styles from "./field.module.css";

interface FieldProps {
  label: ReactNode;
  /** Shown at the end of the label's line. */
  aside?: ReactNode;
  /** A sentence below the field. */
  hint?: ReactNode;
  isRequired?: boolean | undefined;
  /** Why the value was refused. */
  problem?: string | undefined;
  /** True for a field whose value is missing, without a sentence about it. */
  isMissing?: boolean;
  /** True for a problem that shows while the user writes: screen readers read it at once. */
  isLive?: boolean;
  /** The style, if it differs from a form's field. */
  className?: string | undefined;
  /** Draws the field with the attributes that join it with its label and its sentences. */
  children(joins: FieldJoins): ReactNode;
}

export interface FieldJoins {
  id: string;
  "aria-invalid": boolean;
  "aria-describedby": string | undefined;
}

/** A field with its label, its hint and its error. */
export function Field({ label, aside, hint, isRequired, problem, isMissing, isLive, className, children }: FieldProps) {
  const [id, noteId] = [useId(), useId()];
  const isInvalid = isMissing || problem !== undefined;
  const hasNote = Boolean(problem ?? hint);
  return (
    <div className={className ?? styles.field} data-invalid={isInvalid || undefined}>
      <label htmlFor={id}>
        <span>
          {label}
          {isRequired && <span aria-hidden> *</span>}
        </span>
        {aside && (
          <span className={styles.aside} aria-hidden>
            {aside}
          </span>
        )}
      </label>
      {children({ id, "aria-invalid": isInvalid, "aria-describedby": hasNote ? noteId : undefined })}
      {hasNote && (
        <p id={noteId}>
          {problem && (
            <strong role={isLive ? "alert" : undefined}>
              <bdi>{problem}</bdi>{" "}
            </strong>
          )}
          <bdi>{hint}</bdi>
        </p>
      )}
    </div>
  );
}
