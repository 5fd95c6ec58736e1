import { useMutation } from "@apollo/client/react";
import { useRef, useState, type FormEvent } from "react";
import {
  CreatePersonDocument,
  LinkContactDocument,
  UpdatePersonDocument,
  type ContactDetailsFragment,
  type PersonFragment,
} from "../../generated/graphql.js";
import { useText } from "../../language/language.js";
import { Button } from "../../parts/button.js";
import { Problem } from "../../parts/confirm_dialog.js";
import { Dialog } from "../../parts/dialog.js";
import { TextField } from "../../parts/form/text_field.js";
import { explainError } from "../../parts/refusals/explain_error.js";
import { explainRefusal, type Refusal } from "../../parts/refusals/explain_refusal.js";
import { useContactText } from "../texts.js";
import styles from "./person_dialog.module.css";

interface PersonDialogProps {
  contact: ContactDetailsFragment;
  /** The person to change; without it one is created and linked. */
  user?: PersonFragment;
  /** Suggested name of a new person. */
  name?: string;
  onClose(): void;
}

/** Why the person could not be saved. */
type PersonRefusal = Refusal & {
  field?: readonly string[] | null;
  /** Another object that has the value already. */
  current?: unknown;
};

const FIELDS = ["name", "phone", "email", "externalId"] as const;

/** Changes a person, or creates one and links the contact to it. */
export function PersonDialog({ contact, user, name = "", onClose }: PersonDialogProps) {
  const text = useText();
  const words = useContactText();
  const { refusals, isRunning, save, link } = useSaving(contact.id, user, onClose);
  const labels = { name: words.personName, phone: words.personPhone, email: words.email, externalId: words.externalId };
  const suggested = { name: name || (contact.name ?? contact.profileName), phone: contact.phoneNumber, email: null, externalId: null };
  const values = user ?? suggested;
  const findProblem = (field: string) => {
    const found = refusals.find((refusal) => refusal.field?.at(-1) === field);
    return found && explainRefusal(text, found);
  };
  const holder = refusals.map(({ current }) => current).find(isPerson);
  const others = refusals.filter(({ field }) => !FIELDS.includes(field?.at(-1) as never));
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const entries = FIELDS.map((field) => [field, String(form.get(field)).trim() || null]);
    void save(Object.fromEntries(entries));
  }
  return (
    <Dialog title={user ? words.changePerson : words.createPerson} onClose={onClose}>
      <form className={styles.form} onSubmit={submit}>
        {FIELDS.map((field, index) => (
          <TextField
            key={field}
            name={field}
            label={labels[field]}
            defaultValue={values[field] ?? ""}
            problem={findProblem(field)}
            data-autofocus={index === 0 || undefined}
            {...(field === "phone" && { type: "tel" })}
          />
        ))}
        {others.map((refusal) => (
          <Problem key={refusal.message}>{explainRefusal(text, refusal)}</Problem>
        ))}
        <footer>
          {holder && !user && (
            <Button onClick={() => void link(holder.id)}>{words.linkInstead(holder.name ?? words.unnamedPerson)}</Button>
          )}
          <Button onClick={onClose}>{text.cancel}</Button>
          <Button isPrimary type="submit" disabled={isRunning}>
            {user ? text.save : words.createAndLink}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}

const isPerson = (node: unknown): node is PersonFragment => (node as PersonFragment | null)?.__typename === "User";

type Values = Record<(typeof FIELDS)[number], string | null>;

/** Saves the person, and links a new one; the dialog stays open with the reasons if that is refused. */
function useSaving(contactId: string, user: PersonFragment | undefined, onDone: () => void) {
  const text = useText();
  const [create] = useMutation(CreatePersonDocument);
  const [update] = useMutation(UpdatePersonDocument);
  const [linkContact] = useMutation(LinkContactDocument);
  const [refusals, setRefusals] = useState<readonly PersonRefusal[]>([]);
  const [isRunning, setRunning] = useState(false);
  // A second try after a failed link must not create the person again.
  const created = useRef<string | null>(null);

  async function run(work: () => Promise<readonly PersonRefusal[]>) {
    setRunning(true);
    const next = await work().catch((error) => [{ message: explainError(text, error) }]);
    setRunning(false);
    setRefusals(next);
    if (next.length === 0) onDone();
  }
  const linkTo = async (userId: string): Promise<readonly PersonRefusal[]> => {
    const { data } = await linkContact({ variables: { contactId, userId } });
    return data?.linkContact?.userErrors ?? [];
  };
  const createAndLink = async (values: Values): Promise<readonly PersonRefusal[]> => {
    if (!created.current) {
      const { data } = await create({ variables: { input: values } });
      if (!data?.createUser?.user) return data?.createUser?.userErrors ?? [];
      created.current = data.createUser.user.id;
    }
    return linkTo(created.current);
  };
  const change = async (userId: string, values: Values): Promise<readonly PersonRefusal[]> => {
    const { data } = await update({ variables: { input: { userId, ...values } } });
    return data?.updateUser?.userErrors ?? [];
  };
  return {
    refusals,
    isRunning,
    save: (values: Values) => run(() => (user ? change(user.id, values) : createAndLink(values))),
    link: (userId: string) => run(() => linkTo(userId)),
  };
}
