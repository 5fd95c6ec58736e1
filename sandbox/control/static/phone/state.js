// What the page knows: numbers, conversations with their messages, and what was looked at.

import { call } from "./sandbox.js";
import { element } from "./dom.js";

export const state = {
  numbers: [],
  conversations: new Map(), // id → {…, messages: Map}
  chosen: null, // conversation id
};
const seen = new Map(); // conversation id → ids of the business's messages that were looked at
const loads = new Set(); // of each load, the changes that came meanwhile: its answer may lack them

export async function load() {
  const changes = [];
  loads.add(changes);
  try {
    const { numbers } = await call("sandbox/numbers");
    const { conversations } = await call("sandbox/conversations");
    replaceAll(numbers, conversations);
  } finally {
    loads.delete(changes);
  }
  changes.forEach(apply);
}

function replaceAll(numbers, conversations) {
  state.numbers = numbers;
  state.conversations.clear();
  for (const each of conversations) {
    const messages = new Map(each.messages.map((message) => [message.id, message]));
    state.conversations.set(each.id, { ...each, messages });
    if (!seen.has(each.id)) seen.set(each.id, new Set(messages.keys()));
  }
}

/** Applies a change, such as an event of the stream. Returns false if its number is not known yet. */
export function apply(change) {
  for (const changes of loads) changes.push(change);
  const { conversation, message } = change;
  if (!state.numbers.some((each) => each.phone_number_id === conversation.phone_number_id)) return false;
  const messages = state.conversations.get(conversation.id)?.messages ?? new Map();
  if (message) messages.set(message.id, message);
  state.conversations.set(conversation.id, { ...conversation, messages });
  return true;
}

export const current = () => state.conversations.get(state.chosen);
export const lastOf = (conversation) => [...conversation.messages.values()].at(-1);

export const listed = () =>
  [...state.conversations.values()]
    .filter((each) => each.phone_number_id === element("number").value)
    .sort((one, other) => (lastOf(other)?.timestamp ?? 0) - (lastOf(one)?.timestamp ?? 0));

export function countUnread(conversation) {
  const looked = seen.get(conversation.id);
  const isNew = (message) => !message.from_customer && !looked?.has(message.id);
  return [...conversation.messages.values()].filter(isNew).length;
}

export const markSeen = (conversation) => seen.set(conversation.id, new Set(conversation.messages.keys()));

export const numberOf = (conversation) =>
  state.numbers.find((each) => each.phone_number_id === conversation?.phone_number_id);

/** The fields of a message that say who writes to whom. */
export function describeSender({ customer, phone_number_id }) {
  const from = customer.phone ? { from: customer.phone } : { user_id: customer.user_id };
  return { ...from, name: customer.name, phone_number_id };
}

/** Returns the context of a message that answers another. */
export const describeReply = (conversation, messageId) => ({
  context: { from: numberOf(conversation).display_phone_number.replace(/\D/g, ""), id: messageId },
});
