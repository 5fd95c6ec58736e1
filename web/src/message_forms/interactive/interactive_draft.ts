import type { ShownMessage } from "../../conversation/content/message_content.js";
import type { InteractiveKind } from "../../generated/graphql.js";

/** The texts that all messages with buttons have. */
export interface InteractiveTexts {
  header: string;
  body: string;
  footer: string;
}

export const NO_TEXTS: InteractiveTexts = { header: "", body: "", footer: "" };

type Interactive = Extract<NonNullable<ShownMessage["content"]>, { __typename: "InteractiveContent" }>;

/** Shown for a text that is not written yet. */
const MISSING = "…";

export const orMissing = (text: string): string => text.trim() || MISSING;

/** The texts as they are sent: without those that are empty. */
export const toTextsInput = ({ header, body, footer }: InteractiveTexts) => ({
  body: body.trim(),
  ...(header.trim() && { header: { text: header.trim() } }),
  ...(footer.trim() && { footer: footer.trim() }),
});

/** The message as the customer sees it. */
export const draftInteractive = (
  interactiveKind: InteractiveKind,
  { header, body, footer }: InteractiveTexts,
  action: Partial<Interactive>,
): Interactive => ({
  __typename: "InteractiveContent",
  interactiveKind,
  header: header.trim()
    ? { __typename: "InteractiveHeader", text: header, mediaKind: null, link: null, filename: null }
    : null,
  body: orMissing(body),
  footer: footer.trim() || null,
  buttons: [],
  listButton: null,
  sections: [],
  link: null,
  flow: null,
  ...action,
});
