import { useMutation } from "@apollo/client/react";
import { BlockContactDocument, UnblockContactDocument, type ContactDetailsFragment } from "../../generated/graphql.js";
import { useText } from "../../language/language.js";
import { ConfirmDialog } from "../../parts/confirm_dialog.js";
import { nameContact } from "../names.js";
import { useContactText } from "../texts.js";

interface BlockDialogProps {
  contact: ContactDetailsFragment;
  onClose(): void;
}

/** Blocks the contact, or unblocks a blocked one. */
export function BlockDialog({ contact, onClose }: BlockDialogProps) {
  const words = useContactText();
  const name = nameContact(useText(), contact);
  const variables = { contactId: contact.id };
  const [block] = useMutation(BlockContactDocument, { variables });
  const [unblock] = useMutation(UnblockContactDocument, { variables });
  if (contact.blocked) {
    return (
      <ConfirmDialog title={words.unblockTitle(name)} action={words.unblock} onConfirm={() => unblock()} onClose={onClose}>
        <p>{words.unblockHelp}</p>
      </ConfirmDialog>
    );
  }
  return (
    <ConfirmDialog title={words.blockTitle(name)} action={words.block} isDangerous onConfirm={() => block()} onClose={onClose}>
      <p>{words.blockHelp}</p>
      <p>{words.blockLimit}</p>
    </ConfirmDialog>
  );
}
