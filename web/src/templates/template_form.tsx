import { useMutation } from "@apollo/client/react";
import { makeKey } from "@wagraph/client";
import { useTemplateForm } from "@wagraph/client/react";
import { ArrowLeft } from "lucide-react";
import { useRef, useState, type FormEvent } from "react";
import { TemplateView } from "../conversation/content/template_view.js";
import { PreviewTemplateDocument, SendDocument, type TemplateInput } from "../generated/graphql.js";
import { useText } from "../language/language.js";
import { Button } from "../parts/button.js";
import { isRefused, reportFailure } from "../parts/failures.js";
import type { Template } from "./template_dialog.js";
import { draftTemplate } from "./draft_template.js";
import { TemplateField } from "./template_field.js";
import styles from "./template_form.module.css";

interface TemplateFormProps {
  conversationId: string;
  accountId: string;
  template: Template;
  onBack(): void;
  onSend(): void;
}

export function TemplateForm({ conversationId, accountId, template, onBack, onSend }: TemplateFormProps) {
  const text = useText();
  const form = useTemplateForm(template, PreviewTemplateDocument);
  const [send, { loading }] = useMutation(SendDocument);
  const [isChecked, setChecked] = useState(false);
  // One key until the server refused the message: it stores it once, also if its response got lost.
  const key = useRef(makeKey());

  async function submit(event: FormEvent) {
    event.preventDefault();
    setChecked(true);
    if (form.missing.length > 0) return;
    const input = {
      to: { conversationId },
      content: { template: form.input as TemplateInput },
      idempotencyKey: key.current,
    };
    const sending = send({ variables: { input } });
    if (await reportFailure(text, sending)) onSend();
    else if (await isRefused(sending)) key.current = makeKey();
  }

  return (
    <form className={styles.form} onSubmit={(event) => void submit(event)} noValidate>
      <div className={styles.columns}>
        <div className={styles.fields}>
          <Button onClick={onBack}>
            <ArrowLeft size={16} aria-hidden />
            {text.templates.more}
          </Button>
          <h3>
            <bdi>{template.name}</bdi>
          </h3>
          {form.fields.map((field) => (
            <TemplateField
              key={field.key}
              field={field}
              accountId={accountId}
              value={form.values[field.key]}
              problem={form.values[field.key] === undefined ? undefined : form.errors[field.key]}
              isMissing={isChecked && form.missing.includes(field.key)}
              onChange={(value) => form.setValue(field.key, value)}
            />
          ))}
        </div>
        <section className={styles.preview} aria-label={text.templates.preview}>
          <h3>{text.templates.preview}</h3>
          <div>
            <TemplateView template={form.preview ?? draftTemplate(template, form.fields, form.values)} />
          </div>
        </section>
      </div>
      <footer className={styles.foot}>
        <p role="alert">{isChecked && form.missing.length > 0 ? text.templates.required : ""}</p>
        <Button isPrimary type="submit" disabled={loading}>
          {text.templates.send}
        </Button>
      </footer>
    </form>
  );
}
