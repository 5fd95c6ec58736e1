import { useMutation } from "@apollo/client/react";
import { Plus, X } from "lucide-react";
import { useId, useRef, type FormEvent } from "react";
import { AddTagsDocument, RemoveTagsDocument } from "../generated/graphql.js";
import { useText } from "../language/language.js";
import { IconButton } from "../parts/button.js";
import { reportFailure } from "../parts/failures.js";
import { useContactText } from "./texts.js";
import styles from "./tag_editor.module.css";

interface TagEditorProps {
  label: string;
  taggable: { id: string; tags: readonly string[] };
  canEdit: boolean;
}

export function TagEditor({ label, taggable, canEdit }: TagEditorProps) {
  const text = useText();
  const words = useContactText();
  const titleId = useId();
  const [add] = useMutation(AddTagsDocument);
  const [remove] = useMutation(RemoveTagsDocument);
  const change = (mutate: typeof add | typeof remove, tag: string) =>
    reportFailure(text, mutate({ variables: { taggableId: taggable.id, tags: [tag] } }));
  const field = useRef<HTMLInputElement>(null);
  /** The button is removed with its tag, so the focus is kept in the section. */
  async function drop(tag: string) {
    if (await change(remove, tag)) field.current?.focus();
  }
  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const tag = String(new FormData(form).get("tag")).trim();
    if (tag && (await change(add, tag))) form.reset();
  }
  if (!canEdit && taggable.tags.length === 0) return null;
  return (
    <section className={styles.editor} aria-labelledby={titleId}>
      <h3 id={titleId}>{label}</h3>
      <ul>
        {taggable.tags.map((tag) => (
          <li key={tag}>
            <bdi>{tag}</bdi>
            {canEdit && <IconButton icon={X} label={words.removeTag(tag)} onClick={() => void drop(tag)} />}
          </li>
        ))}
      </ul>
      {canEdit && (
        <form onSubmit={(event) => void submit(event)}>
          <input ref={field} name="tag" placeholder={words.addTag} aria-label={`${label}: ${words.addTag}`} autoComplete="off" dir="auto" />
          <IconButton type="submit" icon={Plus} label={`${label}: ${words.addTag}`} />
        </form>
      )}
    </section>
  );
}
