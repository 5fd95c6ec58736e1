import { useMutation } from "@apollo/client/react";
import { useState } from "react";
import { CreateKeyDocument } from "../../generated/admin.js";
import { Dialog } from "../../parts/dialog.js";
import { AccountsField, readAccountIds } from "../access/accounts_field.js";
import { RoleField } from "../access/role_field.js";
import styles from "../parts/dialog_body.module.css";
import { SelectField, TextField } from "../parts/fields.js";
import { Form, type Values } from "../parts/form.js";
import { NewKey } from "./new_key.js";
import { useKeysText } from "./texts.js";
import { useAgentOptions } from "./use_agent_options.js";

const NEW_AGENT = "new";
const PROGRAM = "program";
const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;

export interface CreatedKey {
  token: string;
  /** Name of the person who uses it; null for a program. */
  person: string | null;
}

interface KeyDialogProps {
  /** The agent whose key it will be; to be chosen if omitted. */
  agent?: { id: string; name: string };
  onCreated(): void;
  onClose(): void;
}

/** Creates a key, and shows it once. */
export function KeyDialog({ agent, onCreated, onClose }: KeyDialogProps) {
  const text = useKeysText();
  const [user, setUser] = useState(agent?.id ?? NEW_AGENT);
  const [created, setCreated] = useState<CreatedKey | null>(null);
  const [create] = useMutation(CreateKeyDocument);
  if (created) return <NewKey created={created} onClose={onClose} />;

  const input = (values: Values) => ({
    name: values["name"]!,
    role: values["role"] as "AGENT",
    accountIds: readAccountIds(values),
    expiresAt: readExpiry(values["expiry"]!),
    ...(user === PROGRAM ? { forServer: true } : user !== NEW_AGENT && { agentId: user }),
  });
  return (
    <Dialog title={agent ? text.createFor(agent.name) : text.create} onClose={onClose}>
      <div className={styles.body}>
        <Form<Payload>
          submitLabel={text.create}
          onSubmit={(values) => create({ variables: { input: input(values) } })}
          onDone={({ token, apiKey }) => {
            onCreated();
            setCreated({ token: token!, person: apiKey!.agent?.name ?? null });
          }}
        >
          {!agent && <UserField value={user} onChange={setUser} />}
          <NameField key={user} user={user} />
          <RoleField />
          <AccountsField />
          <SelectField
            name="expiry"
            label={text.expiry}
            options={Object.entries(text.expiries)
              .map(([value, label]) => ({ value, label }))
              .sort((one, other) => Number(one.value) - Number(other.value))}
          />
        </Form>
      </div>
    </Dialog>
  );
}

interface Payload {
  token: string | null;
  apiKey: { agent: { name: string } | null } | null;
  userErrors: readonly { message: string; field: readonly string[] | null }[];
}

const readExpiry = (days: string): string | null =>
  days ? new Date(Date.now() + Number(days) * DAY_MILLISECONDS).toISOString() : null;

function UserField({ value, onChange }: { value: string; onChange(value: string): void }) {
  const text = useKeysText();
  const agents = useAgentOptions();
  const options = [
    { value: NEW_AGENT, label: text.newAgent },
    ...agents.map(({ id, name }) => ({ value: id, label: name })),
    { value: PROGRAM, label: text.server },
  ];
  return (
    <div onInput={({ target }) => onChange((target as HTMLSelectElement).value)}>
      <SelectField name="agentId" label={text.forWhom} options={options} defaultValue={value} />
    </div>
  );
}

function NameField({ user }: { user: string }) {
  const text = useKeysText();
  const common = { name: "name", isRequired: true, maxLength: 200 };
  if (user === NEW_AGENT) return <TextField {...common} label={text.newName} />;
  if (user === PROGRAM) return <TextField {...common} label={text.programName} hint={text.programHint} />;
  return <TextField {...common} label={text.keyName} hint={text.keyNameHint} />;
}
