// The messages of the chosen conversation. What is read stays in place while new messages come.

import { dayOf } from "../describe.js";
import { arrange, element, make } from "../dom.js";
import { drawMessage } from "./message.js";

const NEAR_END = 80; // pixels
const chat = element("chat");
const rows = element("rows");
const drawn = new Map(); // message id → {row, version}
let shown = null; // conversation id
let isAtEnd = true;
let end = 0; // scrollTop at the end, as it was last gone to
let awaited = 0; // messages that came below what is read

/** Draws the conversation, and only what has changed since. */
export function drawChat(conversation, actions) {
  if (shown !== conversation?.id) leave(conversation?.id ?? null);
  const messages = conversation ? [...conversation.messages.values()] : [];
  const fresh = messages.filter(({ id }) => !drawn.has(id));
  arrange(rows, messages.length ? drawRows(messages, conversation, actions) : [drawEmpty(conversation)]);
  if (isAtEnd || fresh.some((message) => message.from_customer)) return scrollToEnd();
  awaited += fresh.length;
  return showNewer();
}

function leave(id) {
  shown = id;
  drawn.clear();
  awaited = 0;
  isAtEnd = true;
  rows.replaceChildren();
}

function drawEmpty(conversation) {
  return make("p", "empty", conversation ? "Write the first message as this customer." : "Choose a customer, or add one.");
}

function drawRows(messages, conversation, actions) {
  const lines = [];
  let day = "";
  for (const message of messages) {
    if (dayOf(message) !== day) {
      day = dayOf(message);
      lines.push(make("div", "day", day));
    }
    lines.push(drawRow(message, conversation.messages.get(message.reply_to), actions));
  }
  return reuseDays(lines);
}

/** Returns the row that is there already unless the message or the quoted one has changed. */
function drawRow(message, quoted, actions) {
  const version = JSON.stringify([message, quoted?.content, quoted?.is_deleted]);
  const known = drawn.get(message.id);
  if (known?.version === version) return known.row;
  const row = drawMessage(message, quoted, actions);
  if (known?.row.contains(document.activeElement)) queueMicrotask(() => row.querySelector(".options")?.focus());
  drawn.set(message.id, { row, version });
  return row;
}

function reuseDays(lines) {
  const days = new Map([...rows.querySelectorAll(".day")].map((line) => [line.textContent, line]));
  return lines.map((line) => (line.className === "day" ? (days.get(line.textContent) ?? line) : line));
}

export function scrollToEnd() {
  chat.scrollTop = chat.scrollHeight;
  end = chat.scrollTop;
  awaited = 0;
  isAtEnd = true;
  showNewer();
}

function showNewer() {
  element("newer").hidden = isAtEnd;
  element("newer-count").textContent = awaited ? `${awaited} new ${awaited === 1 ? "message" : "messages"}` : "To the newest message";
}

/** Shows a message in the middle and marks it for a moment. */
export function jumpTo(id) {
  const row = drawn.get(id)?.row;
  if (!row) return;
  row.scrollIntoView({ block: "center" });
  row.focus({ preventScroll: true });
  row.classList.add("marked");
  setTimeout(() => row.classList.remove("marked"), 1600);
}

const isNear = (place) => place - chat.scrollTop < NEAR_END;

// A scroll is reported late: the chat may have grown since it went to its end.
chat.addEventListener("scroll", () => {
  isAtEnd = isNear(chat.scrollHeight - chat.clientHeight) || (isAtEnd && isNear(end));
  if (isAtEnd) awaited = 0;
  showNewer();
});
element("newer").addEventListener("click", () => (scrollToEnd(), chat.focus()));

// Pictures get their height when they have loaded, and the keyboard of a phone takes some away.
const sizes = new ResizeObserver(() => isAtEnd && scrollToEnd());
sizes.observe(chat);
sizes.observe(rows);
