import { createContext, useContext } from "react";

/** The state of a form that its fields share. */
interface FormState {
  /** True after the first attempt to send: empty fields are marked from then on. */
  isChecked: boolean;
  /** The server's error messages by the field's path in the message's content. */
  problems: Readonly<Record<string, string>>;
  /** Forgets the problem of a field that is edited. */
  clear(path: string): void;
}

export const FormContext = createContext<FormState | null>(null);

export const useFormState = (): FormState => useContext(FormContext)!;
