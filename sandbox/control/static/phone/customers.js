// The list of customers, and the dialog that adds one.

import { describe, iconOf, initialsOf, tintOf, whenOf } from "./describe.js";
import { arrange, element, make, makeIcon, makeText } from "./dom.js";
import { guard, post } from "./sandbox.js";
import { apply, countUnread, lastOf, listed, state } from "./state.js";

const drawn = new Map(); // conversation id → {item, version}

/** Draws the list, and only the rows that have changed since. */
export function drawCustomers() {
  const conversations = listed();
  arrange(element("customers"), conversations.map(drawItem));
  element("nobody").hidden = conversations.length > 0;
}

function drawItem(conversation) {
  const last = lastOf(conversation);
  const facts = [conversation.customer, conversation.is_typing, last, last && whenOf(last)];
  const version = JSON.stringify([...facts, countUnread(conversation), conversation.id === state.chosen]);
  const known = drawn.get(conversation.id);
  if (known?.version === version) return known.item;
  const item = known?.item ?? make("li", "");
  const hadFocus = item.contains(document.activeElement);
  item.replaceChildren(drawLink(conversation, last));
  if (hadFocus) item.firstChild.focus();
  drawn.set(conversation.id, { item, version });
  return item;
}

function drawLink(conversation, last) {
  const { customer } = conversation;
  const link = make("a", "customer");
  link.href = `#${encodeURIComponent(conversation.id)}`;
  if (conversation.id === state.chosen) link.setAttribute("aria-current", "true");
  const avatar = make("span", "avatar", initialsOf(customer.name));
  avatar.setAttribute("aria-hidden", "true");
  avatar.style.setProperty("--tint", tintOf(customer.key));
  const address = customer.phone ? `+${customer.phone}` : customer.username ? `@${customer.username}` : customer.user_id;
  link.title = address;
  link.append(avatar, make("span", "name", make("bdi", "", customer.name)), make("span", "when", last && whenOf(last)));
  if (conversation.is_typing) link.append(make("span", "last typing", "typing …"));
  else link.append(make("span", "last", ...drawLast(last, address)));
  const unread = countUnread(conversation);
  if (unread) {
    const badge = make("span", "unread", String(unread));
    badge.append(make("span", "hidden", " new"));
    link.append(badge);
  }
  return link;
}

function drawLast(last, address) {
  if (!last) return [address];
  const icon = iconOf(last);
  return [icon && makeIcon(icon), makeText("span", "", describe(last))];
}

/** `choose(id)` opens the conversation of a customer that was added. */
export function startAdding(choose) {
  const dialog = element("add-dialog");
  element("add").addEventListener("click", () => dialog.showModal());
  element("add-form").addEventListener("submit", (event) => {
    const form = event.target;
    const fields = Object.fromEntries(new FormData(form));
    guard(async () => {
      const added = await post("sandbox/customers", { ...fields, phone_number_id: element("number").value });
      apply({ conversation: added });
      form.reset();
      choose(added.id);
    });
  });
}
