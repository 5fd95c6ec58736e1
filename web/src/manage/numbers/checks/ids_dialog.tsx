import { useMutation } from "@apollo/client/react";
import { MoveAccountDocument, type AccountDetailFragment } from "../../../generated/numbers.js";
import { useText } from "../../../language/language.js";
import { SecretField, TextField } from "../../parts/fields.js";
import { FormDialog } from "../../parts/form_dialog.js";
import type { Values } from "../../parts/form.js";
import { useNumbersText } from "../texts.js";
import { checkId, checkToken } from "./value_checks.js";

interface IdsDialogProps {
  account: AccountDetailFragment;
  onDone(): void;
  onClose(): void;
}

/** Corrects WhatsApp's ids of a number. */
export function IdsDialog({ account, onDone, onClose }: IdsDialogProps) {
  const [text, numbersText] = [useText(), useNumbersText()];
  const [move] = useMutation(MoveAccountDocument);
  const submit = ({ phoneNumberId, businessAccountId, accessToken }: Values) => {
    const ids = { phoneNumberId: phoneNumberId!, businessAccountId: businessAccountId! };
    return move({ variables: { input: { accountId: account.id, ...ids, ...(accessToken && { accessToken }) } } });
  };
  return (
    <FormDialog title={numbersText.correctIds} submitLabel={text.save} onSubmit={submit} onDone={onDone} onClose={onClose}>
      <TextField
        name="phoneNumberId"
        label={numbersText.phoneNumberId}
        isRequired
        inputMode="numeric"
        check={checkId(numbersText)}
        defaultValue={account.phoneNumberId}
      />
      <TextField
        name="businessAccountId"
        label={numbersText.businessAccountId}
        hint={numbersText.idsHelp}
        isRequired
        inputMode="numeric"
        check={checkId(numbersText, "phoneNumberId")}
        defaultValue={account.businessAccountId}
      />
      <SecretField
        name="accessToken"
        label={numbersText.accessToken}
        hint={numbersText.otherToken}
        check={checkToken(numbersText)}
      />
    </FormDialog>
  );
}
