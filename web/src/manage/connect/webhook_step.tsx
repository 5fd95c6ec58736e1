import { useMutation } from "@apollo/client/react";
import { CircleCheck, Hourglass } from "lucide-react";
import { useState } from "react";
import { UpdateAccountDocument, type AccountDetailFragment, type WebhookLevel } from "../../generated/numbers.js";
import { useLanguage, useText } from "../../language/language.js";
import { formatMoment } from "../../language/times.js";
import { useViewer } from "../../connection/viewer.js";
import { Button } from "../../parts/button.js";
import { reportFailure } from "../../parts/failures.js";
import { Section } from "../../parts/layout/section.js";
import { toManageUrl } from "../../route.js";
import { useSubscribe, useWidestLevel } from "../numbers/checks/use_subscribe.js";
import { CopyField } from "../parts/copy_field.js";
import { ButtonLink } from "../../parts/button_link.js";
import { useConnectText } from "./texts.js";
import { makeVerifyToken } from "./verify_token.js";
import styles from "./webhook_step.module.css";

const FIELDS = [
  "messages",
  "account_update",
  "phone_number_quality_update",
  "phone_number_name_update",
  "business_capability_update",
  "message_template_status_update",
  "message_template_quality_update",
  "template_category_update",
  "message_template_components_update",
  "user_preferences",
  "user_id_update",
  "smb_message_echoes",
  "calls",
];

interface WebhookStepProps {
  account: AccountDetailFragment;
  /** The verify token if it was made in this window. */
  token: string | null;
  onToken(token: string): void;
}

/** Shows the values to enter at Meta, waits for WhatsApp's verification, and directs the messages here. */
export function WebhookStep({ account, token, onToken }: WebhookStepProps) {
  const text = useConnectText();
  return (
    <>
      <Section title={text.dashboard} help={text.dashboardHelp}>
        <CopyField label={text.callbackUrl} value={account.webhookUrl} />
        {token ? <CopyField label={text.verifyToken} value={token} hint={text.tokenOnce} /> : <NewToken account={account} onToken={onToken} />}
        <Verification verifiedAt={account.webhookVerifiedAt} />
        <p className={styles.help}>{text.fieldsHelp}</p>
        <ul className={styles.fields} aria-label={text.fieldsHelp}>
          {FIELDS.map((name) => (
            <li key={name}>
              <code>{name}</code>
            </li>
          ))}
        </ul>
      </Section>
      <Section title={text.subscribe} help={text.subscribeHelp}>
        <Subscription account={account} />
      </Section>
      <div className={styles.actions}>
        <ButtonLink href={toManageUrl("numbers", account.id, "connect", "check")} isPrimary>
          {text.next}
        </ButtonLink>
      </div>
    </>
  );
}

function NewToken({ account, onToken }: Pick<WebhookStepProps, "account" | "onToken">) {
  const [text, ownText] = [useText(), useConnectText()];
  const [update, { loading }] = useMutation(UpdateAccountDocument);
  async function renew() {
    const verifyToken = makeVerifyToken();
    const updating = update({ variables: { input: { accountId: account.id, verifyToken } } });
    if (await reportFailure(text, updating)) onToken(verifyToken);
  }
  return (
    <div className={styles.token}>
      <p className={styles.help}>{ownText.tokenHidden}</p>
      <Button disabled={loading} onClick={() => void renew()}>
        {ownText.newToken}
      </Button>
    </div>
  );
}

function Verification({ verifiedAt }: { verifiedAt: string | null }) {
  const text = useConnectText();
  const language = useLanguage();
  return (
    <p className={styles.state} role="status" data-verified={verifiedAt !== null || undefined}>
      {verifiedAt ? <CircleCheck size={18} aria-hidden /> : <Hourglass size={18} aria-hidden />}
      {verifiedAt ? text.verified(formatMoment(language, verifiedAt)) : text.waiting}
    </p>
  );
}

function Subscription({ account }: { account: AccountDetailFragment }) {
  const text = useConnectText();
  const { coversAllAccounts } = useViewer();
  const [level, setLevel] = useState(useWidestLevel());
  const [subscribe, isRunning] = useSubscribe(account.id);
  return (
    <div className={styles.subscription}>
      {coversAllAccounts && (
        <label className={styles.scope}>
          {text.scope}
          <select value={level} onChange={({ target }) => setLevel(target.value as WebhookLevel)}>
            {Object.entries(text.scopes).map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        </label>
      )}
      <Button disabled={isRunning} onClick={() => void subscribe(level)}>
        {text.subscribeAction}
      </Button>
    </div>
  );
}
