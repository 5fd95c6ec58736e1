import { useState } from "react";
import type { Role } from "../../generated/admin.js";
import { SelectField } from "../parts/fields.js";
import { useAccessText } from "./texts.js";

const ROLES: Role[] = ["AGENT", "VIEWER", "ADMIN"];

/** The role of a key, with what it allows. */
export function RoleField() {
  const text = useAccessText();
  const [role, setRole] = useState<Role>("AGENT");
  const options = ROLES.map((value) => ({ value, label: text.roles[value] }));
  return (
    // The field has a listener of its own for changes.
    <div onInput={({ target }) => setRole((target as HTMLSelectElement).value as Role)}>
      <SelectField name="role" label={text.role} hint={text.roleHelp[role]} options={options} defaultValue={role} />
    </div>
  );
}
