import { useMutation } from "@apollo/client/react";
import { CreateAccountDocument, type AccountDetailFragment, type CreateAccountInput, type CreateAccountMutation } from "../../generated/numbers.js";
import { Section } from "../../parts/layout/section.js";
import { checkId, checkSecret, checkToken } from "../numbers/checks/value_checks.js";
import { useNumbersText } from "../numbers/texts.js";
import { ExternalLink } from "../parts/external_link.js";
import { SecretField, TextField } from "../parts/fields.js";
import { Form, type Values } from "../parts/form.js";
import { forgetDraft, readDraft, saveDraft } from "./draft.js";
import { useConnectText } from "./texts.js";
import styles from "./credentials_step.module.css";

type Payload = NonNullable<CreateAccountMutation["createAccount"]>;

interface CredentialsStepProps {
  /** `token` is the verify token, which can't be read later. */
  onDone(account: AccountDetailFragment, token: string | null): void;
}

/** The form for the credentials, with directions to each value at Meta. */
export function CredentialsStep({ onDone }: CredentialsStepProps) {
  const text = useConnectText();
  return (
    <div className={styles.columns}>
      <div className={styles.guides}>
        <Guide title={text.guideApp} steps={text.guideAppSteps} href="https://developers.facebook.com/apps" label={text.appDashboard} />
        <Guide
          title={text.guideToken}
          steps={text.guideTokenSteps}
          href="https://business.facebook.com/settings/system-users"
          label={text.businessSettings}
        />
      </div>
      <Section title={text.form} help={text.leaveHint}>
        <CredentialsForm onDone={onDone} />
      </Section>
    </div>
  );
}

function CredentialsForm({ onDone }: CredentialsStepProps) {
  const [text, numbersText] = [useConnectText(), useNumbersText()];
  const [create] = useMutation(CreateAccountDocument);
  const draft = readDraft();
  const checkVerifyToken = (value: string) => (value.length < 12 || value.length > 256 ? text.verifyTokenCheck : undefined);
  let ownToken: string | null = null;
  const submit = (values: Values) => {
    ownToken = values["verifyToken"] || null;
    // Empty values are not sent.
    const filled = Object.fromEntries(Object.entries(values).filter(([, value]) => value));
    return create({ variables: { input: filled as unknown as CreateAccountInput } });
  };
  const finish = ({ account, verifyToken }: Payload) => {
    forgetDraft();
    onDone(account!, verifyToken ?? ownToken);
  };
  return (
    <div onChange={({ target }) => saveDraft((target as HTMLInputElement).form!)}>
      <Form<Payload> submitLabel={text.connect} onSubmit={submit} onDone={finish}>
        <TextField name="name" label={numbersText.name} hint={text.nameHint} isRequired maxLength={200} defaultValue={draft.name} />
        <TextField
          name="phoneNumberId"
          label={numbersText.phoneNumberId}
          hint={text.phoneNumberIdHint}
          isRequired
          inputMode="numeric"
          check={checkId(numbersText)}
          defaultValue={draft.phoneNumberId}
        />
        <TextField
          name="businessAccountId"
          label={numbersText.businessAccountId}
          hint={text.businessAccountIdHint}
          isRequired
          inputMode="numeric"
          check={checkId(numbersText, "phoneNumberId")}
          defaultValue={draft.businessAccountId}
        />
        <SecretField
          name="accessToken"
          label={numbersText.accessToken}
          hint={text.accessTokenHint}
          isRequired
          check={checkToken(numbersText)}
        />
        <SecretField name="appSecret" label={numbersText.appSecret} hint={text.appSecretHint} check={checkSecret(numbersText)} />
        <TextField name="verifyToken" label={text.verifyToken} hint={text.verifyTokenHint} check={checkVerifyToken} />
      </Form>
    </div>
  );
}

interface GuideProps {
  title: string;
  steps: readonly string[];
  href: string;
  label: string;
}

function Guide({ title, steps, href, label }: GuideProps) {
  return (
    <Section title={title}>
      <ol className={styles.guide}>
        {steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      <ExternalLink href={href}>{label}</ExternalLink>
    </Section>
  );
}
