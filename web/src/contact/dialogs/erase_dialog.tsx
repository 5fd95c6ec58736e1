import { useMutation } from "@apollo/client/react";
import { useState } from "react";
import { forgetDraft } from "../../composer/drafts.js";
import { useConversationActions } from "../../conversation/conversation_context.js";
import { EraseContactDocument, type ContactDetailsFragment } from "../../generated/graphql.js";
import { useText } from "../../language/language.js";
import { ConfirmDialog } from "../../parts/confirm_dialog.js";
import { showToast } from "../../parts/toasts.js";
import { openConversation } from "../../route.js";
import { nameContact } from "../names.js";
import { useContactText } from "../texts.js";

interface EraseDialogProps {
  contact: ContactDetailsFragment;
  onClose(): void;
}

/** Erases the contact once its name was typed. */
export function EraseDialog({ contact, onClose }: EraseDialogProps) {
  const words = useContactText();
  const { conversationId } = useConversationActions();
  const [name] = useState(nameContact(useText(), contact));
  const [erase] = useMutation(EraseContactDocument, { variables: { contactId: contact.id } });
  return (
    <ConfirmDialog
      title={words.eraseTitle(name)}
      action={words.eraseForever}
      isDangerous
      name={name}
      onConfirm={() => erase()}
      onDone={() => {
        // It may quote the contact.
        forgetDraft(conversationId);
        openConversation(null);
        showToast(words.erased(name));
      }}
      onClose={onClose}
    >
      <p>{words.eraseHelp}</p>
    </ConfirmDialog>
  );
}
