import { useState } from "react";
import { Button } from "../../parts/button.js";
import { Dialog } from "../../parts/dialog.js";
import { CopyField } from "../parts/copy_field.js";
import dialogStyles from "../parts/dialog_body.module.css";
import type { CreatedKey } from "./key_dialog.js";
import styles from "./new_key.module.css";
import { useKeysText } from "./texts.js";

interface NewKeyProps {
  created: CreatedKey;
  onClose(): void;
}

/** Shows a new key, which the server never shows again. */
export function NewKey({ created: { token, person }, onClose }: NewKeyProps) {
  const text = useKeysText();
  const [isWarned, setWarned] = useState(false);
  return (
    // A click beside the dialog must not lose the key.
    <Dialog title={text.createdTitle} onClose={() => setWarned(true)}>
      <div className={dialogStyles.body}>
        <p className={styles.once} role="alert">
          {isWarned ? text.closeAnyway : text.onlyOnce}
        </p>
        {person !== null && (
          <>
            <CopyField label={text.link} value={makeLink(token)} />
            <p className={dialogStyles.help}>{text.linkHelp(person)}</p>
          </>
        )}
        <CopyField label={text.token} value={token} />
        {person === null && <p className={dialogStyles.help}>{text.programHelp}</p>}
        <div className={styles.foot}>
          <Button isPrimary onClick={onClose}>
            {text.done}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

/** The link that signs in with a key, see `takeKeyFromUrl`. */
const makeLink = (token: string): string => `${location.origin}${location.pathname}#key=${encodeURIComponent(token)}`;
