import { Copy } from "lucide-react";
import { useRef } from "react";
import { IconButton } from "../../parts/button.js";
import { Field } from "../../parts/form/field.js";
import { showToast } from "../../parts/toasts.js";
import { useManageText } from "../texts.js";
import styles from "./fields.module.css";

/** A value to copy into another program. */
export function CopyField({ label, value, hint }: { label: string; value: string; hint?: string }) {
  const text = useManageText();
  const field = useRef<HTMLInputElement>(null);
  async function copy() {
    // Browsers have no clipboard on pages without TLS: the value is selected for the keyboard.
    if (!("clipboard" in navigator)) return field.current?.focus();
    await navigator.clipboard.writeText(value);
    showToast(text.copied);
  }
  return (
    <Field label={label} hint={hint}>
      {(joins) => (
        <div className={styles.joined}>
          <input
            {...joins}
            ref={field}
            type="text"
            dir="ltr"
            readOnly
            value={value}
            onFocus={({ target }) => target.select()}
          />
          <IconButton icon={Copy} label={text.copy(label)} onClick={() => void copy()} />
        </div>
      )}
    </Field>
  );
}
