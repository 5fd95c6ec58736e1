// The customers' phones: state from the sandbox's JSON API, changes from its event stream.
import { drawMessage, drawCustomer, describe, dayOf } from "./drawing.js";

const element = (id) => document.getElementById(id);
const EMOJI = ["👍", "❤️", "😂", "😮", "😢", "🙏"];
const conversations = new Map(); // id → {…, messages: Map}
const seen = new Map(); // conversation id → time of the newest message that was looked at
let numbers = [];
let chosen = null; // conversation id
let replyTo = null; // message id

async function call(path, options = {}) {
  const answer = await fetch(path, options);
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error ?? `The sandbox answered ${answer.status}.`);
  return body;
}

const post = (path, body) =>
  call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

async function guard(work) {
  try {
    await work();
    showProblem("");
  } catch (error) {
    showProblem(error.message);
  }
}

function showProblem(text) {
  element("problem").textContent = text;
  element("problem").hidden = !text;
}

async function load() {
  const number = element("number").value;
  numbers = (await call("sandbox/numbers")).numbers;
  const options = numbers.map((each) => {
    const option = new Option(`${each.verified_name} · +${each.display_phone_number.replace(/^\+/, "")}`, each.phone_number_id);
    option.selected = each.phone_number_id === number;
    return option;
  });
  element("number").replaceChildren(...options);
  conversations.clear();
  for (const each of (await call("sandbox/conversations")).conversations) {
    conversations.set(each.id, { ...each, messages: new Map(each.messages.map((message) => [message.id, message])) });
    if (!seen.has(each.id)) seen.set(each.id, each.messages.at(-1)?.timestamp ?? 0);
  }
  if (!conversations.has(chosen)) chosen = listed()[0]?.id ?? null;
  draw();
}

const lastOf = (conversation) => [...conversation.messages.values()].at(-1);
const listed = () =>
  [...conversations.values()]
    .filter((each) => each.phone_number_id === element("number").value)
    .sort((one, other) => (lastOf(other)?.timestamp ?? 0) - (lastOf(one)?.timestamp ?? 0));

function draw() {
  drawCustomers();
  drawChat();
}

function drawCustomers() {
  const focused = document.activeElement?.dataset?.conversation;
  const rows = listed().map((each) => {
    const since = seen.get(each.id) ?? 0;
    const unread = [...each.messages.values()].filter((message) => !message.from_customer && message.timestamp > since);
    return drawCustomer(each, lastOf(each), { isChosen: each.id === chosen, unread: unread.length, choose });
  });
  element("customers").replaceChildren(...rows);
  element("nobody").hidden = rows.length > 0;
  if (focused) document.querySelector(`[data-conversation="${CSS.escape(focused)}"]`)?.focus();
}

function choose(id) {
  chosen = id;
  setReply(null);
  draw();
  element("text").focus();
}

function drawChat() {
  const conversation = conversations.get(chosen);
  const number = numbers.find((each) => each.phone_number_id === conversation?.phone_number_id);
  element("title").textContent = number?.verified_name ?? "Choose a customer";
  element("avatar").textContent = (number?.verified_name ?? "").slice(0, 1).toUpperCase();
  element("owner").textContent = conversation ? `The phone of ${conversation.customer.name}` : "";
  element("subtitle").textContent = conversation?.is_typing ? "typing …" : number ? "Business account" : "";
  element("compose").classList.toggle("off", !conversation);
  for (const control of element("compose").elements) control.disabled = !conversation;
  const messages = conversation ? [...conversation.messages.values()] : [];
  if (messages.length) seen.set(chosen, messages.at(-1).timestamp);
  const focused = document.activeElement?.closest?.("[data-message]")?.dataset.message;
  element("chat").replaceChildren(...drawRows(messages));
  if (focused) element("chat").querySelector(`[data-message="${CSS.escape(focused)}"] .acts button`)?.focus();
  element("chat").scrollTop = element("chat").scrollHeight;
}

function drawRows(messages) {
  if (!messages.length) {
    const empty = document.createElement("p");
    empty.className = "empty";
    empty.textContent = chosen ? "Write the first message as this customer." : "Add a customer, or choose one on the left.";
    return [empty];
  }
  const rows = [];
  let day = "";
  for (const message of messages) {
    if (dayOf(message) !== day) {
      day = dayOf(message);
      const separator = document.createElement("div");
      separator.className = "day";
      separator.textContent = day;
      rows.push(separator);
    }
    const quoted = conversations.get(chosen).messages.get(message.reply_to);
    rows.push(drawMessage(message, { quoted, openEmoji, reply: setReply, answer }));
  }
  return rows;
}

function setReply(message) {
  replyTo = message?.id ?? null;
  element("quote").hidden = !message;
  element("quote-text").textContent = message ? `Reply to: ${describe(message)}` : "";
  if (message) element("text").focus();
}

function sender() {
  const { customer, phone_number_id } = conversations.get(chosen);
  const from = customer.phone ? { from: customer.phone } : { user_id: customer.user_id };
  const context = replyTo ? { context: { from: numberOf(phone_number_id), id: replyTo } } : {};
  return { ...from, name: customer.name, phone_number_id, ...context };
}

const numberOf = (id) => numbers.find((each) => each.phone_number_id === id)?.display_phone_number.replace(/\D/g, "");

async function send(message) {
  const answer = await post("sandbox/inbound", { ...sender(), ...message });
  setReply(null);
  if (answer.webhook_status !== 200) {
    const reason = answer.webhook_status ? `answered ${answer.webhook_status}` : "was not reached";
    throw new Error(`The server ${reason}: ${answer.webhook_error ?? ""} The webhook is repeated.`);
  }
}

// A tap on a button, a list row, a form, a request or a template's quick reply.
function answer(message, choice) {
  const context = { context: { from: numberOf(conversations.get(chosen).phone_number_id), id: message.id } };
  guard(() => (choice.place ? askForPlace() : send({ ...(choice.card ? ownCard() : choice), ...context })));
}

function ownCard() {
  const { customer } = conversations.get(chosen);
  const phones = customer.phone ? [{ phone: `+${customer.phone}`, wa_id: customer.phone, type: "CELL" }] : [];
  const card = { name: { formatted_name: customer.name, first_name: customer.name }, phones };
  return { type: "contacts", contacts: [card], raw: { origin: "contact_request" } };
}

function openEmoji(message, button) {
  document.querySelector(".emoji")?.remove();
  const menu = document.createElement("div");
  menu.className = "emoji";
  menu.setAttribute("role", "group");
  menu.setAttribute("aria-label", "Choose a reaction");
  const close = () => button.focus(); // leaving the menu removes it
  for (const emoji of EMOJI) {
    const choice = document.createElement("button");
    choice.type = "button";
    choice.textContent = emoji;
    const isSet = message.reactions.customer === emoji;
    choice.setAttribute("aria-pressed", isSet);
    choice.addEventListener("click", () => {
      close();
      const { context, ...from } = sender();
      guard(() => post("sandbox/reaction", { ...from, message_id: message.id, emoji: isSet ? "" : emoji }));
    });
    menu.append(choice);
  }
  menu.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) menu.children[([...menu.children].indexOf(document.activeElement) + step + EMOJI.length) % EMOJI.length].focus();
    if (event.key === "Escape") close();
  });
  menu.addEventListener("focusout", (event) => {
    // Later, because an element must not go away while it loses the focus.
    if (!menu.contains(event.relatedTarget)) setTimeout(() => menu.remove());
  });
  document.body.append(menu);
  const box = button.getBoundingClientRect();
  menu.style.top = `${Math.max(8, box.top - 58)}px`;
  menu.style.left = `${Math.min(Math.max(8, box.left - 100), window.innerWidth - menu.offsetWidth - 8)}px`;
  menu.firstChild.focus();
}

function askForPlace() {
  const dialog = element("place-dialog");
  dialog.returnValue = "cancel";
  dialog.showModal();
}

element("place-dialog").addEventListener("close", () => {
  if (element("place-dialog").returnValue !== "send") return;
  const place = { latitude: Number(element("latitude").value), longitude: Number(element("longitude").value) };
  if (element("place-name").value) place.name = element("place-name").value;
  if (element("place-address").value) place.address = element("place-address").value;
  guard(() => send({ type: "location", location: place }));
});

element("compose").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = element("text").value.trim();
  if (!text || !chosen) return;
  element("text").value = "";
  guard(() => send({ type: "text", text }));
});

element("photo").addEventListener("click", () => element("file").click());
element("place").addEventListener("click", askForPlace);
element("place-cancel").addEventListener("click", () => element("place-dialog").close("cancel"));
element("quote-clear").addEventListener("click", () => (setReply(null), element("text").focus()));

element("file").addEventListener("change", () => {
  const [file] = element("file").files;
  if (!file) return;
  const caption = element("text").value.trim();
  element("text").value = element("file").value = "";
  guard(async () => {
    const form = new FormData();
    form.append("phone_number_id", conversations.get(chosen).phone_number_id);
    form.append("file", file);
    const { id } = await call("sandbox/media", { method: "POST", body: form });
    await send({ type: "image", image: caption ? { id, caption } : { id } });
  });
});

element("number").addEventListener("change", () => {
  chosen = listed()[0]?.id ?? null;
  draw();
});

element("add").addEventListener("submit", (event) => {
  event.preventDefault();
  const fields = Object.fromEntries(new FormData(event.target));
  guard(async () => {
    const added = await post("sandbox/customers", { ...fields, phone_number_id: element("number").value });
    if (!conversations.has(added.id)) conversations.set(added.id, { ...added, messages: new Map() });
    event.target.reset();
    choose(added.id);
  });
});

function listen() {
  const stream = new EventSource("sandbox/stream");
  stream.addEventListener("open", () => {
    element("link").textContent = "live";
    element("link").classList.add("live");
    guard(load); // whatever happened while the stream was away
  });
  stream.addEventListener("error", () => {
    element("link").textContent = "reconnecting …";
    element("link").classList.remove("live");
  });
  stream.addEventListener("message", (event) => take(JSON.parse(event.data)));
}

function take({ conversation, message }) {
  if (!numbers.some((each) => each.phone_number_id === conversation.phone_number_id)) return guard(load);
  const known = conversations.get(conversation.id);
  const messages = known?.messages ?? new Map();
  if (message) messages.set(message.id, message);
  conversations.set(conversation.id, { ...conversation, messages });
  if (!known && !seen.has(conversation.id)) seen.set(conversation.id, 0);
  chosen ??= conversation.id;
  drawCustomers();
  if (conversation.id === chosen) drawChat();
}

// "typing …" ends by itself after 25 s.
setInterval(() => {
  const conversation = conversations.get(chosen);
  if (conversation?.is_typing && conversation.typing_until * 1000 < Date.now()) {
    conversation.is_typing = false;
    element("subtitle").textContent = "Business account";
  }
}, 1000);

listen();
