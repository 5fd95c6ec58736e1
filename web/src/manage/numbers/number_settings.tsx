import { useMutation } from "@apollo/client/react";
import { UpdateAccountDocument, type AccountDetailFragment } from "../../generated/numbers.js";
import { useText } from "../../language/language.js";
import { Section } from "../../parts/layout/section.js";
import { showToast } from "../../parts/toasts.js";
import { CheckField, TextField } from "../parts/fields.js";
import { Form, type Values } from "../parts/form.js";
import { useNumbersText } from "./texts.js";

/** The name of a number, and whether customers see that messages were read. */
export function NumberSettings({ account }: { account: AccountDetailFragment }) {
  const [text, numbersText] = [useText(), useNumbersText()];
  const [update] = useMutation(UpdateAccountDocument);
  const submit = ({ name, sendReadReceipts }: Values) =>
    update({ variables: { input: { accountId: account.id, name: name!, sendReadReceipts: sendReadReceipts === "on" } } });
  return (
    <Section title={numbersText.settings}>
      <Form submitLabel={text.save} isLasting onSubmit={submit} onDone={() => showToast(numbersText.saved)}>
        <TextField
          name="name"
          label={numbersText.name}
          hint={numbersText.nameHint}
          isRequired
          maxLength={200}
          defaultValue={account.name}
        />
        <CheckField
          name="sendReadReceipts"
          label={numbersText.readReceipts}
          hint={numbersText.readReceiptsHint}
          defaultChecked={account.sendReadReceipts}
        />
      </Form>
    </Section>
  );
}
