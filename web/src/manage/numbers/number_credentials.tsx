import { useState } from "react";
import { useCanConnect } from "../../connection/viewer.js";
import type { AccountDetailFragment } from "../../generated/numbers.js";
import { useLanguage } from "../../language/language.js";
import { formatMoment } from "../../language/times.js";
import { Button } from "../../parts/button.js";
import { Fact, Facts } from "../../parts/layout/facts.js";
import { Section } from "../../parts/layout/section.js";
import { showToast } from "../../parts/toasts.js";
import { toManageUrl } from "../../route.js";
import { ButtonLink } from "../../parts/button_link.js";
import { CopyField } from "../parts/copy_field.js";
import { IdsDialog } from "./checks/ids_dialog.js";
import { SecretDialog } from "./checks/secret_dialog.js";
import { useNumbersText } from "./texts.js";

type Change = "ids" | "accessToken" | "appSecret";

/** WhatsApp's ids and the webhook of a number, and how to replace its secrets. */
export function NumberCredentials({ account }: { account: AccountDetailFragment }) {
  const text = useNumbersText();
  const language = useLanguage();
  const canMove = useCanConnect();
  const [changing, setChanging] = useState<Change | null>(null);
  const dialog = { account, onDone: () => showToast(text.saved), onClose: () => setChanging(null) };
  return (
    <>
      <Section
        title={text.credentials}
        help={text.credentialsHelp}
        actions={
          <>
            <Button onClick={() => setChanging("accessToken")}>{text.replaceToken}</Button>
            <Button onClick={() => setChanging("appSecret")}>{text.replaceSecret}</Button>
            {canMove && <Button onClick={() => setChanging("ids")}>{text.correctIds}</Button>}
          </>
        }
      >
        <Facts>
          <Fact label={text.phoneNumberId}>{account.phoneNumberId}</Fact>
          <Fact label={text.businessAccountId}>{account.businessAccountId}</Fact>
        </Facts>
      </Section>
      <Section
        title={text.webhook}
        help={account.webhookVerifiedAt ? text.verifiedAt(formatMoment(language, account.webhookVerifiedAt)) : text.neverVerified}
        actions={<ButtonLink href={toManageUrl("numbers", account.id, "connect")}>{text.setUpWebhook}</ButtonLink>}
      >
        <CopyField label={text.webhookUrl} value={account.webhookUrl} />
      </Section>
      {changing === "ids" && <IdsDialog {...dialog} />}
      {(changing === "accessToken" || changing === "appSecret") && <SecretDialog {...dialog} field={changing} />}
    </>
  );
}
