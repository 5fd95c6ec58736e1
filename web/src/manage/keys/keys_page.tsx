import { useState } from "react";
import { Button } from "../../parts/button.js";
import { PageFrame } from "../parts/page_frame.js";
import { KeyDialog } from "./key_dialog.js";
import { KeyTable, useKeys } from "./key_table.js";
import { useKeysText } from "./texts.js";

/** All keys that the caller may see. */
export function KeysPage() {
  const text = useKeysText();
  const list = useKeys(null);
  const [isCreating, setCreating] = useState(false);
  const create = (
    <Button isPrimary onClick={() => setCreating(true)}>
      {text.create}
    </Button>
  );
  return (
    <PageFrame title={text.title} help={text.help} actions={create}>
      <KeyTable list={list} />
      {isCreating && <KeyDialog onCreated={() => void list.reload()} onClose={() => setCreating(false)} />}
    </PageFrame>
  );
}
