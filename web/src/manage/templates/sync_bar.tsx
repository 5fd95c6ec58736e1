import { useMutation, useQuery } from "@apollo/client/react";
import { SyncTemplatesDocument, TemplateSyncDocument } from "../../generated/numbers.js";
import { useLanguage, useText } from "../../language/language.js";
import { formatMoment } from "../../language/times.js";
import { Button } from "../../parts/button.js";
import { reportFailure } from "../../parts/failures.js";
import { showToast } from "../../parts/toasts.js";
import { ExternalLink } from "../parts/external_link.js";
import { TechnicalDetails } from "../parts/technical_details.js";
import styles from "./sync_bar.module.css";
import { useTemplatesText } from "./texts.js";

const MANAGER_URL = "https://business.facebook.com/wa/manage/message-templates/";

interface SyncBarProps {
  accountId: string;
  onDone(): void;
}

/** Says when the templates were read from WhatsApp, and reads them now. */
export function SyncBar({ accountId, onDone }: SyncBarProps) {
  const [text, ownText] = [useText(), useTemplatesText()];
  const language = useLanguage();
  const { data } = useQuery(TemplateSyncDocument, { variables: { accountId }, fetchPolicy: "cache-and-network" });
  const [sync, { loading }] = useMutation(SyncTemplatesDocument);
  const state = data?.account?.templateSync;
  async function run() {
    const syncing = sync({ variables: { accountId } });
    if (!(await reportFailure(text, syncing))) return;
    const { created, updated, removed } = (await syncing).data!.syncTemplates!;
    showToast(ownText.synced(created, updated, removed));
    onDone();
  }
  return (
    <div className={styles.bar}>
      <p>
        {state && (state.syncedAt ? ownText.syncedAt(formatMoment(language, state.syncedAt)) : ownText.notSynced)}
        {state?.error && <strong> {ownText.syncFailed}</strong>}
      </p>
      {state?.error && <TechnicalDetails>{state.error}</TechnicalDetails>}
      <Button disabled={loading} onClick={() => void run()}>
        {loading ? ownText.syncing : ownText.sync}
      </Button>
      <ExternalLink href={MANAGER_URL}>{ownText.manager}</ExternalLink>
    </div>
  );
}
