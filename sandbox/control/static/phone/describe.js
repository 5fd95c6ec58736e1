// Words for messages and times.

import { showSeconds } from "./dom.js";
import { flatten } from "./messages/format.js";

export const timeOf = ({ timestamp }) =>
  new Date(timestamp * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

const startOfDay = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();

/** "Today", "Yesterday", or the date. */
export function dayOf({ timestamp }) {
  const date = new Date(timestamp * 1000);
  const days = Math.round((startOfDay(new Date()) - startOfDay(date)) / 86_400_000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return date.toLocaleDateString([], { weekday: "long", day: "numeric", month: "long" });
}

/** The time for the list of customers: of today, or the day. */
export function whenOf(message) {
  const day = dayOf(message);
  if (day === "Today") return timeOf(message);
  const date = new Date(message.timestamp * 1000);
  return day === "Yesterday" ? day : date.toLocaleDateString([], { day: "numeric", month: "short" });
}

export const initialsOf = (name) =>
  name.split(/\s+/).map((word) => [...word][0] ?? "").slice(0, 2).join("").toUpperCase();

const TINTS = ["#00796b", "#6a4fb3", "#b3541e", "#1a6fb5", "#a33a6b", "#4b7a1f", "#7a5c2e"];
export const tintOf = (key) => TINTS[[...key].reduce((sum, char) => sum + char.charCodeAt(0), 0) % TINTS.length];

const withCaption = (caption, name) => (caption ? flatten(caption) : name);
const listCards = (content) => (Array.isArray(content) ? content : []);

const WORDS = {
  text: (content) => flatten(content.body ?? ""),
  image: (content) => withCaption(content.caption, "Photo"),
  video: (content) => withCaption(content.caption, "Video"),
  audio: (content) => (content.voice ? "Voice message" : "Audio"),
  document: (content) => withCaption(content.caption ?? content.filename, "Document"),
  sticker: () => "Sticker",
  location: (content) => content.name ?? "Location",
  contacts: (content) => listCards(content).map(({ name }) => name?.formatted_name).join(", "),
  template: (content) => flatten(content.body ?? content.name ?? "Template"),
  interactive: (content) =>
    content.button_reply?.title ?? content.list_reply?.title ?? content.nfm_reply?.body ?? flatten(content.body?.text ?? "Message"),
  button: (content) => content.text ?? "",
  order: (content) => `Order of ${countItems(content)}`,
  call: describeCall,
};

const ICONS = {
  image: "photo",
  video: "video",
  audio: "mic",
  document: "document",
  sticker: "sticker",
  location: "place",
  contacts: "contact",
  order: "order",
  call: "call",
};
/** The icon before the words, or undefined. */
export const iconOf = (message) => (message.is_deleted ? "deleted" : ICONS[message.type]);

/** One line that says what a message is, for lists, quotes and screen readers. */
export function describe(message) {
  if (message.is_deleted) return message.from_customer ? "You deleted this message" : "This message was deleted";
  return WORDS[message.type]?.(message.content ?? {}) ?? `(${message.type})`;
}

export function describeCall({ event, duration }) {
  if (event !== "terminate") return "Calling …";
  return duration ? `Voice call, ${showSeconds(duration)}` : "Call was not answered";
}

export function countItems({ product_items: items = [] }) {
  const count = items.reduce((sum, { quantity }) => sum + Number(quantity), 0);
  return count === 1 ? "1 item" : `${count} items`;
}
