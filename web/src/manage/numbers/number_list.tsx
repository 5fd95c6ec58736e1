import { Plus, Smartphone } from "lucide-react";
import { useCanConnect } from "../../connection/viewer.js";
import { AccountsDocument, type AccountItemFragment } from "../../generated/numbers.js";
import { useLanguage } from "../../language/language.js";
import { formatMoment } from "../../language/times.js";
import { EmptyState } from "../../parts/empty_state.js";
import { toManageUrl } from "../../route.js";
import { ButtonLink } from "../../parts/button_link.js";
import { DataTable, type Column } from "../parts/data_table.js";
import { PageFrame } from "../parts/page_frame.js";
import { useList } from "../parts/use_list.js";
import { useManageText } from "../texts.js";
import { AccountStatus } from "./account_status.js";
import { useNameReported } from "../parts/reported.js";
import { useNumbersText } from "./texts.js";
import styles from "./number_list.module.css";

/** The connected numbers with their health. */
export function NumberList() {
  const [text, manageText] = [useNumbersText(), useManageText()];
  const nameReported = useNameReported();
  const language = useLanguage();
  const list = useList(AccountsDocument, {}, ({ accounts }) => accounts);
  const columns: Column<AccountItemFragment>[] = [
    { label: text.number, isMain: true, draw: (account) => <AccountName account={account} /> },
    { label: text.status, draw: (account) => <AccountStatus account={account} /> },
    {
      label: text.quality,
      draw: ({ health }) => nameReported(manageText.qualities, health.qualityRating, health.qualityRatingName),
    },
    {
      label: text.limit,
      draw: ({ health }) => nameReported(text.limits, health.messagingLimit, health.messagingLimitName),
    },
    { label: text.lastCheck, draw: ({ lastCheck }) => (lastCheck ? formatMoment(language, lastCheck.at) : text.notYet) },
  ];
  const empty = (
    <EmptyState icon={Smartphone} title={text.none}>
      <p>{text.noneHelp}</p>
      <ConnectLink />
    </EmptyState>
  );
  return (
    <PageFrame title={text.title} help={text.help} actions={list.items?.length !== 0 && <ConnectLink />}>
      <DataTable label={text.title} columns={columns} list={list} empty={empty} />
    </PageFrame>
  );
}

function ConnectLink() {
  const text = useNumbersText();
  if (!useCanConnect()) return null;
  return (
    <ButtonLink href={toManageUrl("numbers", "new")} isPrimary>
      <Plus size={16} aria-hidden />
      {text.connect}
    </ButtonLink>
  );
}

const AccountName = ({ account }: { account: AccountItemFragment }) => (
  <a className={styles.name} href={toManageUrl("numbers", account.id)}>
    <bdi>{account.name}</bdi>
    <bdi className={styles.phone}>{account.displayPhoneNumber}</bdi>
  </a>
);
