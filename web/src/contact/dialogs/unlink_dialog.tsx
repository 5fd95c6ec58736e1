import { useMutation } from "@apollo/client/react";
import { UnlinkContactDocument, type ContactDetailsFragment, type PersonFragment } from "../../generated/graphql.js";
import { ConfirmDialog } from "../../parts/confirm_dialog.js";
import { useContactText } from "../texts.js";

interface UnlinkDialogProps {
  contact: ContactDetailsFragment;
  user: PersonFragment;
  onClose(): void;
}

export function UnlinkDialog({ contact, user, onClose }: UnlinkDialogProps) {
  const words = useContactText();
  const [unlink] = useMutation(UnlinkContactDocument, { variables: { contactId: contact.id } });
  return (
    <ConfirmDialog
      title={words.unlinkTitle(user.name ?? words.unnamedPerson)}
      action={words.unlinkPerson}
      onConfirm={() => unlink()}
      onClose={onClose}
    >
      <p>{words.unlinkHelp}</p>
    </ConfirmDialog>
  );
}
