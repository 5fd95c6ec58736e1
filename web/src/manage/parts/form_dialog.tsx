import type { ComponentProps } from "react";
import { useText } from "../../language/language.js";
import { Button } from "../../parts/button.js";
import { Dialog } from "../../parts/dialog.js";
import styles from "./dialog_body.module.css";
import { Form } from "./form.js";

type FormProps = ComponentProps<typeof Form>;

interface FormDialogProps extends Pick<FormProps, "submitLabel" | "onSubmit" | "children"> {
  title: string;
  /** Called before the dialog closes. */
  onDone?(): void;
  onClose(): void;
}

/** A form in a dialog, which closes when the form was taken. */
export function FormDialog({ title, onDone, onClose, children, ...form }: FormDialogProps) {
  const text = useText();
  return (
    <Dialog title={title} onClose={onClose}>
      <div className={styles.body}>
        <Form
          {...form}
          actions={<Button onClick={onClose}>{text.cancel}</Button>}
          onDone={() => {
            onDone?.();
            onClose();
          }}
        >
          {children}
        </Form>
      </div>
    </Dialog>
  );
}
