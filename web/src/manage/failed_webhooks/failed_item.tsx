import { useMutation } from "@apollo/client/react";
import { useState } from "react";
import { DiscardItemsDocument, ReplayItemsDocument, type FailedItemFragment } from "../../generated/admin.js";
import { useLanguage, useText } from "../../language/language.js";
import { formatMoment } from "../../language/times.js";
import { Button } from "../../parts/button.js";
import { reportFailure } from "../../parts/failures.js";
import { ConfirmDialog } from "../../parts/confirm_dialog.js";
import { StatusBadge } from "../parts/status_badge.js";
import styles from "./failed_webhooks.module.css";
import { ItemContent } from "./item_content.js";
import { useFailedText } from "./texts.js";

const TONES = { PARKED: "warning", APPLIED: "good", DISCARDED: "neutral" } as const;

/** A webhook that failed: why, what to do, and its content. */
export function FailedItem({ item }: { item: FailedItemFragment }) {
  const [text, generalText] = [useFailedText(), useText()];
  const language = useLanguage();
  const [outcome, setOutcome] = useState("");
  const [isDiscarding, setDiscarding] = useState(false);
  const [replay, { loading }] = useMutation(ReplayItemsDocument);
  const [discard] = useMutation(DiscardItemsDocument);
  const { id, reason, state, field, details, createdAt, resolvedAt, account } = item;
  const variables = { ids: [id] };

  async function run() {
    setOutcome("");
    const replaying = replay({ variables });
    if (!(await reportFailure(generalText, replaying))) return;
    const [replayed] = (await replaying).data?.replayParkedItems?.parkedItems ?? [];
    setOutcome(replayed?.state === "APPLIED" ? text.replayed : text.stillFails);
  }

  const facts = [
    text.parkedAt(formatMoment(language, createdAt)),
    field && text.kind(field),
    account?.name,
    resolvedAt && text.resolvedAt[state](formatMoment(language, resolvedAt)),
  ];
  return (
    <li className={styles.item}>
      <div className={styles.head}>
        <h2>{text.reasons[reason]}</h2>
        <StatusBadge tone={TONES[state]}>{text.states[state]}</StatusBadge>
      </div>
      <p className={styles.facts}>
        <bdi>{facts.filter(Boolean).join(" · ")}</bdi>
      </p>
      {details && (
        <p className={styles.details}>
          <bdi>{details}</bdi>
        </p>
      )}
      {state === "PARKED" && (
        <div className={styles.actions}>
          <p>{text.advice[reason]}</p>
          <Button onClick={() => setDiscarding(true)}>{text.discard}</Button>
          <Button disabled={loading} onClick={() => void run()}>
            {text.replay}
          </Button>
        </div>
      )}
      <p role="status" className={styles.outcome}>
        {outcome}
      </p>
      <ItemContent id={id} />
      {isDiscarding && (
        <ConfirmDialog
          title={text.discardTitle}
          action={text.discard}
          isDangerous
          onConfirm={() => discard({ variables })}
          onClose={() => setDiscarding(false)}
        >
          <p>{text.discardHelp}</p>
        </ConfirmDialog>
      )}
    </li>
  );
}
