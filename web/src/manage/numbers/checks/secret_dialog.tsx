import { useMutation } from "@apollo/client/react";
import { UpdateAccountDocument, type AccountDetailFragment } from "../../../generated/numbers.js";
import { useText } from "../../../language/language.js";
import { SecretField } from "../../parts/fields.js";
import { FormDialog } from "../../parts/form_dialog.js";
import type { Values } from "../../parts/form.js";
import { useNumbersText } from "../texts.js";
import { checkSecret, checkToken } from "./value_checks.js";

interface SecretDialogProps {
  account: AccountDetailFragment;
  field: "accessToken" | "appSecret";
  onDone(): void;
  onClose(): void;
}

/** Replaces the access token or the app secret; the old one is not shown. */
export function SecretDialog({ account, field, onDone, onClose }: SecretDialogProps) {
  const [text, numbersText] = [useText(), useNumbersText()];
  const [update] = useMutation(UpdateAccountDocument);
  const isToken = field === "accessToken";
  const submit = (values: Values) => update({ variables: { input: { accountId: account.id, [field]: values[field] } } });
  return (
    <FormDialog
      title={isToken ? numbersText.replaceToken : numbersText.replaceSecret}
      submitLabel={text.save}
      onSubmit={submit}
      onDone={onDone}
      onClose={onClose}
    >
      <SecretField
        name={field}
        label={numbersText[field]}
        hint={numbersText.advice[isToken ? "TOKEN" : "APP_SECRET"]}
        isRequired
        check={isToken ? checkToken(numbersText) : checkSecret(numbersText)}
      />
    </FormDialog>
  );
}
