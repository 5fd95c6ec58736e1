import { useState } from "react";
import { draftInteractive, NO_TEXTS, orMissing, toTextsInput } from "./interactive_draft.js";
import { InteractiveFields } from "./interactive_fields.js";
import { MessageForm } from "../message_form.js";
import { TextField } from "../text_field.js";
import { useFormTexts } from "../texts.js";
import type { FormTarget } from "../use_send_form.js";

const PATH = "interactive.ctaUrl";
const LABEL_LIMIT = 20;
const URL_LIMIT = 2000;

/** A message with a button that opens a web page. */
export function LinkDialog(target: FormTarget) {
  const text = useFormTexts();
  const [texts, setTexts] = useState(NO_TEXTS);
  const [label, setLabel] = useState("");
  const [url, setUrl] = useState("https://");
  return (
    <MessageForm
      title={text.kinds.link}
      target={target}
      content={{ interactive: { ctaUrl: { ...toTextsInput(texts), displayText: label.trim(), url: url.trim() } } }}
      preview={draftInteractive("CTA_URL", texts, {
        link: { __typename: "InteractiveLink", displayText: orMissing(label), url },
      })}
    >
      <InteractiveFields path={PATH} texts={texts} onChange={setTexts} />
      <TextField
        path={`${PATH}.displayText`}
        label={text.label}
        value={label}
        limit={LABEL_LIMIT}
        required
        onChange={setLabel}
      />
      <TextField
        path={`${PATH}.url`}
        label={text.url}
        value={url}
        limit={URL_LIMIT}
        inputMode="url"
        required
        check={(value) => (isWebUrl(value) ? undefined : text.badUrl)}
        onChange={setUrl}
      />
    </MessageForm>
  );
}

const isWebUrl = (value: string): boolean => /^https?:\/\/[^\s/]+\.[^\s]+$/iu.test(value) && URL.canParse(value);
