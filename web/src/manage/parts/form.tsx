import { createContext, useContext, useLayoutEffect, useRef, useState, type FormEvent, type ReactNode } from "react";
import type { Catalogue } from "../../language/en.js";
import { useText } from "../../language/language.js";
import { Button } from "../../parts/button.js";
import { explainError } from "../../parts/refusals/explain_error.js";
import { explainRefusal, type Refusal } from "../../parts/refusals/explain_refusal.js";
import { useManageText, type ManageText } from "../texts.js";
import styles from "./form.module.css";

type UserError = Refusal & { field?: readonly string[] | null };

interface Payload {
  userErrors: readonly UserError[];
}

export type Values = Record<string, string>;
/** Returns the error of a value; `values` has the values of all fields. */
export type Check = (value: string, values: Values) => string | undefined;

/** Error of each field by its name; "" for errors that belong to no field. */
type Problems = Record<string, string>;

interface FormAccess {
  problems: Problems;
  /** Adds a check of a field that runs before the form is sent. */
  register(name: string, check: Check): () => void;
  setProblem(name: string, problem: string | undefined): void;
}

const FormContext = createContext<FormAccess | null>(null);

export const useForm = (): FormAccess => useContext(FormContext)!;

interface FormProps<Result extends Payload> {
  submitLabel: string;
  isDangerous?: boolean;
  /** Sends the values of the fields by their names. */
  onSubmit(values: Values): Promise<{ data?: Record<string, unknown> | null | undefined }>;
  /** Called with the mutation's payload if it was not refused. */
  onDone(payload: Result): void;
  /** True for a form that stays after it was sent. Fields that the user did not change show new values. */
  isLasting?: boolean;
  /** Buttons before the one that sends. */
  actions?: ReactNode;
  children: ReactNode;
}

/** A form of one mutation, which shows its `userErrors` beside the fields that they name. */
export function Form<Result extends Payload>(props: FormProps<Result>) {
  const { submitLabel, isDangerous = false, onSubmit, onDone, isLasting = false, actions, children } = props;
  const [text, manageText] = [useText(), useManageText()];
  const form = useRef<HTMLFormElement>(null);
  const checks = useRef(new Map<string, Check>());
  const [problems, setProblems] = useState<Problems>({});
  const [isBusy, setBusy] = useState(false);
  const [saved, setSaved] = useState<Values | null>(null);
  // Saved values count as unchanged from now on, but values typed meanwhile do not.
  useLayoutEffect(() => {
    if (saved && isEqual(readValues(form.current!), saved)) form.current!.reset();
  }, [saved]);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (isBusy) return;
    const values = readValues(form.current!);
    const found = runChecks(checks.current, values);
    if (Object.keys(found).length > 0) return show(found);
    setBusy(true);
    try {
      const payload = Object.values((await onSubmit(values)).data ?? {})[0] as Result;
      if (payload.userErrors.length > 0) show(sortErrors(text, manageText, form.current, payload.userErrors));
      else finish(payload, values);
    } catch (error) {
      show({ "": explainError(text, error) });
    } finally {
      setBusy(false);
    }
  }

  function finish(payload: Result, values: Values) {
    if (isLasting) setSaved(values);
    onDone(payload);
  }

  function show(found: Problems) {
    setProblems(found);
    requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
  }

  const access: FormAccess = {
    problems,
    register(name, check) {
      checks.current.set(name, check);
      return () => void checks.current.delete(name);
    },
    setProblem: (name, problem) =>
      setProblems(({ [name]: _, ...others }) => (problem ? { ...others, [name]: problem } : others)),
  };
  return (
    <FormContext.Provider value={access}>
      <form ref={form} className={styles.form} noValidate onSubmit={(event) => void submit(event)}>
        {children}
        <p role="alert" className={styles.problem}>
          {problems[""]}
        </p>
        <div className={styles.actions}>
          {actions}
          {/* It keeps the focus while the form is sent: a disabled button would lose it. */}
          <Button type="submit" isPrimary isDangerous={isDangerous} aria-disabled={isBusy}>
            {submitLabel}
          </Button>
        </div>
      </form>
    </FormContext.Provider>
  );
}

export function readValues(form: HTMLFormElement): Values {
  const entries = [...new FormData(form)].filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return Object.fromEntries(entries.map(([name, value]) => [name, value.trim()]));
}

const isEqual = (a: Values, b: Values): boolean =>
  Object.keys({ ...a, ...b }).every((name) => a[name] === b[name]);

function runChecks(checks: Map<string, Check>, values: Values): Problems {
  const found = [...checks].map(([name, check]) => [name, check(values[name] ?? "", values)] as const);
  return Object.fromEntries(found.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function sortErrors(text: Catalogue, manageText: ManageText, form: HTMLFormElement | null, errors: readonly UserError[]): Problems {
  const problems: Problems = {};
  for (const error of errors) {
    const { field } = error;
    const message = explainUnproven(manageText, error) ?? explainRefusal(text, error);
    const name = field?.[0] && form?.elements.namedItem(field[0]) ? field[0] : "";
    problems[name] = problems[name] ? `${problems[name]} ${message}` : message;
  }
  return problems;
}

/** Explains which value WhatsApp does not confirm; undefined for other errors. */
function explainUnproven(text: ManageText, error: UserError): string | undefined {
  if (!("code" in error) || error.code !== "NUMBER_NOT_PROVEN") return undefined;
  return text.unproven[error.field?.[0] as keyof ManageText["unproven"]];
}
