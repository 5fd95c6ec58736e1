import { useQuery } from "@apollo/client/react";
import { useRetry } from "@wagraph/client/react";
import { AccountDocument, type AccountDetailFragment } from "../../generated/numbers.js";
import { useLanguage } from "../../language/language.js";
import { formatMoment } from "../../language/times.js";
import { Button } from "../../parts/button.js";
import { Section } from "../../parts/layout/section.js";
import { toManageUrl } from "../../route.js";
import { PageFrame } from "../parts/page_frame.js";
import { CheckList } from "./checks/check_list.js";
import { useCheck } from "./checks/use_check.js";
import { NotFound } from "./not_found.js";
import { NumberCredentials } from "./number_credentials.js";
import { NumberEnd } from "./number_end.js";
import { NumberEvents } from "./number_events.js";
import { NumberHealth } from "./number_health.js";
import { NumberSettings } from "./number_settings.js";
import { useNumbersText } from "./texts.js";

/** A number: its health and checks, and all that can be changed. */
export function NumberPage({ accountId }: { accountId: string }) {
  const text = useNumbersText();
  const { data, error, refetch } = useQuery(AccountDocument, { variables: { accountId }, fetchPolicy: "cache-and-network" });
  useRetry(error, refetch);
  if (data?.account === null) return <NotFound />;
  const account = data?.account;
  return (
    <PageFrame
      title={account?.name ?? text.number}
      help={account?.displayPhoneNumber}
      back={{ href: toManageUrl("numbers"), label: text.title }}
    >
      {account && (
        <>
          <NumberHealth account={account} />
          <Checks account={account} />
          <NumberSettings account={account} />
          <NumberCredentials account={account} />
          <NumberEvents accountId={account.id} />
          <NumberEnd account={account} />
        </>
      )}
    </PageFrame>
  );
}

function Checks({ account }: { account: AccountDetailFragment }) {
  const text = useNumbersText();
  const language = useLanguage();
  const { isRunning, run } = useCheck(account.id);
  const { lastCheck } = account;
  return (
    <Section
      title={text.checks}
      help={lastCheck ? text.checkedAt(formatMoment(language, lastCheck.at)) : text.checksHelp}
      actions={
        <Button disabled={isRunning} onClick={() => void run()}>
          {isRunning ? text.checking : text.checkNow}
        </Button>
      }
    >
      <CheckList account={account} isRunning={isRunning} onFixed={() => void run()} />
    </Section>
  );
}
