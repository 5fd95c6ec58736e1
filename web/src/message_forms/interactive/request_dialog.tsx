import { useState } from "react";
import { draftInteractive, NO_TEXTS } from "./interactive_draft.js";
import { BODY_LIMIT } from "./interactive_fields.js";
import { MessageForm } from "../message_form.js";
import { TextField } from "../text_field.js";
import { useFormTexts } from "../texts.js";
import type { FormTarget } from "../use_send_form.js";

type RequestKind = "locationRequest" | "contactRequest";

const SHOWN_KINDS = { locationRequest: "LOCATION_REQUEST", contactRequest: "CONTACT_REQUEST" } as const;

/** A message with a button that sends the customer's location or phone number. */
export function RequestDialog({ kind, ...target }: FormTarget & { kind: RequestKind }) {
  const text = useFormTexts();
  const [body, setBody] = useState("");
  const request = { body: body.trim() };
  return (
    <MessageForm
      title={text.kinds[kind]}
      target={target}
      content={{ interactive: kind === "locationRequest" ? { locationRequest: request } : { contactRequest: request } }}
      preview={draftInteractive(SHOWN_KINDS[kind], { ...NO_TEXTS, body }, {})}
    >
      <TextField
        path={`interactive.${kind}.body`}
        label={text.body}
        value={body}
        limit={BODY_LIMIT}
        required
        isLong
        hasFirstFocus
        onChange={setBody}
      />
    </MessageForm>
  );
}
