import { useState } from "react";
import type { LogEntryFragment } from "../../generated/admin.js";
import { useLanguage } from "../../language/language.js";
import { formatMoment } from "../../language/times.js";
import { Button } from "../../parts/button.js";
import { Fact, Facts } from "../../parts/layout/facts.js";
import { StatusBadge } from "../parts/status_badge.js";
import styles from "./audit.module.css";
import { nameMainTarget, useTargetNames, type NameTarget } from "./target_names.js";
import { Targets } from "./targets.js";
import { useAuditText } from "./texts.js";

const TONES = { STARTED: "warning", DONE: "good", REFUSED: "warning", FAILED: "bad" } as const;

interface AuditEntriesProps {
  entries: readonly LogEntryFragment[];
  onFilter(name: string): void;
}

/** Some entries of the log, the names of whose objects are loaded together. */
export function AuditEntries({ entries, onFilter }: AuditEntriesProps) {
  const nameTarget = useTargetNames(entries);
  return entries.map((entry) => <AuditEntry key={entry.id} entry={entry} nameTarget={nameTarget} onFilter={onFilter} />);
}

interface AuditEntryProps {
  entry: LogEntryFragment;
  nameTarget: NameTarget;
  /** Shows only the actions of this agent or key. */
  onFilter(name: string): void;
}

/** An action in a sentence, with its details when it is opened. */
function AuditEntry({ entry, nameTarget, onFilter }: AuditEntryProps) {
  const text = useAuditText();
  const language = useLanguage();
  const [isOpen, setOpen] = useState(false);
  const { action, actor, outcome, createdAt, targets } = entry;
  const name = actor.agent?.name ?? actor.name;
  return (
    <li>
      <details className={styles.entry} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>
          <span className={styles.sentence}>
            <strong>
              <bdi>{name}</bdi>
            </strong>{" "}
            {text.actions[action]} <bdi className={styles.target}>{nameMainTarget(targets, nameTarget)}</bdi>
          </span>
          {outcome !== "DONE" && <StatusBadge tone={TONES[outcome]}>{text.outcomes[outcome]}</StatusBadge>}
          <time dateTime={createdAt}>{formatMoment(language, createdAt)}</time>
        </summary>
        {isOpen && (
          <div className={styles.details}>
            <Details entry={entry} nameTarget={nameTarget} />
            <Button onClick={() => onFilter(name)}>{text.onlyTheirs(name)}</Button>
          </div>
        )}
      </details>
    </li>
  );
}

function Details({ entry, nameTarget }: Omit<AuditEntryProps, "onFilter">) {
  const text = useAuditText();
  const { actor, outcome, refusal, targets, fields, accounts, requestId } = entry;
  return (
    <>
      {text.outcomeHelp[outcome] && <p>{text.outcomeHelp[outcome]}</p>}
      <Facts>
        {targets.length > 0 && (
          <Fact label={text.objects}>
            <Targets targets={targets} nameTarget={nameTarget} />
          </Fact>
        )}
        <Fact label={text.credential}>
          <bdi>{text.credentials[actor.kind](actor.name)}</bdi>
        </Fact>
        {accounts.length > 0 && (
          <Fact label={text.number}>
            <bdi>{accounts.map(({ name }) => name).join(", ")}</bdi>
          </Fact>
        )}
        {fields.length > 0 && (
          <Fact label={text.fields}>
            <code dir="ltr">{fields.join(", ")}</code>
          </Fact>
        )}
        {refusal && (
          <Fact label={text.refusal}>
            <code dir="ltr">{refusal}</code>
          </Fact>
        )}
        {requestId && (
          <Fact label={text.requestId}>
            <code dir="ltr">{requestId}</code>
          </Fact>
        )}
      </Facts>
    </>
  );
}
