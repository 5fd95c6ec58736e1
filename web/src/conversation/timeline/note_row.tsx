import { useMutation } from "@apollo/client/react";
import { StickyNote, Trash2 } from "lucide-react";
import { useCanWrite, useViewer } from "../../connection/viewer.js";
import { DeleteNoteDocument, type NoteItemFragment } from "../../generated/graphql.js";
import { useLanguage, useText } from "../../language/language.js";
import { formatMoment, formatTime } from "../../language/times.js";
import { IconButton } from "../../parts/button.js";
import { reportFailure } from "../../parts/failures.js";
import { FormattedText } from "../formatted_text.js";
import styles from "./note_row.module.css";

export function NoteRow({ note }: { note: NoteItemFragment }) {
  const text = useText();
  const language = useLanguage();
  const viewer = useViewer();
  const [remove] = useMutation(DeleteNoteDocument, { variables: { noteId: note.id } });
  const canWrite = useCanWrite();
  const isOwn = note.author !== null && note.author.id === viewer.agent?.id;
  return (
    <article className={styles.note} aria-label={text.noteBy(note.authorName)}>
      <header>
        <StickyNote size={14} aria-hidden />
        <bdi>{note.authorName}</bdi>
        <time dateTime={note.timestamp} title={formatMoment(language, note.timestamp)}>
          {formatTime(language, note.timestamp)}
        </time>
        {canWrite && isOwn && (
          <IconButton icon={Trash2} label={text.deleteNote} onClick={() => void reportFailure(text, remove())} />
        )}
      </header>
      <FormattedText text={note.body} />
    </article>
  );
}
