import { ScrollText } from "lucide-react";
import { useState } from "react";
import { useViewer } from "../../connection/viewer.js";
import { AuditLogDocument, type AuditAction } from "../../generated/admin.js";
import { EmptyState } from "../../parts/empty_state.js";
import { useAgentOptions } from "../keys/use_agent_options.js";
import { DateFilter, Filters, SelectFilter, SuggestFilter } from "../parts/filters.js";
import { MoreButton } from "../parts/more_button.js";
import { PageFrame } from "../parts/page_frame.js";
import { useList } from "../parts/use_list.js";
import { AuditEntries } from "./audit_entry.js";
import styles from "./audit.module.css";
import { useAuditText } from "./texts.js";

const ALL = "ALL";

interface Filter {
  /** Name of an agent or key. */
  who: string;
  action: AuditAction | typeof ALL;
  accountId: string;
  /** Local days, such as "2026-05-31". */
  from: string;
  to: string;
}

/** The audit log: actions with their actor and time. */
export function AuditPage() {
  const text = useAuditText();
  const accounts = useViewer().accounts.nodes;
  const agents = useAgentOptions();
  const [filter, setFilter] = useState<Filter>({ who: "", action: ALL, accountId: ALL, from: "", to: "" });
  const change = (part: Partial<Filter>) => setFilter((old) => ({ ...old, ...part }));
  const { who, action, accountId, from, to } = filter;
  const variables = {
    // The log knows the names of keys; an agent has its own name.
    actor: agents.find(({ name }) => name === who)?.id ?? (who || null),
    action: action === ALL ? null : action,
    accountId: accountId === ALL ? null : accountId,
    since: from ? startOfDay(from) : null,
    until: to ? startOfDay(to, 1) : null,
  };
  const list = useList(AuditLogDocument, variables, ({ auditLog }) => auditLog);
  const actions = (Object.entries(text.actions) as [AuditAction, string][]).map(([value, label]) => ({ value, label }));
  return (
    <PageFrame title={text.title} help={text.help}>
      <Filters>
        <SuggestFilter
          label={text.who}
          placeholder={text.whoHint}
          value={who}
          options={agents.map(({ name }) => name)}
          onChange={(value) => change({ who: value })}
        />
        <SelectFilter
          label={text.what}
          value={action}
          options={[{ value: ALL, label: text.everything }, ...actions]}
          onChange={(value) => change({ action: value })}
        />
        {accounts.length > 1 && (
          <SelectFilter
            label={text.number}
            value={accountId}
            options={[{ value: ALL, label: text.allNumbers }, ...accounts.map(({ id, name }) => ({ value: id, label: name }))]}
            onChange={(value) => change({ accountId: value })}
          />
        )}
        <DateFilter label={text.from} value={from} onChange={(value) => change({ from: value })} />
        <DateFilter label={text.to} value={to} onChange={(value) => change({ to: value })} />
      </Filters>
      {list.items?.length === 0 ? (
        <EmptyState icon={ScrollText} title={text.none}>
          <p>{text.noneHelp}</p>
        </EmptyState>
      ) : (
        <ul className={styles.list} aria-label={text.title} aria-busy={!list.items}>
          {listChunks(list.items ?? []).map((entries, index) => (
            // By its place: open entries stay open when newer ones come.
            <AuditEntries key={index} entries={entries} onFilter={(name) => change({ who: name })} />
          ))}
        </ul>
      )}
      <MoreButton list={list} />
    </PageFrame>
  );
}

const CHUNK = 25;

/** Splits a list, so that each part keeps its entries when further ones are loaded. */
const listChunks = <Item,>(items: readonly Item[]): Item[][] =>
  Array.from({ length: Math.ceil(items.length / CHUNK) }, (_, index) => items.slice(index * CHUNK, (index + 1) * CHUNK));

/** The time at which a local day begins, or one that is some days later; null while its year has too many digits. */
function startOfDay(day: string, later = 0): string | null {
  const start = new Date(`${day}T00:00:00`);
  start.setDate(start.getDate() + later);
  return Number.isNaN(start.getTime()) ? null : start.toISOString();
}
