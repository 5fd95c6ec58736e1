import { Ban, Download, Eraser, Merge, RotateCcw, type LucideIcon } from "lucide-react";
import { Suspense, useState } from "react";
import { useViewer } from "../connection/viewer.js";
import type { ContactDetailsFragment } from "../generated/graphql.js";
import { BlockDialog, EraseDialog, ExportDialog, MergeDialog } from "./lazy_dialogs.js";
import { useContactText } from "./texts.js";
import styles from "./contact_actions.module.css";

interface ContactActionsProps {
  contact: ContactDetailsFragment;
  accountId: string;
}

/** Actions on the whole contact; each asks for confirmation. */
export function ContactActions({ contact, accountId }: ContactActionsProps) {
  const words = useContactText();
  const isAdmin = useViewer().role === "ADMIN";
  const [open, setOpen] = useState<"merge" | "block" | "export" | "erase" | null>(null);
  const onClose = () => setOpen(null);
  return (
    <div className={styles.actions}>
      <Action icon={Merge} label={words.mergeWith} onClick={() => setOpen("merge")} />
      {contact.blocked ? (
        <Action icon={RotateCcw} label={words.unblock} onClick={() => setOpen("block")} />
      ) : (
        <Action icon={Ban} label={words.block} isDangerous onClick={() => setOpen("block")} />
      )}
      {isAdmin && <Action icon={Download} label={words.exportData} onClick={() => setOpen("export")} />}
      {isAdmin && <Action icon={Eraser} label={words.erase} isDangerous onClick={() => setOpen("erase")} />}
      <Suspense fallback={null}>
        {open === "merge" && <MergeDialog contact={contact} accountId={accountId} onClose={onClose} />}
        {open === "block" && <BlockDialog contact={contact} onClose={onClose} />}
        {open === "export" && <ExportDialog contact={contact} onClose={onClose} />}
        {open === "erase" && <EraseDialog contact={contact} onClose={onClose} />}
      </Suspense>
    </div>
  );
}

interface ActionProps {
  icon: LucideIcon;
  label: string;
  isDangerous?: boolean;
  onClick(): void;
}

const Action = ({ icon: Icon, label, isDangerous = false, onClick }: ActionProps) => (
  <button type="button" data-danger={isDangerous || undefined} onClick={onClick}>
    <Icon size={16} aria-hidden />
    {label}
  </button>
);
