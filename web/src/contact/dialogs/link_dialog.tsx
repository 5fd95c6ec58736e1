import { useMutation, useQuery } from "@apollo/client/react";
import { UserRoundPlus, UserRoundSearch } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { LinkContactDocument, PeopleDocument, type ContactDetailsFragment } from "../../generated/graphql.js";
import { useText } from "../../language/language.js";
import { Button } from "../../parts/button.js";
import { Problem } from "../../parts/confirm_dialog.js";
import { Dialog } from "../../parts/dialog.js";
import { EmptyState } from "../../parts/empty_state.js";
import { describeFailure } from "../../parts/failures.js";
import { useContactText } from "../texts.js";
import { ChoiceList, ChoiceSearch } from "./choice_list.js";
import { PersonDialog } from "./person_dialog.js";
import styles from "./link_dialog.module.css";

interface LinkDialogProps {
  contact: ContactDetailsFragment;
  onClose(): void;
}

/** Links the contact to a person who is searched or created. */
export function LinkDialog({ contact, onClose }: LinkDialogProps) {
  const text = useText();
  const words = useContactText();
  const [search, setSearch] = useState("");
  const [isCreating, setCreating] = useState(false);
  const [problem, setProblem] = useState<string>();
  const wanted = useDeferredValue(search.trim()) || null;
  const { data, previousData } = useQuery(PeopleDocument, {
    variables: { search: wanted },
    fetchPolicy: "cache-and-network",
  });
  const [link] = useMutation(LinkContactDocument);
  if (isCreating) return <PersonDialog contact={contact} name={search.trim()} onClose={onClose} />;
  const people = (data ?? previousData)?.users?.nodes;
  const items = people?.map(({ id, name, phone, email, externalId }) => ({
    id,
    name: name ?? words.unnamedPerson,
    detail: [phone, email, externalId].filter(Boolean).join(" · "),
  }));
  async function choose(userId: string) {
    const failure = await describeFailure(text, link({ variables: { contactId: contact.id, userId } }));
    setProblem(failure);
    if (!failure) onClose();
  }
  return (
    <Dialog title={words.linkPerson} onClose={onClose}>
      <ChoiceSearch label={words.searchPeople} value={search} onChange={setSearch} />
      {problem && <Problem>{problem}</Problem>}
      {items?.length === 0 && <EmptyState icon={UserRoundSearch} title={words.noPeople} />}
      <ChoiceList items={items ?? []} onChoose={({ id }) => void choose(id)} />
      <footer className={styles.footer}>
        <Button onClick={() => setCreating(true)}>
          <UserRoundPlus size={16} aria-hidden />
          {words.createPerson}
        </Button>
      </footer>
    </Dialog>
  );
}
