// Turns customers and messages into elements. Texts only ever go in as text, never as HTML.

const TINTS = ["#00796b", "#6a4fb3", "#b3541e", "#1a6fb5", "#a33a6b", "#4b7a1f", "#7a5c2e"];
const TICKS = { accepted: "✓", sent: "✓", delivered: "✓✓", read: "✓✓", played: "✓✓" };
const PIN =
  '<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="12" fill="#1a8f6a"/>' +
  '<path d="M12 19s5-4.5 5-8a5 5 0 1 0-10 0c0 3.5 5 8 5 8Z" fill="#fff"/><circle cx="12" cy="11" r="2" fill="#1a8f6a"/></svg>';

export function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

const timeOf = (message) =>
  new Date(message.timestamp * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
export const dayOf = (message) =>
  new Date(message.timestamp * 1000).toLocaleDateString([], { weekday: "long", day: "numeric", month: "long" });

// One line that says what a message is, for lists, quotes and screen readers.
export function describe(message) {
  const content = message.content ?? {};
  switch (message.type) {
    case "text": return content.body ?? "";
    case "image": return `📷 ${content.caption ?? "Photo"}`;
    case "video": return `🎬 ${content.caption ?? "Video"}`;
    case "audio": return "🎤 Voice message";
    case "document": return `📄 ${content.filename ?? "Document"}`;
    case "sticker": return "Sticker";
    case "location": return `📍 ${content.name ?? "Location"}`;
    case "contacts": return `👤 ${(Array.isArray(content) ? content : []).map((each) => each.name?.formatted_name).join(", ")}`;
    case "template": return content.body ?? content.name ?? "Template";
    case "interactive":
      return content.button_reply?.title ?? content.list_reply?.title ?? content.nfm_reply?.body ?? content.body?.text ?? "Message";
    case "button": return content.text ?? "";
    default: return `(${message.type})`;
  }
}

export function drawCustomer(conversation, last, { isChosen, unread, choose }) {
  const { customer } = conversation;
  const button = make("button");
  button.type = "button";
  button.dataset.conversation = conversation.id;
  if (isChosen) button.setAttribute("aria-current", "true");
  const avatar = make("span", "avatar", initials(customer.name));
  avatar.setAttribute("aria-hidden", "true");
  avatar.style.setProperty("--tint", TINTS[[...customer.key].reduce((sum, char) => sum + char.charCodeAt(0), 0) % TINTS.length]);
  const phone = customer.phone ? `+${customer.phone}` : customer.username ? `@${customer.username}` : customer.user_id;
  button.append(avatar, make("span", "name", customer.name), make("span", "when", last ? timeOf(last) : ""));
  button.append(make("span", "last", last ? describe(last) : phone));
  button.title = phone;
  if (unread) {
    const badge = make("span", "unread", unread);
    badge.setAttribute("aria-label", `${unread} new`);
    button.append(badge);
  }
  button.addEventListener("click", () => choose(conversation.id));
  const item = make("li");
  item.append(button);
  return item;
}

const initials = (name) => name.split(/\s+/).map((word) => [...word][0] ?? "").slice(0, 2).join("").toUpperCase();

export function drawMessage(message, { quoted, openEmoji, reply, answer }) {
  const row = make("div", `row ${message.from_customer ? "mine" : "theirs"}`);
  row.dataset.message = message.id;
  const bubble = make("div", "bubble");
  bubble.append(make("span", "hidden", message.from_customer ? "You: " : "Business: "));
  if (quoted) bubble.append(make("div", "quoted", describe(quoted)));
  bubble.append(...drawContent(message), drawMeta(message));
  bubble.append(...drawChoices(message, answer));
  if (message.status === "failed") bubble.append(make("div", "failed", `Not delivered: ${message.error ?? "failed"}`));
  const reactions = Object.values(message.reactions).join(" ");
  if (reactions) {
    row.classList.add("reacted");
    const shown = make("span", "reactions", reactions);
    shown.setAttribute("aria-label", `Reactions: ${reactions}`);
    bubble.append(shown);
  }
  row.append(bubble, drawActs(message, { openEmoji, reply }));
  return row;
}

function drawActs(message, { openEmoji, reply }) {
  const acts = make("div", "acts");
  const react = make("button", "", "☺");
  const quote = make("button", "", "↩");
  react.type = quote.type = "button";
  react.setAttribute("aria-label", `React to: ${describe(message)}`);
  quote.setAttribute("aria-label", `Reply to: ${describe(message)}`);
  react.addEventListener("click", () => openEmoji(message, react));
  quote.addEventListener("click", () => reply(message));
  acts.append(react, quote);
  return acts;
}

function drawMeta(message) {
  const meta = make("span", "meta", timeOf(message));
  const status = message.from_customer ? (message.is_read ? "read" : "delivered") : message.status;
  if (TICKS[status]) {
    const ticks = make("span", `ticks ${status}`, TICKS[status]);
    ticks.setAttribute("role", "img");
    ticks.setAttribute("aria-label", status);
    ticks.title = status;
    meta.append(ticks);
  }
  return meta;
}

function drawContent(message) {
  const content = message.content ?? {};
  switch (message.type) {
    case "image": case "sticker": return drawFile(content, message.type);
    case "location": return [drawPlace(content)];
    case "contacts": return (Array.isArray(content) ? content : []).map(drawCard);
    case "template": return drawParts(content.header, content.body, content.footer);
    case "interactive":
      if (!content.action) return [make("span", "", describe(message))];
      return [...drawHeaderFile(content.header), ...drawParts(content.header?.text, content.body?.text, content.footer?.text)];
    case "video": case "audio": case "document": return drawLink(content, describe(message));
    default: return [make("span", "", describe(message))];
  }
}

function drawFile(content, kind) {
  if (!content.id) return drawLink(content, kind === "image" ? "📷 Photo" : "Sticker");
  const image = make("img");
  image.src = `sandbox/media/${encodeURIComponent(content.id)}`;
  image.alt = content.caption ?? (kind === "image" ? "Photo" : "Sticker");
  return content.caption ? [image, make("span", "", content.caption)] : [image];
}

// Links of the business lead to other hosts, so nothing is loaded before somebody asks for it.
function drawLink(content, text) {
  const address = content.link ?? (content.id ? `sandbox/media/${encodeURIComponent(content.id)}` : "");
  if (!/^(https?:\/\/|sandbox\/media\/)/.test(address)) return [make("span", "", text)];
  const link = make("a", "", text);
  link.href = address;
  link.target = "_blank";
  link.rel = "noreferrer";
  return content.caption ? [link, make("div", "", content.caption)] : [link];
}

function drawPlace(content) {
  const place = make("div", "place");
  place.innerHTML = PIN;
  place.append(make("span", "head", content.name ?? "Location"));
  place.append(make("span", "foot", content.address ?? `${content.latitude}, ${content.longitude}`));
  return place;
}

function drawCard(card) {
  const box = make("div", "card");
  box.append(make("span", "head", `👤 ${card.name?.formatted_name ?? "Contact"}`));
  const job = [card.org?.title, card.org?.department, card.org?.company].filter(Boolean).join(", ");
  const lines = [job, ...(card.phones ?? []).map(({ phone, type }) => [phone, type?.toLowerCase()].filter(Boolean).join(" · "))];
  lines.push(...(card.emails ?? []).map(({ email }) => email), ...(card.urls ?? []).map(({ url }) => url));
  for (const line of lines.filter(Boolean)) box.append(make("span", "foot", line));
  return box;
}

const FILES = { image: "📷 Photo", video: "🎬 Video", document: "📄 Document" };

function drawHeaderFile(header) {
  const file = header?.[header.type];
  if (!FILES[header?.type] || !file) return [];
  return header.type === "image" ? drawFile(file, "image") : drawLink(file, file.filename ?? FILES[header.type]);
}

function drawParts(header, body, footer) {
  const parts = [];
  if (header) parts.push(make("div", "head", header));
  parts.push(make("div", "", body ?? ""));
  if (footer) parts.push(make("div", "foot", footer));
  return parts;
}

// What the customer can tap: reply buttons, list rows, links, forms, requests, quick replies of a template.
function drawChoices(message, answer) {
  if (message.from_customer) return [];
  const choices = listChoices(message);
  if (!choices.length) return [];
  const box = make("div", "choices");
  for (const { title, description, reply, label, address } of choices) {
    if (label) {
      box.append(make("span", "foot", label));
      continue;
    }
    if (address) {
      box.append(...drawLink({ link: address }, title));
      continue;
    }
    const button = make("button", "", title);
    button.type = "button";
    if (description) button.append(make("small", "", description));
    button.addEventListener("click", () => answer(message, reply));
    box.append(button);
  }
  return [box];
}

function listChoices({ type, content }) {
  if (type === "template")
    return (content.buttons ?? []).map((text) => ({ title: text, reply: { type: "button", button: { payload: content.payloads?.[text] ?? text, text } } }));
  if (type !== "interactive") return [];
  const { button: opener, buttons, sections, name, parameters } = content.action ?? {};
  if (content.type === "button")
    return (buttons ?? []).map(({ reply }) => ({ title: reply.title, reply: interactiveReply("button_reply", reply) }));
  if (content.type === "list")
    return [{ label: `☰ ${opener}` }, ...(sections ?? []).flatMap(listSection)];
  switch (name) {
    case "send_location": return [{ title: "Send location", reply: { place: true } }];
    case "request_contact_info": return [{ title: "Share contact info", reply: { card: true } }];
    case "cta_url": return [{ title: parameters?.display_text, address: parameters?.url }];
    case "flow": return [{ title: parameters?.flow_cta, reply: flowReply(parameters ?? {}) }];
    default: return [];
  }
}

const listSection = ({ title, rows }) => [
  ...(title ? [{ label: title }] : []),
  ...(rows ?? []).map((row) => ({ title: row.title, description: row.description, reply: interactiveReply("list_reply", row) })),
];

// The form is not drawn: tapping sends it back with what it began with.
function flowReply({ flow_token = "unused", flow_action_payload }) {
  const response = { ...flow_action_payload?.data, flow_token };
  return interactiveReply("nfm_reply", { name: "flow", body: "Sent", response_json: JSON.stringify(response) });
}

const interactiveReply = (kind, reply) => ({ type: "interactive", interactive: { type: kind, [kind]: reply } });
