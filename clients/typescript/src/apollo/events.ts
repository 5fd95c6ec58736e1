import type { ApolloCache, Reference } from "@apollo/client";
import {
  listChanges,
  listMessageChanges,
  placeInInbox,
  placeInTimeline,
  type Change,
  type ListKey,
  type LiveEvent,
  type ObjectKey,
} from "../changes.js";
import { isConversationOf, isMessageOf, isTimelineItemOf } from "./filters.js";
import { placeItem, type IsMember } from "./lists.js";
import { makePendingId } from "./order.js";

export type { LiveEvent } from "../changes.js";

/** Lists of the root that only the server can update, by the stored names of their fields. */
export type StaleLists = string[];

/** Updates the cached lists after an event whose objects are in the cache. Returns the lists to load again. */
export const applyEvent = (cache: ApolloCache, event: LiveEvent): StaleLists => apply(cache, listChanges(event));

/** Puts a message into the lists of its conversation, in the place of a pending one with its idempotency key. */
export const placeMessage = (cache: ApolloCache, message: Parameters<typeof listMessageChanges>[0]): StaleLists =>
  apply(cache, listMessageChanges(message));

/** Puts a message, note or change into the timeline of its conversation. */
export const placeTimelineItem = (
  cache: ApolloCache,
  type: "Message" | "Note" | "ConversationChange",
  item: { id: string; conversation: { id: string } },
): StaleLists => apply(cache, [placeInTimeline(type, item)]);

/** Puts a conversation into all lists of conversations, and removes it from those whose filter it does not meet. */
export const placeConversation = (cache: ApolloCache, conversation: { id: string }): StaleLists =>
  apply(cache, [placeInInbox(conversation)]);

/** Removes a message that was shown before the server had it. */
export function removePending(cache: ApolloCache, idempotencyKey: string): void {
  cache.evict({ id: identify(cache, { type: "Message", id: makePendingId(idempotencyKey) }) });
}

const apply = (cache: ApolloCache, changes: Change[]): StaleLists =>
  changes.flatMap((change) => applyChange(cache, change));

function applyChange(cache: ApolloCache, change: Change): StaleLists {
  switch (change.kind) {
    case "place":
      return placeObject(cache, change.object, change.list);
    case "settle":
      removePending(cache, change.idempotencyKey);
      return [];
    case "remove":
      removeObjects(cache, identify(cache, change.object), change.owning);
      return [];
    case "reload":
      return listStored(cache, change.field);
  }
}

const MEMBERS: Record<ListKey["field"], [type: string, isMember: IsMember]> = {
  messages: ["Message", isMessageOf],
  timeline: ["TimelineItem", isTimelineItemOf],
  conversations: ["Conversation", isConversationOf],
};

function placeObject(cache: ApolloCache, object: ObjectKey, { owner, field }: ListKey): StaleLists {
  const [type, isMember] = MEMBERS[field];
  const ownerId = owner ? identify(cache, owner) : "ROOT_QUERY";
  const stale = placeItem(cache, { owner: ownerId, field, type }, { __ref: identify(cache, object) }, isMember);
  if (!owner) return stale;
  // A list of an object that can't be updated is loaded again when it is shown.
  for (const fieldName of stale) cache.evict({ id: ownerId, fieldName });
  return [];
}

function identify(cache: ApolloCache, { type, id }: ObjectKey): string {
  return cache.identify({ __typename: type, id })!;
}

/** Removes an object, the objects that refer to it by `field`, and those that refer to these. */
function removeObjects(cache: ApolloCache, id: string, field: string | undefined): void {
  const removed = new Set([id]);
  const objects = field ? Object.entries(cache.extract() as Record<string, Record<string, unknown>>) : [];
  const refers = (value: unknown) => removed.has((value as Reference | undefined)?.__ref ?? "");
  for (const [key, object] of objects) if (refers(object[field!])) removed.add(key);
  for (const [key, object] of objects) if (refers(object["conversation"])) removed.add(key);
  for (const key of removed) cache.evict({ id: key });
  cache.gc();
}

/** Returns the stored names of a field of the root. */
function listStored(cache: ApolloCache, field: string): StaleLists {
  const root = (cache.extract() as Record<string, Record<string, unknown>>)["ROOT_QUERY"] ?? {};
  return Object.keys(root).filter((name) => name === field || name.startsWith(`${field}:`));
}
