import { useMutation } from "@apollo/client/react";
import { useViewer } from "../../connection/viewer.js";
import { RevokeKeyDocument, type ManagedKeyFragment } from "../../generated/admin.js";
import { ConfirmDialog } from "../../parts/confirm_dialog.js";
import { useKeysText } from "./texts.js";

interface RevokeDialogProps {
  apiKey: ManagedKeyFragment;
  onClose(): void;
}

export function RevokeDialog({ apiKey: { id, name, agent }, onClose }: RevokeDialogProps) {
  const text = useKeysText();
  const isOwn = useViewer().id === id;
  const [revoke] = useMutation(RevokeKeyDocument);
  return (
    <ConfirmDialog
      title={text.revokeTitle(name)}
      action={text.revoke}
      isDangerous
      onConfirm={() => revoke({ variables: { apiKeyId: id } })}
      onClose={onClose}
    >
      <p>{agent ? text.revokePerson(agent.name) : text.revokeProgram}</p>
      {isOwn && (
        <p>
          <strong>{text.revokeOwn}</strong>
        </p>
      )}
      <p>{text.revokeFinal}</p>
    </ConfirmDialog>
  );
}
