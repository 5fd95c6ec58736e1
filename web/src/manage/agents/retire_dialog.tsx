import { useMutation } from "@apollo/client/react";
import { useViewer } from "../../connection/viewer.js";
import { ReactivateAgentDocument, RetireAgentDocument, type ManagedAgentFragment } from "../../generated/admin.js";
import { ConfirmDialog } from "../../parts/confirm_dialog.js";
import styles from "./agents_page.module.css";
import { useAgentsText } from "./texts.js";

interface RetireDialogProps {
  agent: ManagedAgentFragment;
  /** Number of its open conversations; null if it has none. */
  count: string | null;
  onClose(): void;
}

/** Asks before an agent is retired, or reactivated if it is. */
export function RetireDialog({ agent: { id, name, retiredAt }, count, onClose }: RetireDialogProps) {
  const text = useAgentsText();
  const isSelf = useViewer().agent?.id === id;
  const [retire] = useMutation(RetireAgentDocument);
  const [reactivate] = useMutation(ReactivateAgentDocument);
  const variables = { agentId: id };
  if (retiredAt) {
    return (
      <ConfirmDialog
        title={text.reactivateTitle(name)}
        action={text.reactivate}
        onConfirm={() => reactivate({ variables })}
        onClose={onClose}
      >
        <p>{text.reactivateHelp(name)}</p>
      </ConfirmDialog>
    );
  }
  return (
    <ConfirmDialog
      title={text.retireTitle(name)}
      action={text.retire}
      isDangerous
      onConfirm={() => retire({ variables })}
      onClose={onClose}
    >
      <ul className={styles.effects}>
        {text.retireEffects(name).map((effect) => (
          <li key={effect}>{effect}</li>
        ))}
        {count !== null && <li>{text.retireConversations(count)}</li>}
      </ul>
      {isSelf && (
        <p>
          <strong>{text.retireSelf}</strong>
        </p>
      )}
    </ConfirmDialog>
  );
}
