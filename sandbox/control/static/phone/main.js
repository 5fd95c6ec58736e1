// The customers' phones: state from the sandbox's JSON API, changes from its event stream.

import { startCall } from "./calls.js";
import { drawChat, jumpTo } from "./messages/chat.js";
import { act, answer, changeConversation, openOptions, startComposer } from "./composer/compose.js";
import { drawCustomers, startAdding } from "./customers.js";
import { initialsOf, tintOf } from "./describe.js";
import { element } from "./dom.js";
import { guard } from "./sandbox.js";
import { apply, current, listed, load, markSeen, numberOf, state } from "./state.js";

// Below this width the list and the chat are two views.
const isNarrow = window.matchMedia("(max-width: 760px)");
const actions = { act, answer, jump: jumpTo, openMenu: openOptions };

function draw() {
  const conversation = current();
  const isInView = conversation && document.visibilityState === "visible";
  if (isInView) markSeen(conversation);
  document.body.dataset.view = conversation ? "chat" : "list";
  drawCustomers();
  drawHead(conversation);
  drawChat(conversation, actions);
}

function drawHead(conversation) {
  const number = numberOf(conversation);
  const name = number?.verified_name ?? "";
  element("title").textContent = name || "Choose a customer";
  element("avatar").textContent = initialsOf(name);
  element("avatar").style.setProperty("--tint", tintOf(name));
  element("avatar").hidden = element("call").hidden = !conversation;
  element("subtitle").textContent = conversation ? describeState(conversation) : "";
  element("composer").hidden = !conversation;
}

function describeState({ is_typing: isTyping, is_blocked: isBlocked, customer }) {
  if (isTyping) return "typing …";
  return isBlocked ? "You are blocked" : `The phone of ${customer.name}`;
}

/** Shows the conversation that the address names. */
function follow() {
  const wanted = decodeURIComponent(location.hash.slice(1));
  const id = state.conversations.has(wanted) ? wanted : isNarrow.matches ? null : (listed()[0]?.id ?? null);
  const hasChanged = id !== state.chosen;
  if (hasChanged) changeConversation(state.chosen, id);
  state.chosen = id;
  draw();
  if (hasChanged && id === wanted && !isNarrow.matches) element("text").focus();
}

const choose = (id) => (location.hash = encodeURIComponent(id));

async function reload() {
  await load();
  drawNumbers();
  follow();
}

function drawNumbers() {
  const chosen = element("number").value;
  const wanted = state.conversations.get(decodeURIComponent(location.hash.slice(1)))?.phone_number_id ?? chosen;
  const options = state.numbers.map((each) => {
    const option = new Option(`${each.verified_name} · +${each.display_phone_number.replace(/^\+/, "")}`, each.phone_number_id);
    option.selected = each.phone_number_id === wanted;
    return option;
  });
  element("number").replaceChildren(...options);
  element("business").hidden = options.length < 2;
  element("add").disabled = false; // a customer writes to a number
}

function showLink(isLive) {
  element("link").textContent = isLive ? "live" : "reconnecting …";
  element("link").classList.toggle("live", isLive);
}

function listen() {
  const stream = new EventSource("sandbox/stream");
  stream.addEventListener("open", () => (showLink(true), guard(reload))); // also what happened while it was away
  stream.addEventListener("error", () => showLink(false));
  stream.addEventListener("message", ({ data }) => {
    if (!apply(JSON.parse(data))) return guard(reload);
    return state.chosen || isNarrow.matches ? draw() : follow();
  });
}

// "typing …" ends by itself.
function endTyping() {
  const ended = [...state.conversations.values()].filter((each) => each.is_typing && each.typing_until * 1000 < Date.now());
  for (const conversation of ended) conversation.is_typing = false;
  if (ended.length) draw();
}

element("number").addEventListener("change", () => {
  history.replaceState(null, "", location.pathname);
  follow();
});
element("call").addEventListener("click", () => startCall(current()));
document.addEventListener("click", ({ target }) => target.closest("[data-close]")?.closest("dialog").close("cancel"));
window.addEventListener("hashchange", follow);
document.addEventListener("visibilitychange", draw);
isNarrow.addEventListener("change", follow);
startComposer();
startAdding(choose);
setInterval(endTyping, 1000);
listen();
