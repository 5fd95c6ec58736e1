// A message's row: bubble, quote, ticks, reactions.

import { drawChoices } from "./choices.js";
import { drawContent, isBare } from "./content.js";
import { describe, iconOf, timeOf } from "../describe.js";
import { make, makeButton, makeIcon, makeIconButton, makeText } from "../dom.js";

const TICKS = { accepted: "✓", sent: "✓", delivered: "✓✓", read: "✓✓", played: "✓✓" };

/** `actions`: openMenu(message, button), jump(id), answer(message, reply), act. */
export function drawMessage(message, quoted, actions) {
  const row = make("article", `row ${message.from_customer ? "mine" : "theirs"}`);
  row.dataset.message = message.id;
  row.tabIndex = -1;
  const bubble = make("div", isBare(message) ? "bubble bare" : "bubble");
  bubble.append(make("span", "hidden", message.from_customer ? "You: " : "Business: "));
  if (quoted) bubble.append(drawQuote(quoted, actions.jump));
  bubble.append(...drawContent(message), drawMeta(message), ...drawChoices(message, actions));
  if (message.status === "failed") bubble.append(make("div", "failed", `Not delivered: ${message.error ?? "failed"}`));
  const reactions = Object.values(message.reactions);
  if (reactions.length) bubble.append(drawReactions(reactions));
  row.classList.toggle("reacted", reactions.length > 0);
  row.append(bubble);
  if (!message.is_deleted) row.append(drawMenuButton(message, actions.openMenu));
  return row;
}

function drawMenuButton(message, openMenu) {
  const button = makeIconButton("down", `Options: ${describe(message)}`, () => openMenu(message, button));
  button.classList.add("options");
  button.title = "Options";
  button.setAttribute("aria-haspopup", "true");
  return button;
}

function drawQuote(quoted, jump) {
  const name = make("span", "quote-name", quoted.from_customer ? "You" : "Business");
  const icon = iconOf(quoted);
  const words = make("span", "quote-words", icon && makeIcon(icon), makeText("span", "", describe(quoted)));
  return makeButton(`quoted ${quoted.from_customer ? "own" : ""}`, () => jump(quoted.id), name, words);
}

function drawMeta(message) {
  const isEdited = message.is_edited && !message.is_deleted;
  const meta = make("span", isEdited ? "meta edited" : "meta", isEdited && "Edited ", timeOf(message));
  const status = message.from_customer ? (message.is_read ? "read" : "delivered") : message.status;
  if (TICKS[status] && message.type !== "call") {
    const ticks = make("span", `ticks ${status}`, TICKS[status]);
    ticks.setAttribute("role", "img");
    ticks.setAttribute("aria-label", status);
    ticks.title = status;
    meta.append(ticks);
  }
  return meta;
}

function drawReactions(reactions) {
  const shown = make("span", "reactions", [...new Set(reactions)].join(" "));
  shown.setAttribute("role", "img");
  shown.setAttribute("aria-label", `Reactions: ${reactions.join(" ")}`);
  return shown;
}
