// The composer: text, replies, edits, attachments and voice messages.

import { ask, askForCard, askForFile, askForPlace, askForSticker, makeCard } from "./attach.js";
import { describe } from "../describe.js";
import { element } from "../dom.js";
import { makeItem, makeEmojiRow, openMenu } from "./menu.js";
import { startRecording, stopRecording } from "./record.js";
import { guard, postMessage, upload } from "../sandbox.js";
import { current, describeReply, describeSender } from "../state.js";

const text = element("text");
const drafts = new Map(); // conversation id → text
let target = null; // {kind: "reply" or "edit", message}

/** Sends a message of the chosen customer, as a reply if one is chosen. */
async function send(message, replyTo = target?.kind === "reply" ? target.message.id : null) {
  const conversation = current();
  const context = replyTo ? describeReply(conversation, replyTo) : {};
  setTarget(null);
  await postMessage("sandbox/inbound", { ...describeSender(conversation), ...message, ...context });
}

const sendGuarded = (message, replyTo) => guard(() => send(message, replyTo));

/** Sends what the customer pressed below a message. */
export const answer = (message, reply) => sendGuarded(reply, message.id);

export const act = {
  sendPlace: (message) => askForPlace((place) => sendGuarded(place, message.id)),
  sendOwnCard: (message) => {
    const { customer } = current();
    const card = makeCard(customer.name, customer.phone && `+${customer.phone}`);
    return sendGuarded({ type: "contacts", contacts: [card], raw: { origin: "contact_request" } }, message.id);
  },
};

const isEditable = ({ from_customer: own, type, content }) => own && (type === "text" || typeof content?.caption === "string");

/** Opens the options of a message: reactions, reply, copy, edit, delete. */
export function openOptions(message, button) {
  const items = [makeEmojiRow(message.reactions.customer, (emoji) => react(message, emoji))];
  items.push(makeItem("reply", "Reply", () => setTarget({ kind: "reply", message })));
  const words = message.content?.body ?? message.content?.caption;
  if (typeof words === "string") items.push(makeItem("copy", "Copy", () => guard(() => navigator.clipboard.writeText(words))));
  if (isEditable(message)) items.push(makeItem("edit", "Edit", () => setTarget({ kind: "edit", message })));
  if (message.from_customer) items.push(makeItem("delete", "Delete for everyone", () => remove(message)));
  openMenu(button, `Options: ${describe(message)}`, items);
}

const react = (message, emoji) =>
  guard(() => postMessage("sandbox/reaction", { ...describeSender(current()), message_id: message.id, emoji }));

const remove = ({ id }) => ask("delete", () => sendGuarded({ type: "revoke", revoke: { original_message_id: id } }));

function edit({ id, type }, words) {
  const changed = type === "text" ? { body: words } : { caption: words };
  return send({ type: "edit", edit: { original_message_id: id, message: { type, [type]: changed } } });
}

/** Chooses the message that is answered or edited; null for none. */
export function setTarget(chosen) {
  if (target?.kind === "edit") text.value = "";
  target = chosen;
  element("target").hidden = !chosen;
  if (!chosen) return showSend();
  element("target-kind").textContent = chosen.kind === "edit" ? "Edit the message" : "Reply to";
  element("target-text").textContent = describe(chosen.message);
  if (chosen.kind === "edit") text.value = chosen.message.content.body ?? chosen.message.content.caption;
  text.focus();
  return showSend();
}

/** Keeps the draft of the conversation that is left, and shows that of the chosen one. */
export function changeConversation(from, to) {
  if (!element("recorder").hidden) guard(() => endRecording(false));
  if (from) drafts.set(from, target?.kind === "edit" ? "" : text.value);
  setTarget(null);
  text.value = drafts.get(to) ?? "";
  showSend();
}

function showSend() {
  const isEmpty = !text.value.trim();
  element("send").hidden = isEmpty;
  element("record").hidden = !isEmpty;
  text.style.height = "auto";
  text.style.height = `${Math.min(text.scrollHeight, 140)}px`;
}

function submit() {
  const words = text.value.trim();
  if (!words || !current()) return;
  const { kind, message } = target ?? {};
  const work = kind === "edit" ? () => edit(message, words) : () => send({ type: "text", text: words });
  text.value = "";
  guard(work);
  showSend();
}

function openAttachments() {
  const conversation = current();
  openMenu(element("attach"), "Attach", [
    makeItem("photo", "Photo or video", () => element("media-file").click()),
    makeItem("document", "Document", () => element("document-file").click()),
    makeItem("place", "Location", () => askForPlace(sendGuarded)),
    makeItem("contact", "Contact", () => askForCard(sendGuarded)),
    makeItem("sticker", "Sticker", () => askForSticker(conversation, send)),
  ]);
}

function takeFile(input, asDocument) {
  const [file] = input.files;
  input.value = "";
  if (file) askForFile(file, { asDocument, conversation: current(), send: sendGuarded });
}

async function record() {
  if (!(await startRecording())) return;
  showRecorder(true);
  element("record-send").focus();
}

function showRecorder(isShown) {
  element("recorder").hidden = !isShown;
  element("compose").hidden = isShown;
}

async function endRecording(isSent) {
  const conversation = current();
  const file = await stopRecording();
  showRecorder(false);
  text.focus();
  if (!isSent) return;
  const id = await upload(file, conversation.phone_number_id);
  await send({ type: "audio", audio: { id, voice: true } });
}

/** Connects the composer's controls. */
export function startComposer() {
  element("compose").addEventListener("submit", (event) => (event.preventDefault(), submit()));
  text.addEventListener("input", showSend);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) (event.preventDefault(), submit());
    if (event.key === "Escape" && target) setTarget(null);
  });
  text.addEventListener("paste", (event) => {
    const [file] = event.clipboardData.files;
    if (file) (event.preventDefault(), askForFile(file, { conversation: current(), send: sendGuarded }));
  });
  element("attach").addEventListener("click", openAttachments);
  element("media-file").addEventListener("change", () => takeFile(element("media-file"), false));
  element("document-file").addEventListener("change", () => takeFile(element("document-file"), true));
  element("target-clear").addEventListener("click", () => (setTarget(null), text.focus()));
  element("record").addEventListener("click", () => guard(record));
  element("record-send").addEventListener("click", () => guard(() => endRecording(true)));
  element("record-cancel").addEventListener("click", () => guard(() => endRecording(false)));
}
