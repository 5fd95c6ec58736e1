import { useMutation } from "@apollo/client/react";
import { UpdateAgentDocument, type ManagedAgentFragment } from "../../generated/admin.js";
import { useText } from "../../language/language.js";
import { TextField } from "../parts/fields.js";
import { FormDialog } from "../parts/form_dialog.js";
import { useAgentsText } from "./texts.js";

interface EditAgentDialogProps {
  agent: ManagedAgentFragment;
  onClose(): void;
}

export function EditAgentDialog({ agent, onClose }: EditAgentDialogProps) {
  const [text, generalText] = [useAgentsText(), useText()];
  const [update] = useMutation(UpdateAgentDocument);
  return (
    <FormDialog
      title={text.editTitle(agent.name)}
      submitLabel={generalText.save}
      onSubmit={({ name, email }) =>
        update({ variables: { input: { agentId: agent.id, name: name!, email: email || null } } })
      }
      onClose={onClose}
    >
      <TextField name="name" label={text.name} isRequired maxLength={200} defaultValue={agent.name} />
      <TextField name="email" label={text.email} inputMode="email" dir="ltr" defaultValue={agent.email ?? ""} />
    </FormDialog>
  );
}
