// DataLoaders: what one operation needs of the same kind is read from the database at once.

import DataLoader from "dataloader";

const shown = (...names) => Object.fromEntries(names.map((name) => [name, 1]));

// The fields that the resolvers show. Messages are shown whole but for what can be large.
export const CONVERSATION = shown(
  "account_id", "contact_id", "status", "tags", "last_message_id",
  "last_inbound_at", "last_activity_at", "created_at",
);
export const CONTACT = shown(
  "account_id", "user_id", "wa_id", "phone_number", "profile_name", "username", "bsuid", "name",
  "tags", "blocked", "created_at", "updated_at",
);
export const USER = shown("account_ids", "name", "phone", "email", "external_id", "created_at");
export const MESSAGE = shown(
  "account_id", "conversation_id", "contact_id", "direction", "type", "content", "text",
  "media_state", "wamid", "timestamp", "status_times", "status_rank", "errors", "reactions",
  "edited_at", "deleted_at", "created_at",
);
const MEDIA = shown("account_id", "mime_type", "size_bytes", "erased_at");

const byKey = (id) => id.toHexString();

/** `cache` is off for subscriptions, whose context outlives many events. */
export function createLoaders(database, { cache = true } = {}) {
  const options = { cache, cacheKeyFn: byKey };
  const byId = (collection, projection) =>
    new DataLoader(async (ids) => {
      const found = await collection.find({ _id: { $in: ids } }, { projection }).toArray();
      return arrange(ids, found);
    }, options);
  return {
    contacts: byId(database.contacts, CONTACT),
    conversations: byId(database.conversations, CONVERSATION),
    media: byId(database.media, MEDIA),
    messages: byId(database.messages, MESSAGE),
    users: byId(database.users, USER),
    unreadCounts: new DataLoader((ids) => countUnread(database.messages, ids), options),
  };
}

function arrange(ids, documents) {
  const found = new Map(documents.map((document) => [byKey(document._id), document]));
  return ids.map((id) => found.get(byKey(id)) ?? null);
}

async function countUnread(messages, ids) {
  const groups = await messages
    .aggregate([
      { $match: { conversation_id: { $in: ids }, unread: true } },
      { $group: { _id: "$conversation_id", unread: { $sum: 1 } } },
    ])
    .toArray();
  return arrange(ids, groups).map((group) => group?.unread ?? 0);
}
