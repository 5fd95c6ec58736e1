import { useMutation } from "@apollo/client/react";
import { Pencil, Plus, Trash2 } from "lucide-react";
import { useRef, useState, type FormEvent } from "react";
import { RemoveAttributesDocument, SetAttributesDocument, type ContactDetailsFragment } from "../generated/graphql.js";
import { useText } from "../language/language.js";
import { Button, IconButton } from "../parts/button.js";
import { reportFailure } from "../parts/failures.js";
import { TextField } from "../parts/form/text_field.js";
import { Section } from "../parts/layout/section.js";
import { useContactText } from "./texts.js";
import { readValue, writeValue, type Attributes } from "./use_attributes.js";
import styles from "./attribute_editor.module.css";

interface AttributeEditorProps {
  contact: ContactDetailsFragment;
  canEdit: boolean;
}

/** Attributes of the contact, from the team and its programs. */
export function AttributeEditor({ contact, canEdit }: AttributeEditorProps) {
  const text = useText();
  const words = useContactText();
  const [edited, setEdited] = useState<string | null>(null);
  const [isAdding, setAdding] = useState(false);
  const [runSet] = useMutation(SetAttributesDocument);
  const [runRemove] = useMutation(RemoveAttributesDocument);
  const attributes = contact.attributes as Attributes;
  const names = Object.keys(attributes);
  const contactId = contact.id;
  // Each change names one attribute, so that it keeps what colleagues change at the same time.
  const set = (name: string, value: unknown) =>
    reportFailure(text, runSet({ variables: { contactId, attributes: { [name]: value } } }));
  const list = useRef<HTMLDListElement>(null);
  const adder = useRef<HTMLButtonElement>(null);
  /** Gives the focus back to the button of an attribute, or to that which adds one. */
  const focus = (name?: string) =>
    setTimeout(() => {
      const pencil = name && list.current?.querySelector<HTMLElement>(`[data-pencil="${CSS.escape(name)}"]`);
      (pencil || adder.current)?.focus();
    });
  const endEdit = (name: string) => {
    setEdited(null);
    focus(name);
  };
  const endAdd = () => {
    setAdding(false);
    focus();
  };
  async function remove(name: string) {
    if (await reportFailure(text, runRemove({ variables: { contactId, names: [name] } }))) focus();
  }
  if (names.length === 0 && !canEdit) return null;
  return (
    <Section
      title={words.attributes}
      isPlain
      actions={canEdit && !isAdding && <IconButton ref={adder} icon={Plus} label={words.addAttribute} onClick={() => setAdding(true)} />}
    >
      {names.length === 0 && !isAdding && <p className={styles.none}>{words.noAttributes}</p>}
      <dl ref={list} className={styles.list}>
        {names.map((name) =>
          name === edited ? (
            <ValueForm
              key={name}
              name={name}
              value={writeValue(attributes[name])}
              onCancel={() => endEdit(name)}
              onSave={async (written) => {
                const isDone = await set(name, readValue(written, attributes[name]));
                if (isDone) endEdit(name);
              }}
            />
          ) : (
            <div key={name} className={styles.attribute}>
              <dt>
                <bdi>{name}</bdi>
              </dt>
              <dd>
                <bdi>{writeValue(attributes[name])}</bdi>
                {canEdit && (
                  <>
                    <IconButton
                      data-pencil={name}
                      icon={Pencil}
                      label={words.changeAttribute(name)}
                      onClick={() => setEdited(name)}
                    />
                    <IconButton icon={Trash2} label={words.removeAttribute(name)} onClick={() => void remove(name)} />
                  </>
                )}
              </dd>
            </div>
          ),
        )}
      </dl>
      {isAdding && (
        <NewAttribute
          names={names}
          onCancel={endAdd}
          onSave={async (name, value) => {
            if (await set(name, value)) endAdd();
          }}
        />
      )}
    </Section>
  );
}

interface ValueFormProps {
  name: string;
  value: string;
  onCancel(): void;
  onSave(value: string): Promise<void>;
}

function ValueForm({ name, value, onCancel, onSave }: ValueFormProps) {
  const text = useText();
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    void onSave(String(new FormData(event.currentTarget).get("value")));
  }
  return (
    <form className={styles.form} onSubmit={submit} onKeyDown={(event) => event.key === "Escape" && onCancel()}>
      <TextField label={name} name="value" defaultValue={value} autoFocus />
      <Buttons onCancel={onCancel} save={text.save} />
    </form>
  );
}

interface NewAttributeProps {
  names: readonly string[];
  onCancel(): void;
  onSave(name: string, value: string): Promise<void>;
}

function NewAttribute({ names, onCancel, onSave }: NewAttributeProps) {
  const text = useText();
  const words = useContactText();
  const [name, setName] = useState("");
  const isTaken = names.includes(name.trim());
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const value = String(new FormData(event.currentTarget).get("value"));
    if (name.trim() && !isTaken) void onSave(name.trim(), value);
  }
  return (
    <form className={styles.form} onSubmit={submit} onKeyDown={(event) => event.key === "Escape" && onCancel()}>
      <TextField
        label={words.attributeName}
        value={name}
        required
        autoFocus
        problem={isTaken ? words.attributeExists(name.trim()) : undefined}
        onChange={(event) => setName(event.target.value)}
      />
      <TextField label={words.attributeValue} name="value" />
      <Buttons onCancel={onCancel} save={text.save} />
    </form>
  );
}

function Buttons({ save, onCancel }: { save: string; onCancel(): void }) {
  const text = useText();
  return (
    <footer>
      <Button onClick={onCancel}>{text.cancel}</Button>
      <Button isPrimary type="submit">
        {save}
      </Button>
    </footer>
  );
}
