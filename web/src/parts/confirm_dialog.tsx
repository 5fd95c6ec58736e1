import { CircleAlert } from "lucide-react";
import { useState, type FormEvent, type ReactNode } from "react";
import { makeTexts, useText } from "../language/language.js";
import { Button } from "./button.js";
import { Dialog } from "./dialog.js";
import { describeFailure } from "./failures.js";
import { TextField } from "./form/text_field.js";
import styles from "./confirm_dialog.module.css";

const en = { typeToConfirm: (name: string) => `Type “${name}” to confirm` };
const es: typeof en = { typeToConfirm: (name) => `Escribe «${name}» para confirmar` };
const useOwnTexts = makeTexts({ en, es });

interface ConfirmDialogProps {
  title: string;
  /** Label of the button that does it. */
  action: string;
  isDangerous?: boolean;
  /** Text that the user must type, for actions that can't be undone. */
  name?: string;
  /** Runs the mutation. */
  onConfirm(): Promise<unknown>;
  /** Called after it was done; the dialog is closed then. */
  onDone?(): void;
  onClose(): void;
  children: ReactNode;
}

/** Explains the consequences and asks for a confirmation. A refusal is shown in the dialog. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { title, action, isDangerous = false, name, onConfirm, onDone, onClose, children } = props;
  const [text, ownText] = [useText(), useOwnTexts()];
  const [typed, setTyped] = useState("");
  const [isRunning, setRunning] = useState(false);
  const [problem, setProblem] = useState<string>();
  const isReady = name === undefined || simplify(typed) === simplify(name);
  async function submit(event: FormEvent) {
    event.preventDefault();
    setRunning(true);
    const failure = await describeFailure(text, onConfirm());
    setRunning(false);
    setProblem(failure);
    if (failure) return;
    onClose();
    onDone?.();
  }
  return (
    <Dialog title={title} isThrowaway onClose={onClose}>
      <form className={styles.form} onSubmit={(event) => void submit(event)}>
        {children}
        {name !== undefined && (
          <TextField
            label={ownText.typeToConfirm(name)}
            value={typed}
            data-autofocus
            onChange={({ target }) => setTyped(target.value)}
          />
        )}
        {problem && <Problem>{problem}</Problem>}
        <footer>
          <Button onClick={onClose}>{text.cancel}</Button>
          <Button isPrimary isDangerous={isDangerous} type="submit" disabled={!isReady || isRunning}>
            {action}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}

/** Names may have spaces and invisible characters that are hard to type. */
const simplify = (name: string): string => name.replace(/[\s\p{Cf}]+/gu, " ").trim().toLocaleLowerCase();

/** Why something was refused. */
export function Problem({ children }: { children: ReactNode }) {
  return (
    <p className={styles.problem} role="alert">
      <CircleAlert size={16} aria-hidden />
      <bdi>{children}</bdi>
    </p>
  );
}
