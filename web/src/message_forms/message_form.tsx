import { useMemo, type ReactNode } from "react";
import { MessageContent, type ShownMessage } from "../conversation/content/message_content.js";
import type { MessageContentInput } from "../generated/graphql.js";
import { Button } from "../parts/button.js";
import { Dialog } from "../parts/dialog.js";
import styles from "../templates/template_form.module.css";
import { FormContext } from "./form_context.js";
import { useFormTexts } from "./texts.js";
import { GENERAL, useSendForm, type FormTarget } from "./use_send_form.js";

interface MessageFormProps {
  title: string;
  target: FormTarget;
  /** The message as it is sent. */
  content: MessageContentInput;
  /** The message as the customer sees it. */
  preview: ShownMessage["content"];
  children: ReactNode;
}

/** A form for a message beside its preview. */
export function MessageForm({ title, target, content, preview, children }: MessageFormProps) {
  const text = useFormTexts();
  const { isChecked, isSending, problems, clear, submit } = useSendForm(target, content);
  const state = useMemo(() => ({ isChecked, problems, clear }), [isChecked, problems]);
  return (
    <Dialog title={title} size="46rem" onClose={target.onClose}>
      <FormContext.Provider value={state}>
        <form className={styles.form} onSubmit={(event) => void submit(event)} noValidate>
          <div className={styles.columns}>
            <div className={styles.fields}>{children}</div>
            <section className={styles.preview} aria-label={text.preview}>
              <h3>{text.preview}</h3>
              <div>
                <MessageContent message={{ id: "", text: null, content: preview }} />
              </div>
            </section>
          </div>
          <footer className={styles.foot}>
            <p role="alert">{problems[GENERAL] ?? ""}</p>
            <Button isPrimary type="submit" disabled={isSending}>
              {text.send}
            </Button>
          </footer>
        </form>
      </FormContext.Provider>
    </Dialog>
  );
}
