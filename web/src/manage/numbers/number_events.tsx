import { AccountEventsDocument, type AccountEventsQuery } from "../../generated/numbers.js";
import { useLanguage } from "../../language/language.js";
import { formatMoment } from "../../language/times.js";
import { Section } from "../../parts/layout/section.js";
import { DataTable, type Column } from "../parts/data_table.js";
import { useList } from "../parts/use_list.js";
import styles from "./number_events.module.css";
import { useNumbersText } from "./texts.js";

type AccountEvent = NonNullable<AccountEventsQuery["account"]>["events"]["nodes"][number];

/** WhatsApp's reports about a number, except messages. */
export function NumberEvents({ accountId }: { accountId: string }) {
  const text = useNumbersText();
  const language = useLanguage();
  const list = useList(AccountEventsDocument, { accountId }, ({ account }) => account?.events);
  const columns: Column<AccountEvent>[] = [
    { label: text.event, isMain: true, draw: ({ summary }) => <span className={styles.summary}>{summary}</span> },
    { label: text.time, draw: ({ at }) => formatMoment(language, at) },
  ];
  return (
    <Section title={text.events}>
      <DataTable label={text.events} columns={columns} list={list} empty={<p className={styles.none}>{text.noEvents}</p>} />
    </Section>
  );
}
