import { CircleCheck, TriangleAlert } from "lucide-react";
import type { AccountDetailFragment } from "../../generated/numbers.js";
import { Button } from "../../parts/button.js";
import { Section } from "../../parts/layout/section.js";
import { INBOX_URL, toManageUrl } from "../../route.js";
import { CheckList } from "../numbers/checks/check_list.js";
import { useNumbersText } from "../numbers/texts.js";
import { useCheck } from "../numbers/checks/use_check.js";
import { ButtonLink } from "../../parts/button_link.js";
import { useConnectText } from "./texts.js";
import styles from "./check_step.module.css";

/** Checks the number, and says what to do about each check that failed. */
export function CheckStep({ account }: { account: AccountDetailFragment }) {
  const [text, numbersText] = [useConnectText(), useNumbersText()];
  const { isRunning, run } = useCheck(account.id, true);
  return (
    <>
      <Section
        title={numbersText.checks}
        actions={
          <Button disabled={isRunning} onClick={() => void run()}>
            {isRunning ? numbersText.checking : numbersText.checkNow}
          </Button>
        }
      >
        <CheckList account={account} isRunning={isRunning} onFixed={() => void run()} />
      </Section>
      <div role="status">{!isRunning && account.lastCheck && <Outcome checks={account.lastCheck.checks} />}</div>
      <div className={styles.actions}>
        <ButtonLink href={toManageUrl("numbers", account.id, "connect")}>{text.back}</ButtonLink>
        <ButtonLink href={toManageUrl("numbers", account.id)}>{text.openNumber}</ButtonLink>
        <ButtonLink href={INBOX_URL} isPrimary>
          {text.openInbox}
        </ButtonLink>
      </div>
    </>
  );
}

function Outcome({ checks }: { checks: readonly { ok: boolean }[] }) {
  const text = useConnectText();
  const isReady = checks.every(({ ok }) => ok);
  const Icon = isReady ? CircleCheck : TriangleAlert;
  return (
    <div className={styles.outcome} data-ready={isReady || undefined}>
      <Icon size={20} aria-hidden />
      <div>
        <strong>{isReady ? text.ready : text.notReady}</strong>
        <p>{isReady ? text.readyHelp : text.notReadyHelp}</p>
      </div>
    </div>
  );
}
