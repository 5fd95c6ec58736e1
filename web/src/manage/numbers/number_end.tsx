import { useMutation } from "@apollo/client/react";
import { useState } from "react";
import {
  DeleteAccountDocument,
  DisableAccountDocument,
  EnableAccountDocument,
  type AccountDetailFragment,
} from "../../generated/numbers.js";
import { useText } from "../../language/language.js";
import { Button } from "../../parts/button.js";
import { reportFailure } from "../../parts/failures.js";
import { Section } from "../../parts/layout/section.js";
import { showToast } from "../../parts/toasts.js";
import { toManageUrl } from "../../route.js";
import { ConfirmDialog } from "../../parts/confirm_dialog.js";
import styles from "./number_end.module.css";
import { useNumbersText } from "./texts.js";

/** Disables, enables or deletes a number. */
export function NumberEnd({ account }: { account: AccountDetailFragment }) {
  const [text, numbersText] = [useText(), useNumbersText()];
  const [asking, setAsking] = useState<"disable" | "remove" | null>(null);
  const [enable, enabling] = useMutation(EnableAccountDocument);
  const [disable] = useMutation(DisableAccountDocument);
  const [remove] = useMutation(DeleteAccountDocument);
  const variables = { accountId: account.id };
  const close = () => setAsking(null);
  const leave = () => {
    showToast(numbersText.removed(account.name));
    location.hash = toManageUrl("numbers");
  };
  return (
    <Section title={numbersText.danger}>
      <div className={styles.actions}>
        {account.enabled ? (
          <Button onClick={() => setAsking("disable")}>{numbersText.disable}</Button>
        ) : (
          <Button disabled={enabling.loading} onClick={() => void reportFailure(text, enable({ variables }))}>
            {numbersText.enable}
          </Button>
        )}
        <Button isDangerous onClick={() => setAsking("remove")}>
          {numbersText.remove}
        </Button>
      </div>
      {asking === "disable" && (
        <ConfirmDialog
          title={numbersText.disableTitle}
          action={numbersText.disable}
          onConfirm={() => disable({ variables })}
          onClose={close}
        >
          <p>{numbersText.disableWhat}</p>
        </ConfirmDialog>
      )}
      {asking === "remove" && (
        <ConfirmDialog
          title={numbersText.removeTitle}
          action={numbersText.remove}
          isDangerous
          name={account.name}
          onConfirm={() => remove({ variables })}
          onDone={leave}
          onClose={close}
        >
          <p>{numbersText.removeWhat}</p>
          <ul className={styles.lost}>
            {numbersText.removeLost.map((item) => (
              <li key={item}>{item}</li>
            ))}
          </ul>
          <p>{numbersText.removeKept}</p>
        </ConfirmDialog>
      )}
    </Section>
  );
}
