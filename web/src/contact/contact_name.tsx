import { useMutation } from "@apollo/client/react";
import { Pencil } from "lucide-react";
import { useRef, useState, type FormEvent } from "react";
import { useCanWrite } from "../connection/viewer.js";
import { UpdateContactDocument, type ContactDetailsFragment } from "../generated/graphql.js";
import { useText } from "../language/language.js";
import { Button, IconButton } from "../parts/button.js";
import { ClampedText } from "../parts/clamped_text.js";
import { reportFailure } from "../parts/failures.js";
import { nameContact } from "./names.js";
import { useContactText } from "./texts.js";
import styles from "./contact_name.module.css";

/** The contact's name, which staff can change. */
export function ContactName({ contact }: { contact: ContactDetailsFragment }) {
  const text = useText();
  const words = useContactText();
  const canWrite = useCanWrite();
  const [isEditing, setEditing] = useState(false);
  const pencil = useRef<HTMLButtonElement>(null);
  const end = () => {
    setEditing(false);
    // It is there again then.
    setTimeout(() => pencil.current?.focus());
  };
  const [rename] = useMutation(UpdateContactDocument);
  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get("name")).trim();
    const renaming = rename({ variables: { input: { contactId: contact.id, name: name || null } } });
    if (await reportFailure(text, renaming)) end();
  }
  if (isEditing) {
    return (
      <form className={styles.form} onSubmit={(event) => void submit(event)}>
        <input
          name="name"
          defaultValue={contact.name ?? contact.profileName ?? ""}
          aria-label={words.name}
          autoComplete="off"
          autoFocus
          dir="auto"
          onKeyDown={(event) => event.key === "Escape" && end()}
        />
        <Button isPrimary type="submit">
          {text.save}
        </Button>
      </form>
    );
  }
  return (
    <div className={styles.name}>
      <ClampedText key={contact.id}>{nameContact(text, contact)}</ClampedText>
      {canWrite && <IconButton ref={pencil} icon={Pencil} label={words.rename} onClick={() => setEditing(true)} />}
    </div>
  );
}
