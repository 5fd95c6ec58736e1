import { useMutation } from "@apollo/client/react";
import { MessageSquareReply, Paperclip } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { useViewer } from "../../connection/viewer.js";
import {
  DeleteQuickReplyDocument,
  ManagedQuickRepliesDocument,
  type ManagedQuickReplyFragment,
} from "../../generated/admin.js";
import { useLanguage } from "../../language/language.js";
import { formatDate } from "../../language/times.js";
import { Button } from "../../parts/button.js";
import { EmptyState } from "../../parts/empty_state.js";
import { ConfirmDialog } from "../../parts/confirm_dialog.js";
import { DataTable, type Column } from "../parts/data_table.js";
import { Filters, SearchFilter, SelectFilter } from "../parts/filters.js";
import { PageFrame } from "../parts/page_frame.js";
import { useList } from "../parts/use_list.js";
import { QuickReplyDialog } from "./quick_reply_dialog.js";
import styles from "./quick_replies_page.module.css";
import { useQuickRepliesText } from "./texts.js";

/** The quick replies of a number. */
export function QuickRepliesPage() {
  const text = useQuickRepliesText();
  const [first] = useViewer().accounts.nodes;
  const [accountId, setAccountId] = useState(first?.id);
  if (accountId) return <QuickReplies accountId={accountId} onChoose={setAccountId} />;
  return (
    <PageFrame title={text.title} help={text.help}>
      <EmptyState icon={MessageSquareReply} title={text.noNumbers}>
        <p>{text.noNumbersHelp}</p>
      </EmptyState>
    </PageFrame>
  );
}

interface QuickRepliesProps {
  accountId: string;
  onChoose(accountId: string): void;
}

/** The open dialog, which edits a quick reply (creates one if it is null) or deletes it. */
type Task = { kind: "edit"; reply: ManagedQuickReplyFragment | null } | { kind: "delete"; reply: ManagedQuickReplyFragment };

function QuickReplies({ accountId, onChoose }: QuickRepliesProps) {
  const text = useQuickRepliesText();
  const language = useLanguage();
  const accounts = useViewer().accounts.nodes;
  const [search, setSearch] = useState("");
  const words = useDeferredValue(search.trim());
  const [task, setTask] = useState<Task | null>(null);
  const list = useList(ManagedQuickRepliesDocument, { accountId, search: words || null }, (data) => data.quickReplies);
  const columns: Column<ManagedQuickReplyFragment>[] = [
    { label: text.shortcut, isMain: true, draw: ({ shortcut }) => <bdi>/{shortcut}</bdi> },
    { label: text.text, draw: (reply) => <Content reply={reply} /> },
    { label: text.changed, draw: ({ updatedAt }) => formatDate(language, updatedAt) },
    { label: text.actions, draw: drawActions },
  ];
  const create = (
    <Button isPrimary onClick={() => setTask({ kind: "edit", reply: null })}>
      {text.create}
    </Button>
  );
  const empty = (
    <EmptyState icon={MessageSquareReply} title={words ? text.nothingFound : text.none}>
      <p>{words ? text.nothingFoundHelp : text.noneHelp}</p>
    </EmptyState>
  );
  return (
    <PageFrame title={text.title} help={text.help} actions={create}>
      <Filters>
        {accounts.length > 1 && (
          <SelectFilter
            label={text.number}
            value={accountId}
            options={accounts.map(({ id, name }) => ({ value: id, label: name }))}
            onChange={onChoose}
          />
        )}
        <SearchFilter label={text.search} value={search} onChange={setSearch} />
      </Filters>
      <DataTable label={text.title} columns={columns} list={list} empty={empty} />
      {task?.kind === "edit" && (
        <QuickReplyDialog
          accountId={accountId}
          reply={task.reply}
          onDone={() => void list.reload()}
          onClose={() => setTask(null)}
        />
      )}
      {task?.kind === "delete" && (
        <DeleteDialog reply={task.reply} onDone={() => void list.reload()} onClose={() => setTask(null)} />
      )}
    </PageFrame>
  );

  function drawActions(reply: ManagedQuickReplyFragment) {
    const { shortcut } = reply;
    return (
      <div className={styles.actions}>
        <Button aria-label={text.editReply(shortcut)} onClick={() => setTask({ kind: "edit", reply })}>
          {text.edit}
        </Button>
        <Button aria-label={text.removeReply(shortcut)} onClick={() => setTask({ kind: "delete", reply })}>
          {text.remove}
        </Button>
      </div>
    );
  }
}

function Content({ reply: { text, upload } }: { reply: ManagedQuickReplyFragment }) {
  return (
    <div className={styles.content}>
      {upload && (
        <span className={styles.file}>
          <Paperclip size={14} aria-hidden />
          <bdi>{upload.filename ?? upload.mimeType}</bdi>
        </span>
      )}
      {text && (
        <span className={styles.text} dir="auto">
          {text}
        </span>
      )}
    </div>
  );
}

interface DeleteDialogProps {
  reply: ManagedQuickReplyFragment;
  onDone(): void;
  onClose(): void;
}

function DeleteDialog({ reply: { id, shortcut }, onDone, onClose }: DeleteDialogProps) {
  const text = useQuickRepliesText();
  const [remove] = useMutation(DeleteQuickReplyDocument);
  return (
    <ConfirmDialog
      title={text.removeTitle(shortcut)}
      action={text.remove}
      isDangerous
      onConfirm={() => remove({ variables: { quickReplyId: id } })}
      onDone={onDone}
      onClose={onClose}
    >
      <p>{text.removeHelp}</p>
    </ConfirmDialog>
  );
}
