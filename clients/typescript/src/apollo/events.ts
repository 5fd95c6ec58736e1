import type { ApolloCache, Reference } from "@apollo/client";
import { isConversationOf, isMessageOf } from "./filters.js";
import { placeItem } from "./lists.js";
import { makePendingId } from "./order.js";

/** An event of the subscription `events`, as far as the lists depend on it. */
export interface LiveEvent {
  __typename?: string;
  [field: string]: any;
}

/** Lists of the root that only the server can update, by the stored names of their fields. */
export type StaleLists = string[];

/**
 * Updates the cached lists after an event whose objects are in the cache. Returns the lists to load again.
 *
 * A type that this version does not know changes nothing.
 */
export function applyEvent(cache: ApolloCache, event: LiveEvent): StaleLists {
  switch (event.__typename) {
    case "MessageAdded":
      return placeMessage(cache, event["message"]);
    case "ConversationUpdated":
      return placeConversation(cache, event["conversation"]);
    case "ContactUpdated":
      return listStored(cache, "contacts");
    case "UserUpdated":
      return listStored(cache, "users");
    case "TemplateUpdated":
      return listStored(cache, "templates");
    case "ContactDeleted":
      removeObjects(cache, "contact", identify(cache, "Contact", event["contactId"]));
      return [];
    case "AccountDeleted":
      removeObjects(cache, "account", identify(cache, "Account", event["account"].id));
      return [];
    default:
      return [];
  }
}

/** Puts a message into the lists of its conversation, in the place of a pending one with its idempotency key. */
export function placeMessage(
  cache: ApolloCache,
  message: { id: string; idempotencyKey?: string | null; conversation: { id: string } },
): StaleLists {
  if (message.idempotencyKey) removePending(cache, message.idempotencyKey);
  const owner = identify(cache, "Conversation", message.conversation.id);
  const item = { __ref: identify(cache, "Message", message.id) };
  placeItem(cache, { owner, field: "messages", type: "Message" }, item, isMessageOf).forEach((name) =>
    // A list that can't be updated is loaded again when it is shown.
    cache.evict({ id: owner, fieldName: name }),
  );
  return [];
}

/** Puts a conversation into all lists of conversations, and removes it from those whose filter it does not meet. */
export function placeConversation(cache: ApolloCache, conversation: { id: string }): StaleLists {
  const item = { __ref: identify(cache, "Conversation", conversation.id) };
  return placeItem(cache, { owner: "ROOT_QUERY", field: "conversations", type: "Conversation" }, item, isConversationOf);
}

/** Removes a message that was shown before the server had it. */
export function removePending(cache: ApolloCache, idempotencyKey: string): void {
  cache.evict({ id: identify(cache, "Message", makePendingId(idempotencyKey)) });
}

function identify(cache: ApolloCache, __typename: string, id: string): string {
  return cache.identify({ __typename, id })!;
}

/** Removes an object, the objects that refer to it by `field`, and those that refer to these. */
function removeObjects(cache: ApolloCache, field: string, id: string): void {
  const removed = new Set([id]);
  const objects = Object.entries(cache.extract() as Record<string, Record<string, unknown>>);
  const refers = (value: unknown) => removed.has((value as Reference | undefined)?.__ref ?? "");
  for (const [key, object] of objects) if (refers(object[field])) removed.add(key);
  for (const [key, object] of objects) if (refers(object["conversation"])) removed.add(key);
  for (const key of removed) cache.evict({ id: key });
  cache.gc();
}

/** Returns the stored names of a field of the root. */
function listStored(cache: ApolloCache, field: string): StaleLists {
  const root = (cache.extract() as Record<string, Record<string, unknown>>)["ROOT_QUERY"] ?? {};
  return Object.keys(root).filter((name) => name === field || name.startsWith(`${field}:`));
}
