import { useApolloClient } from "@apollo/client/react";
import { makeKey } from "@wagraph/client";
import {
  useState,
  useSyncExternalStore,
  type ChangeEvent,
  type ClipboardEvent,
  type ComponentProps,
  type DragEvent,
} from "react";
import { showToast } from "../../parts/toasts.js";
import { toOwnOrigin } from "../../parts/media_urls.js";
import { findKind, type Attachment } from "./file_kinds.js";
import { useFileProblem } from "./file_problem.js";
import { findWaitingFiles, releasePreview } from "./waiting_files.js";
import type { QuickReply } from "../quick_replies.js";

interface Attachments {
  list: Attachment[];
  isDragging: boolean;
  addVoice(recording: File): void;
  addUpload(upload: NonNullable<QuickReply["upload"]>): void;
  /** Puts a file back that was not sent. */
  restore(attachment: Attachment): void;
  remove(key: string): void;
  /** Moves a file by one place. */
  move(key: string, step: 1 | -1): void;
  setCaption(key: string, caption: string): void;
  clear(): void;
  onChoose(event: ChangeEvent<HTMLInputElement>): void;
  onPaste(event: ClipboardEvent): void;
  dropTarget: Pick<ComponentProps<"div">, "onDragOver" | "onDragLeave" | "onDrop">;
}

/** The files that wait to be sent: chosen, dropped, pasted, recorded, or of a quick reply. */
export function useAttachments(conversationId: string, isAllowed: boolean): Attachments {
  const explain = useFileProblem();
  const [list, setList] = useWaiting(conversationId);
  const [isDragging, setDragging] = useState(false);

  const addFiles = (files: Iterable<File>) => {
    const added = [...files].flatMap((file) => {
      const kind = findKind(file.type);
      const problem = explain(file);
      if (problem || !kind) return showToast(problem!) ?? [];
      return [makeAttachment(file, kind, false)];
    });
    setList((old) => [...old, ...added]);
  };
  const takeFiles = (event: ClipboardEvent | DragEvent, files: FileList) => {
    if (!isAllowed || files.length === 0) return;
    event.preventDefault();
    addFiles(files);
  };

  return {
    list,
    isDragging: isDragging && isAllowed,
    addVoice: (recording) => setList((old) => [...old, makeAttachment(recording, "AUDIO", true)]),
    addUpload({ id, kind, filename, mimeType, url }) {
      const source = { uploadId: id };
      const [name, ownUrl] = [filename ?? "", toOwnOrigin(url)];
      const added = { key: id, kind, name, mimeType, url: ownUrl, source, caption: null, isVoice: false };
      setList((old) => [...old.filter(({ key }) => key !== id), added]);
    },
    restore: (attachment) => setList((old) => [...old, attachment]),
    remove(key) {
      list.filter((attachment) => attachment.key === key).forEach(releasePreview);
      setList((old) => old.filter((attachment) => attachment.key !== key));
    },
    move: (key, step) => setList((old) => moveItem(old, old.findIndex((attachment) => attachment.key === key), step)),
    setCaption: (key, caption) =>
      setList((old) => old.map((attachment) => (attachment.key === key ? { ...attachment, caption } : attachment))),
    clear: () => setList(() => []),
    onChoose(event) {
      addFiles(event.target.files ?? []);
      // The same file can be chosen again.
      event.target.value = "";
    },
    onPaste: (event) => takeFiles(event, event.clipboardData.files),
    dropTarget: {
      onDragOver(event) {
        if (!hasFiles(event)) return;
        event.preventDefault();
        setDragging(true);
      },
      onDragLeave: () => setDragging(false),
      onDrop(event) {
        if (!hasFiles(event)) return;
        event.preventDefault();
        setDragging(false);
        takeFiles(event, event.dataTransfer.files);
      },
    },
  };
}

function useWaiting(conversationId: string) {
  const files = findWaitingFiles(useApolloClient());
  const list = useSyncExternalStore(files.subscribe, () => files.get(conversationId));
  const change = (edit: (old: Attachment[]) => Attachment[]) => files.change(conversationId, edit);
  return [list, change] as const;
}

/** Dropped text is left to the text field. */
const hasFiles = ({ dataTransfer }: DragEvent): boolean => dataTransfer.types.includes("Files");

const makeAttachment = (file: File, kind: Attachment["kind"], isVoice: boolean): Attachment => ({
  key: makeKey(),
  kind,
  name: file.name,
  mimeType: file.type,
  url: URL.createObjectURL(file),
  source: { file },
  caption: null,
  isVoice,
});

function moveItem<Item>(list: Item[], index: number, step: number): Item[] {
  const item = list[index]!;
  return list.toSpliced(index, 1).toSpliced(index + step, 0, item);
}
