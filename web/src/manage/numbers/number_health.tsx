import type { AccountDetailFragment } from "../../generated/numbers.js";
import { useLanguage, useText } from "../../language/language.js";
import { formatMoment } from "../../language/times.js";
import { Fact, Facts } from "../../parts/layout/facts.js";
import { Section } from "../../parts/layout/section.js";
import { explainCode } from "../../parts/refusals/whatsapp_reasons.js";
import { TechnicalDetails } from "../parts/technical_details.js";
import { useManageText } from "../texts.js";
import { AccountStatus } from "./account_status.js";
import styles from "./number_health.module.css";
import { useNameReported } from "../parts/reported.js";
import { useNumbersText } from "./texts.js";

/** WhatsApp's ratings and limits of a number. */
export function NumberHealth({ account }: { account: AccountDetailFragment }) {
  const [text, manageText] = [useNumbersText(), useManageText()];
  const nameReported = useNameReported();
  const language = useLanguage();
  const why = explainCode(useText(), account.health.whatsappCode ?? 0);
  const { enabled, health, lastEventAt, verifiedName } = account;
  return (
    <Section title={text.health} actions={<AccountStatus account={account} />}>
      {!enabled && <p className={styles.notice}>{text.disabledHelp}</p>}
      {health.state === "STOPPED" && (
        <div className={styles.notice} data-stopped>
          <p>{text.stoppedHelp}</p>
          {why && <p>{why}</p>}
          {health.reason && <TechnicalDetails>{health.reason}</TechnicalDetails>}
        </div>
      )}
      <Facts>
        <Fact label={text.quality}>{nameReported(manageText.qualities, health.qualityRating, health.qualityRatingName)}</Fact>
        <Fact label={text.throughput}>{nameReported(text.throughputs, health.throughput, health.throughputName)}</Fact>
        <Fact label={text.limit}>{nameReported(text.limits, health.messagingLimit, health.messagingLimitName)}</Fact>
        <Fact label={text.verifiedName}>
          <bdi>{verifiedName ?? manageText.unknown}</bdi>
        </Fact>
        <Fact label={text.connectedSince}>{formatMoment(language, account.createdAt)}</Fact>
        <Fact label={text.lastEvent}>{lastEventAt ? formatMoment(language, lastEventAt) : text.never}</Fact>
      </Facts>
    </Section>
  );
}
