import { KeyRound } from "lucide-react";
import { useState } from "react";
import { useViewer } from "../../connection/viewer.js";
import { ManagedKeysDocument, type ManagedKeyFragment } from "../../generated/admin.js";
import { useLanguage } from "../../language/language.js";
import { formatDate, formatMoment } from "../../language/times.js";
import { Button } from "../../parts/button.js";
import { EmptyState } from "../../parts/empty_state.js";
import { toManageUrl } from "../../route.js";
import { AccountNames } from "../access/account_names.js";
import { useAccessText } from "../access/texts.js";
import { DataTable, type Column } from "../parts/data_table.js";
import { StatusBadge } from "../parts/status_badge.js";
import { useList, type List } from "../parts/use_list.js";
import styles from "./key_table.module.css";
import { RevokeDialog } from "./revoke_dialog.js";
import { useKeysText } from "./texts.js";

/** The keys of an agent, or all if it is null. */
export const useKeys = (agentId: string | null): List<ManagedKeyFragment> =>
  useList(ManagedKeysDocument, { agentId }, ({ apiKeys }) => apiKeys);

interface KeyTableProps {
  list: List<ManagedKeyFragment>;
  /** True on the page of an agent, whose name is not repeated. */
  isOfAgent?: boolean;
}

export function KeyTable({ list, isOfAgent = false }: KeyTableProps) {
  const [text, accessText] = [useKeysText(), useAccessText()];
  const language = useLanguage();
  const [revoked, setRevoked] = useState<ManagedKeyFragment | null>(null);
  const columns: Column<ManagedKeyFragment>[] = [
    { label: text.name, isMain: true, draw: (key) => <KeyName apiKey={key} /> },
    ...(isOfAgent ? [] : [{ label: text.usedBy, draw: drawUser }]),
    { label: accessText.role, draw: ({ role }) => accessText.roles[role] },
    { label: accessText.numbers, draw: (key) => <AccountNames access={key} /> },
    { label: text.lastUse, draw: ({ lastUsedAt }) => (lastUsedAt ? formatMoment(language, lastUsedAt) : text.never) },
    { label: text.state, draw: (key) => <KeyState apiKey={key} /> },
    { label: text.actions, draw: drawActions },
  ];
  const empty = (
    <EmptyState icon={KeyRound} title={text.none}>
      <p>{text.noneHelp}</p>
    </EmptyState>
  );
  return (
    <>
      <DataTable label={text.title} columns={columns} list={list} empty={empty} />
      {revoked && <RevokeDialog apiKey={revoked} onClose={() => setRevoked(null)} />}
    </>
  );

  function drawUser({ agent }: ManagedKeyFragment) {
    if (!agent) return text.server;
    return (
      <a href={toManageUrl("agents", agent.id)}>
        <bdi>{agent.name}</bdi>
      </a>
    );
  }

  function drawActions(key: ManagedKeyFragment) {
    if (key.revokedAt) return null;
    return (
      <Button aria-label={text.revokeKey(key.name)} onClick={() => setRevoked(key)}>
        {text.revoke}
      </Button>
    );
  }
}

function KeyName({ apiKey }: { apiKey: ManagedKeyFragment }) {
  const text = useKeysText();
  const language = useLanguage();
  const isOwn = useViewer().id === apiKey.id;
  const day = formatDate(language, apiKey.createdAt);
  return (
    <div className={styles.name}>
      <span>
        <bdi>{apiKey.name}</bdi>
        {isOwn && <span className={styles.own}>{text.own}</span>}
      </span>
      <code dir="ltr">wag_{apiKey.prefix}_…</code>
      <small>{apiKey.createdBy ? text.createdBy(day, apiKey.createdBy) : text.created(day)}</small>
    </div>
  );
}

function KeyState({ apiKey: { revokedAt, expiresAt, agent } }: { apiKey: ManagedKeyFragment }) {
  const text = useKeysText();
  const language = useLanguage();
  if (revokedAt) return <StatusBadge tone="neutral">{text.revoked(formatDate(language, revokedAt))}</StatusBadge>;
  if (expiresAt && Date.parse(expiresAt) <= Date.now()) {
    return <StatusBadge tone="neutral">{text.expired(formatDate(language, expiresAt))}</StatusBadge>;
  }
  if (agent?.retiredAt) return <StatusBadge tone="warning">{text.retired}</StatusBadge>;
  return <StatusBadge tone="good">{expiresAt ? text.validUntil(formatMoment(language, expiresAt)) : text.valid}</StatusBadge>;
}
