import { useQuery } from "@apollo/client/react";
import { useRetry } from "@wagraph/client/react";
import { useState } from "react";
import { AccountDocument, type AccountDetailFragment } from "../../generated/numbers.js";
import { toManageUrl } from "../../route.js";
import { NotFound } from "../numbers/not_found.js";
import { useNumbersText } from "../numbers/texts.js";
import { PageFrame } from "../parts/page_frame.js";
import { CheckStep } from "./check_step.js";
import { CredentialsStep } from "./credentials_step.js";
import { Stepper } from "./stepper.js";
import { useConnectText } from "./texts.js";
import { WebhookStep } from "./webhook_step.js";

/** The verify token of a number; it can't be read again. */
export interface FreshToken {
  accountId: string;
  token: string;
}

interface ConnectPageProps {
  /** Null until the number is created. */
  accountId: string | null;
  step: string | undefined;
}

/** Leads through connecting a number. The URL has the step, so that it can be left and resumed. */
export function ConnectPage({ accountId, step }: ConnectPageProps) {
  const [text, numbersText] = [useConnectText(), useNumbersText()];
  const [freshToken, setFreshToken] = useState<FreshToken | null>(null);
  const { data, error, refetch } = useQuery(AccountDocument, { variables: { accountId: accountId! }, skip: !accountId });
  useRetry(error, refetch);
  if (accountId && data?.account === null) return <NotFound />;
  const account = data?.account;
  const current = !accountId ? 0 : step === "check" ? 2 : 1;
  return (
    <PageFrame
      // Each step begins at its title.
      key={current}
      title={text.title}
      help={[text.help, text.webhookHelp, text.checkHelp][current]}
      back={{ href: toManageUrl("numbers"), label: numbersText.title }}
    >
      <Stepper current={current} />
      {accountId ? account && drawStep(account) : <CredentialsStep onDone={open} />}
    </PageFrame>
  );

  function open(created: AccountDetailFragment, token: string | null) {
    if (token) setFreshToken({ accountId: created.id, token });
    location.hash = toManageUrl("numbers", created.id, "connect");
  }

  function drawStep(shown: AccountDetailFragment) {
    if (step === "check") return <CheckStep account={shown} />;
    const token = freshToken?.accountId === shown.id ? freshToken.token : null;
    return <WebhookStep account={shown} token={token} onToken={(made) => setFreshToken({ accountId: shown.id, token: made })} />;
  }
}
