import { useMutation } from "@apollo/client/react";
import { makeKey } from "@wagraph/client";
import { useRef, useState, type FormEvent } from "react";
import type { QuotedPart } from "../composer/drafts.js";
import { SendDocument, type MessageContentInput, type SendMutation } from "../generated/graphql.js";
import { useText } from "../language/language.js";
import { explainError } from "../parts/refusals/explain_error.js";
import { explainRefusal } from "../parts/refusals/explain_refusal.js";

/** The conversation of a form, and the callback after sending. */
export interface FormTarget {
  conversationId: string;
  accountId: string;
  quoted: QuotedPart | null;
  onClose(): void;
  /** Called after the message was sent. */
  onSend(): void;
}

type Problems = Record<string, string>;
type UserErrors = NonNullable<SendMutation["sendMessage"]>["userErrors"];

/** The key of problems that no field of the form has. */
export const GENERAL = "";

/** Sends the message of a form, and keeps what the server refused beside its fields. */
export function useSendForm({ conversationId, quoted, onClose, onSend }: FormTarget, content: MessageContentInput) {
  const text = useText();
  const [send, { loading: isSending }] = useMutation(SendDocument);
  const [isChecked, setChecked] = useState(false);
  const [problems, setProblems] = useState<Problems>({});
  // One key until the server refused the message: it stores it once, also if its response got lost.
  const key = useRef(makeKey());

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    setChecked(true);
    const invalid = form.querySelector<HTMLElement>("input:invalid, textarea:invalid");
    if (invalid) return invalid.focus();
    const reply = quoted && { replyToMessageId: quoted.id };
    const input = { to: { conversationId }, content, idempotencyKey: key.current, ...reply };
    try {
      const { data } = await send({ variables: { input } });
      const errors = data!.sendMessage!.userErrors;
      if (errors.length > 0) return refuse(form, errors);
    } catch (error) {
      return setProblems({ [GENERAL]: explainError(text, error) });
    }
    onSend();
    onClose();
  }

  function refuse(form: HTMLFormElement, errors: UserErrors) {
    key.current = makeKey();
    const paths = errors.map(({ field }) => (field ?? []).slice(1).join("."));
    const named = paths.map((path) => (form.elements.namedItem(path) ? path : GENERAL));
    setProblems(Object.fromEntries(errors.map((error, index) => [named[index]!, explainRefusal(text, error)])));
    const first = named.find((path) => path !== GENERAL);
    if (first) (form.elements.namedItem(first) as HTMLElement).focus();
  }

  const clear = (path: string) => setProblems(({ [path]: _, [GENERAL]: __, ...rest }) => rest);
  return { isChecked, isSending, problems, clear, submit };
}
