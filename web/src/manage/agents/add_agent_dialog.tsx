import { useMutation } from "@apollo/client/react";
import { useRef, useState } from "react";
import { CreateAgentDocument, CreateKeyDocument } from "../../generated/admin.js";
import { Dialog } from "../../parts/dialog.js";
import { AccountsField, readAccountIds } from "../access/accounts_field.js";
import { RoleField } from "../access/role_field.js";
import type { CreatedKey } from "../keys/key_dialog.js";
import { NewKey } from "../keys/new_key.js";
import dialogStyles from "../parts/dialog_body.module.css";
import { CheckField, TextField } from "../parts/fields.js";
import { Form, type Values } from "../parts/form.js";
import { useAgentsText } from "./texts.js";

interface AddAgentDialogProps {
  onAdded(): void;
  onClose(): void;
}

interface Payload {
  token?: string | null;
  userErrors: readonly { message: string; field: readonly string[] | null }[];
}

/** Creates an agent, by default with a key, whose sign-in link is then shown. */
export function AddAgentDialog({ onAdded, onClose }: AddAgentDialogProps) {
  const text = useAgentsText();
  const [createAgent] = useMutation(CreateAgentDocument);
  const [createKey] = useMutation(CreateKeyDocument);
  const [withKey, setWithKey] = useState(true);
  const [created, setCreated] = useState<CreatedKey | null>(null);
  // It is created once, also if the key fails and the form is sent again.
  const agent = useRef<{ id: string; name: string } | null>(null);
  if (created) return <NewKey created={created} onClose={onClose} />;

  async function submit(values: Values) {
    const accountIds = readAccountIds(values);
    if (!agent.current) {
      const result = await createAgent({
        variables: { input: { name: values["name"]!, email: values["email"] || null, accountIds } },
      });
      agent.current = result.data?.createAgent?.agent ?? null;
      if (!agent.current) return result;
      onAdded();
    }
    if (!withKey) return { data: { createAgent: { userErrors: [] } } };
    const { id, name } = agent.current;
    const role = values["role"] as "AGENT";
    return createKey({ variables: { input: { name, role, accountIds, agentId: id } } });
  }

  return (
    <Dialog title={text.add} onClose={onClose}>
      <div className={dialogStyles.body}>
        <Form<Payload>
          submitLabel={text.add}
          onSubmit={submit}
          onDone={({ token }) => {
            onAdded();
            if (token) setCreated({ token, person: agent.current!.name });
            else onClose();
          }}
        >
          <TextField name="name" label={text.name} isRequired maxLength={200} />
          <TextField name="email" label={text.email} inputMode="email" dir="ltr" />
          <AccountsField />
          <div onInput={({ target }) => "checked" in target && setWithKey(Boolean(target.checked))}>
            <CheckField name="withKey" label={text.withKey} hint={text.withKeyHelp} defaultChecked />
          </div>
          {withKey && <RoleField />}
        </Form>
      </div>
    </Dialog>
  );
}
