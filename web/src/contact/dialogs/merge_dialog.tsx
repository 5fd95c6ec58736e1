import { useMutation, useQuery } from "@apollo/client/react";
import { Merge } from "lucide-react";
import { useDeferredValue, useState } from "react";
import {
  MergeCandidatesDocument,
  MergeContactsDocument,
  type ContactDetailsFragment,
  type ContactSummaryFragment,
} from "../../generated/graphql.js";
import type { Catalogue } from "../../language/en.js";
import { useLanguage, useText } from "../../language/language.js";
import { formatMoment } from "../../language/times.js";
import { ConfirmDialog } from "../../parts/confirm_dialog.js";
import { Dialog } from "../../parts/dialog.js";
import { EmptyState } from "../../parts/empty_state.js";
import { showToast } from "../../parts/toasts.js";
import { openConversation } from "../../route.js";
import { identifyContact, nameContact } from "../names.js";
import { useContactText } from "../texts.js";
import { ChoiceLine, ChoiceList, ChoiceSearch } from "./choice_list.js";
import styles from "./merge_dialog.module.css";

interface MergeDialogProps {
  contact: ContactDetailsFragment;
  accountId: string;
  /** A contact that is probably the same person; without it the user chooses. */
  suggested?: ContactSummaryFragment;
  onClose(): void;
}

/** Merges the contact and another one; the user chooses which one is kept. */
export function MergeDialog({ contact, accountId, suggested, onClose }: MergeDialogProps) {
  const words = useContactText();
  const [other, setOther] = useState(suggested);
  if (other) return <MergeConfirmation contact={contact} other={other} onClose={onClose} />;
  return (
    <Dialog title={words.mergeTitle} onClose={onClose}>
      <Candidates contactId={contact.id} accountId={accountId} onChoose={setOther} />
    </Dialog>
  );
}

interface CandidatesProps {
  contactId: string;
  accountId: string;
  onChoose(contact: ContactSummaryFragment): void;
}

function Candidates({ contactId, accountId, onChoose }: CandidatesProps) {
  const text = useText();
  const words = useContactText();
  const describe = useDescription();
  const [search, setSearch] = useState("");
  const wanted = useDeferredValue(search.trim()) || null;
  const { data, previousData } = useQuery(MergeCandidatesDocument, { variables: { accountId, search: wanted } });
  const found = (data ?? previousData)?.contacts?.nodes.filter(({ id }) => id !== contactId);
  const items = found?.map((node) => ({ id: node.id, name: nameContact(text, node), detail: describe(node), node })) ?? [];
  return (
    <>
      <ChoiceSearch label={words.mergeSearch} value={search} onChange={setSearch} />
      {found?.length === 0 && <EmptyState icon={Merge} title={words.mergeNone} />}
      <ChoiceList items={items} onChoose={({ node }) => onChoose(node)} />
    </>
  );
}

interface MergeConfirmationProps {
  contact: ContactDetailsFragment;
  other: ContactSummaryFragment;
  onClose(): void;
}

function MergeConfirmation({ contact, other, onClose }: MergeConfirmationProps) {
  const text = useText();
  const words = useContactText();
  const describe = useDescription();
  const [pair] = useState([contact, other] as const);
  const [keptId, setKeptId] = useState(contact.id);
  const [merge] = useMutation(MergeContactsDocument);
  const [kept, gone] = keptId === pair[0].id ? pair : [pair[1], pair[0]];
  const names = tellApart(text, gone, kept);
  return (
    <ConfirmDialog
      title={words.mergeTitle}
      action={words.merge}
      isDangerous
      onConfirm={async () => {
        const result = await merge({ variables: { contactId: gone.id, intoContactId: kept.id } });
        const conversation = result.data?.mergeContacts?.contact?.conversation;
        // The conversation of the other contact is no longer there.
        if (conversation && kept.id !== contact.id) openConversation(conversation.id);
        return result;
      }}
      onDone={() => showToast(words.merged(names.kept))}
      onClose={onClose}
    >
      <fieldset className={styles.pair}>
        <legend>{words.mergeKeep}</legend>
        {pair.map((each) => (
          <label key={each.id}>
            <input type="radio" name="kept" checked={each.id === keptId} onChange={() => setKeptId(each.id)} />
            <ChoiceLine id={each.id} name={nameContact(text, each)} detail={describe(each)} />
          </label>
        ))}
      </fieldset>
      <p className={styles.effect}>{words.mergeEffect(names.gone, names.kept)}</p>
    </ConfirmDialog>
  );
}

type Identified = Pick<
  ContactSummaryFragment,
  "name" | "profileName" | "username" | "phoneNumber" | "businessScopedUserId" | "createdAt"
> & { conversation?: ContactSummaryFragment["conversation"] };

/** Two contacts of one person often have one name: their identifiers tell them apart. */
function tellApart(text: Catalogue, gone: Identified, kept: Identified): { gone: string; kept: string } {
  const names = { gone: nameContact(text, gone), kept: nameContact(text, kept) };
  if (names.gone !== names.kept) return names;
  return { gone: `${names.gone} (${identifyContact(gone)})`, kept: `${names.kept} (${identifyContact(kept)})` };
}

function useDescription(): (contact: Identified) => string {
  const words = useContactText();
  const language = useLanguage();
  return (contact) => {
    const time = contact.conversation?.lastActivityAt;
    const parts = [identifyContact(contact), time && words.lastActive(formatMoment(language, time))];
    return parts.filter(Boolean).join(" · ");
  };
}
