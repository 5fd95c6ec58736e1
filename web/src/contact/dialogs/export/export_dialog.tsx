import { useMutation, useQuery } from "@apollo/client/react";
import { useEffect, useState } from "react";
import { ExportContactDocument, NewestExportDocument, type ExportFragment } from "../../../generated/exports.js";
import type { ContactDetailsFragment } from "../../../generated/graphql.js";
import { useLanguage, useText } from "../../../language/language.js";
import { formatSize } from "../../../language/sizes.js";
import { formatMoment } from "../../../language/times.js";
import { Button } from "../../../parts/button.js";
import { ButtonLink } from "../../../parts/button_link.js";
import { Problem } from "../../../parts/confirm_dialog.js";
import { Dialog } from "../../../parts/dialog.js";
import { describeFailure } from "../../../parts/failures.js";
import { nameContact } from "../../names.js";
import { useExportText } from "./texts.js";
import styles from "./export_dialog.module.css";

const RUNNING_MILLISECONDS = 1_500;
/** Links to files are signed for a limited time. */
const LINK_MILLISECONDS = 240_000;

interface ExportDialogProps {
  contact: ContactDetailsFragment;
  onClose(): void;
}

/** Exports the contact, shows the progress, and then the link to the file. */
export function ExportDialog({ contact, onClose }: ExportDialogProps) {
  const [text, words] = [useText(), useExportText()];
  const [problem, setProblem] = useState<string>();
  const { newest, refetch } = useNewestExport(contact.id);
  const [request, { loading }] = useMutation(ExportContactDocument, { variables: { contactId: contact.id } });
  const isUnfinished = newest?.state === "QUEUED" || newest?.state === "RUNNING";
  async function start() {
    setProblem(await describeFailure(text, request()));
    await refetch();
  }
  return (
    <Dialog title={words.title(nameContact(text, contact))} isThrowaway onClose={onClose}>
      <div className={styles.content}>
        <p>{words.help}</p>
        {newest && <State newest={newest} />}
        {problem && <Problem>{problem}</Problem>}
        <footer>
          <Button onClick={onClose}>{text.close}</Button>
          {!isUnfinished && (
            <Button isPrimary={!newest?.url} disabled={loading} onClick={() => void start()}>
              {newest?.url ? words.startAgain : words.start}
            </Button>
          )}
          {newest?.url && (
            <ButtonLink isPrimary href={newest.url}>
              {words.download}
            </ButtonLink>
          )}
        </footer>
      </div>
    </Dialog>
  );
}

function useNewestExport(contactId: string) {
  const { data, refetch, startPolling, stopPolling } = useQuery(NewestExportDocument, {
    variables: { contactId },
    fetchPolicy: "network-only",
  });
  const newest = data?.contactExports?.nodes[0];
  const state = newest?.state;
  useEffect(() => {
    if (state === "QUEUED" || state === "RUNNING") startPolling(RUNNING_MILLISECONDS);
    else if (state === "READY") startPolling(LINK_MILLISECONDS);
    return stopPolling;
  }, [state, startPolling, stopPolling]);
  return { newest, refetch };
}

function State({ newest }: { newest: ExportFragment }) {
  const words = useExportText();
  const language = useLanguage();
  const count = (number: number) => new Intl.NumberFormat(language).format(number);
  const { state, progress, sizeBytes, expiresAt } = newest;
  if (state === "FAILED") return <Problem>{words.failed}</Problem>;
  if (state === "READY" && sizeBytes !== null && expiresAt !== null) {
    return <p role="status">{words.ready(formatSize(language, sizeBytes), formatMoment(language, expiresAt))}</p>;
  }
  if (state !== "QUEUED" && state !== "RUNNING") return null;
  return (
    <div role="status">
      <p>{state === "QUEUED" ? words.queued : words.running}</p>
      <progress aria-label={words.progress} value={progress.total ? progress.done : undefined} max={progress.total ?? 1} />
      {progress.total !== null && <p>{words.progressOf(count(progress.done), count(progress.total))}</p>}
    </div>
  );
}
