// Stores the messages of one webhook: contacts, conversations, messages, summaries, in this order and
// with writes that any repetition, at any moment and in any process, leaves equal.

import { ObjectId } from "mongodb";
import { findCorrespondents } from "./correspondents.mjs";
import { isDuplicate } from "./database.mjs";
import { applyPending } from "./reports.mjs";
import { summarize } from "./summaries.mjs";

const MEDIA = new Set(["image", "video", "audio", "document", "sticker"]);
const AMENDMENTS = new Set(["edit", "reaction", "revoke"]);
const KNOWN_KEYS = new Set(["id", "from", "timestamp", "type", "context", "referral", "group_id"]);

/** Those of the items that could not be applied. */
export async function applyMessages(database, items) {
  const read = items.map(readMessage);
  const fit = read.filter((item) => !item.reason);
  if (fit.length) await store(database, fit);
  return read.filter((item) => item.reason);
}

function readMessage(item) {
  const { id, from, timestamp, type } = item.value ?? {};
  const at = new Date(Number(timestamp) * 1000);
  const isReadable = id && /^\d{7,15}$/.test(from) && !Number.isNaN(at.getTime()) && type;
  // Amendments are no messages of their own; what is measured has none.
  if (!isReadable || AMENDMENTS.has(type)) return { ...item, reason: "INVALID_ITEM" };
  return { ...item, at, from };
}

async function store(database, items) {
  const conversations = await findCorrespondents(database, items);
  const messages = items.map((item) => build(item, conversations.get(item)));
  const stored = await insertAll(database.messages, messages);
  await clearReadOnPhone(database, items.map((item) => conversations.get(item)));
  await database.conversations.bulkWrite(
    stored.map((message) => ({
      updateOne: { filter: { _id: message.conversation_id }, update: summarize(message) },
    })),
    { ordered: false },
  );
  await Promise.all([applyPending(database, stored), addMedia(database, stored)]);
}

/** Each wamid is stored once; gives all of them as they are stored. */
async function insertAll(collection, messages) {
  const operations = messages.map(({ account_id, wamid, ...fields }) => ({
    updateOne: { filter: { account_id, wamid }, update: { $setOnInsert: fields }, upsert: true },
  }));
  let upserted;
  try {
    ({ upsertedIds: upserted } = await collection.bulkWrite(operations, { ordered: false }));
  } catch (error) {
    // The same message at the same moment in another webhook: theirs is there now.
    if (!error.writeErrors?.every(isDuplicate)) throw error;
    upserted = error.result?.upsertedIds ?? {};
  }
  const earlier = messages.filter((_message, position) => !(position in upserted));
  const fresh = messages.filter((_message, position) => position in upserted);
  if (!earlier.length) return fresh;
  // An earlier try may have ended before it noted them.
  const keys = earlier.map(({ account_id, wamid }) => ({ account_id, wamid }));
  return [...fresh, ...(await collection.find({ $or: keys }).toArray())];
}

/** What had been read on the business's own phone is not unread. */
async function clearReadOnPhone(database, conversations) {
  const read = conversations.filter((one) => one.phone_read_at);
  await Promise.all(
    read.map(({ _id, phone_read_at: at }) =>
      database.messages.updateMany(
        { conversation_id: _id, unread: true, timestamp: { $lte: at } },
        { $set: { unread: false } },
      ),
    ),
  );
}

async function addMedia(database, messages) {
  const pending = messages.filter((message) => message.media_state === "PENDING");
  if (!pending.length) return;
  const operations = pending.map((message) => ({
    updateOne: {
      filter: { _id: message._id },
      update: { $setOnInsert: buildMedia(message) },
      upsert: true,
    },
  }));
  await database.media.bulkWrite(operations, { ordered: false });
}

const buildMedia = ({ _id, account_id, conversation_id, type, content }) => ({
  account_id,
  conversation_id,
  message_id: _id,
  kind: type,
  media_id: content.id,
  stated_type: content.mime_type ?? null,
  stated_sha256: content.sha256 ?? null,
  filename: content.filename ?? null,
  state: "PENDING",
  attempts: 0,
  next_attempt_at: new Date(),
  fence: 0,
});

function readText(type, content) {
  const found = content?.body ?? content?.caption ?? content?.name ?? content?.text;
  return typeof found === "string" && found ? found.slice(0, 4096) : `[${type}]`;
}

function build({ value, at }, conversation) {
  const { id, type, context, group_id: groupId, referral } = value;
  const content = value[type];
  const isObject = typeof content === "object" && content !== null && !Array.isArray(content);
  const isWhole = isObject && Object.keys(value).every((key) => key === type || KNOWN_KEYS.has(key));
  return {
    _id: new ObjectId(),
    account_id: conversation.account_id,
    conversation_id: conversation._id,
    contact_id: conversation.contact_id,
    direction: "INBOUND",
    type,
    content: isObject ? content : type === "contacts" ? { contacts: content } : {},
    raw: isWhole ? null : JSON.stringify(value),
    text: readText(type, content),
    media_state: MEDIA.has(type) && content?.id ? "PENDING" : null,
    upload_id: null,
    media_renewed: false,
    wamid: id,
    timestamp: at,
    unread: type !== "system",
    status_times: { received: at },
    status_rank: 0,
    unknown_statuses: [],
    errors: [],
    pricing: null,
    billing_conversation: null,
    reply_to_wamid: context?.id ?? null,
    referred_product: context?.referred_product ?? null,
    forwarded: Boolean(context?.forwarded || context?.frequently_forwarded),
    frequently_forwarded: Boolean(context?.frequently_forwarded),
    referral: referral ?? null,
    group_id: groupId ?? null,
    reactions: [],
    edited_at: null,
    edit_wamid: null,
    original: null,
    deleted_at: null,
    sent_by: null,
    idempotency_key: null,
    input_digest: null,
    retry_of: null,
    lane_number: null,
    outbox_state: null,
    lane_fence: null,
    hold_until: null,
    attempts: 0,
    refusals: 0,
    created_at: new Date(),
  };
}
