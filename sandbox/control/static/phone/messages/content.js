// The inside of a bubble, for each type of message.

import { describe, describeCall, countItems, initialsOf, tintOf } from "../describe.js";
import { make, makeIcon, makeLink, makeText, showSize } from "../dom.js";
import { formatText } from "./format.js";
import { mediaUrl, readSize } from "../sandbox.js";
import { drawVoice } from "./voice.js";

const NAMES = { image: "Photo", video: "Video", document: "Document", sticker: "Sticker", audio: "Audio" };

const DRAWERS = {
  text: (content) => [drawWords(content.body)],
  image: (content) => drawMedia("image", content),
  video: (content) => drawMedia("video", content),
  audio: (content) => drawMedia("audio", content),
  document: (content) => drawMedia("document", content),
  sticker: (content) => drawMedia("sticker", content),
  location: (content) => [drawPlace(content)],
  contacts: (content) => (Array.isArray(content) ? content : []).map(drawCard),
  template: drawTemplate,
  interactive: drawInteractive,
  order: (content) => [drawOrder(content)],
  call: (content) => [make("div", "file", makeIcon("call"), make("span", "head", describeCall(content)))],
};

export function drawContent(message) {
  if (message.is_deleted) return [make("em", "foot gone", makeIcon("deleted"), describe(message))];
  return DRAWERS[message.type]?.(message.content ?? {}) ?? [make("span", "", describe(message))];
}

/** Returns true for a message that is a picture without a bubble. */
export const isBare = (message) => message.type === "sticker" && !message.is_deleted;

function drawWords(text, className = "words") {
  const words = make("div", className, ...formatText(text ?? ""));
  words.dir = "auto";
  return words;
}

/** Files that the business sent by link lie on other hosts: nothing is loaded from there. */
export function drawMedia(kind, content) {
  const caption = content.caption ? [drawWords(content.caption)] : [];
  if (!content.id) return [drawAbsent(kind, content), ...caption];
  const address = mediaUrl(content.id);
  if (kind === "audio") return [drawVoice(address, content.voice ? "voice message" : "audio")];
  if (kind === "document") return [drawDocument(content, address), ...caption];
  if (kind === "video") return [drawVideo(content, address), ...caption];
  const picture = make("img", kind);
  picture.src = address;
  picture.alt = content.caption ?? NAMES[kind];
  if (kind === "sticker") return [picture];
  const link = makeLink("picture", address, picture);
  return [link, ...caption];
}

function drawAbsent(kind, content) {
  const name = content.filename ?? NAMES[kind];
  if (/^https?:\/\//.test(content.link ?? "")) return makeLink("file", content.link, makeIcon("open"), make("span", "head", name));
  return make("div", "file", makeIcon(kind === "document" ? "document" : "photo"), make("span", "head", name));
}

function drawVideo(content, address) {
  const video = make("video", "");
  video.controls = true;
  video.preload = "metadata";
  video.src = address;
  video.setAttribute("aria-label", content.caption ?? "Video");
  return video;
}

function drawDocument(content, address) {
  const name = content.filename ?? "Document";
  const kind = (/\.(\w{1,5})$/.exec(name)?.[1] ?? content.mime_type?.split("/").at(-1) ?? "file").toUpperCase();
  const foot = make("span", "foot", kind);
  const link = makeLink("file", address, makeIcon("document"), make("span", "", make("span", "head", name), foot));
  link.download = name;
  readSize(content.id).then((size) => size !== null && foot.append(` · ${showSize(size)}`), () => {});
  return link;
}

function drawPlace(content) {
  const place = make("div", "place", make("div", "map", makeIcon("place")));
  place.append(makeText("span", "head", content.name ?? "Location"));
  place.append(makeText("span", "foot", content.address ?? `${content.latitude}, ${content.longitude}`));
  return place;
}

function drawCard(card) {
  const name = card.name?.formatted_name ?? "Contact";
  const avatar = make("span", "avatar", initialsOf(name));
  avatar.setAttribute("aria-hidden", "true");
  avatar.style.setProperty("--tint", tintOf(name));
  const job = [card.org?.title, card.org?.department, card.org?.company].filter(Boolean).join(", ");
  const phones = (card.phones ?? []).map(({ phone, type }) => [phone, type?.toLowerCase()].filter(Boolean).join(" · "));
  const more = [...(card.emails ?? []).map(({ email }) => email), ...(card.urls ?? []).map(({ url }) => url)];
  const lines = [job, ...phones, ...more].filter(Boolean).map((line) => makeText("span", "foot", line));
  return make("div", "card", avatar, make("div", "lines", makeText("span", "head", name), ...lines));
}

function drawOrder(order) {
  const lines = (order.product_items ?? []).map(({ product_retailer_id: id, quantity, item_price: price, currency }) =>
    make("li", "", make("span", "", `${quantity} × ${id}`), make("span", "foot", `${price} ${currency}`)),
  );
  const note = order.text ? [drawWords(order.text)] : [];
  return make("div", "order", make("span", "head", makeIcon("order"), `Order of ${countItems(order)}`), make("ul", "", ...lines), ...note);
}

function drawTemplate(content) {
  const cards = (content.cards ?? []).map((card) => make("div", "carousel-card", ...drawParts(card)));
  return [...drawParts(content), ...(cards.length ? [make("div", "carousel", ...cards)] : [])];
}

function drawParts({ header, header_file: file, body, footer }) {
  const parts = file ? drawHeaderFile(file) : [];
  if (header) parts.push(makeText("div", "head", header));
  if (body) parts.push(drawWords(body));
  if (footer) parts.push(makeText("div", "foot", footer));
  return parts;
}

function drawHeaderFile(file) {
  const inner = file[file.type] ?? {};
  return file.type === "location" ? [drawPlace(inner)] : drawMedia(file.type, inner);
}

function drawInteractive(content) {
  if (!content.action) return [make("span", "", describe({ type: "interactive", content }))];
  const { header, body, footer } = content;
  const file = header && header.type !== "text" ? header : null;
  return drawParts({ header: header?.text, header_file: file, body: body?.text, footer: footer?.text });
}
