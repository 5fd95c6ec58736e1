import { UsersRound } from "lucide-react";
import { Suspense, useState } from "react";
import { useCanWrite } from "../connection/viewer.js";
import type { ContactDetailsFragment, ContactSummaryFragment } from "../generated/graphql.js";
import { useText } from "../language/language.js";
import { Button } from "../parts/button.js";
import { MergeDialog } from "./lazy_dialogs.js";
import { identifyContact, nameContact } from "./names.js";
import { useContactText } from "./texts.js";
import styles from "./duplicate_notice.module.css";

interface DuplicateNoticeProps {
  contact: ContactDetailsFragment;
  accountId: string;
  duplicates: readonly ContactSummaryFragment[];
}

/** Offers to merge the contacts that WhatsApp takes for the same person. */
export function DuplicateNotice({ contact, accountId, duplicates }: DuplicateNoticeProps) {
  const text = useText();
  const words = useContactText();
  const canWrite = useCanWrite();
  const [chosen, setChosen] = useState<ContactSummaryFragment | null>(null);
  return (
    <>
      {duplicates.map((duplicate) => (
        <div key={duplicate.id} className={styles.notice}>
          <UsersRound size={16} aria-hidden />
          <bdi>{words.duplicate(nameContact(text, duplicate), identifyContact(duplicate))}</bdi>
          {canWrite && <Button onClick={() => setChosen(duplicate)}>{words.review}</Button>}
        </div>
      ))}
      {chosen && (
        <Suspense fallback={null}>
          <MergeDialog contact={contact} accountId={accountId} suggested={chosen} onClose={() => setChosen(null)} />
        </Suspense>
      )}
    </>
  );
}
