// The same MongoDB as wagraph's, with the same promises: majority and journal, bounded waiting.

import { MongoClient } from "mongodb";

export async function openDatabase(uri, name) {
  const client = new MongoClient(uri, {
    writeConcern: { w: "majority", journal: true },
    retryWrites: true,
    retryReads: true,
    serverSelectionTimeoutMS: 3000,
    connectTimeoutMS: 3000,
    socketTimeoutMS: 10_000,
    appName: "wagraph-peer",
  });
  await client.connect();
  const database = client.db(name);
  await createIndexes(database);
  return {
    client,
    accounts: database.collection("accounts"),
    apiKeys: database.collection("api_keys"),
    contacts: database.collection("contacts"),
    conversations: database.collection("conversations"),
    lanes: database.collection("lanes"),
    media: database.collection("media"),
    messages: database.collection("messages"),
    parkedItems: database.collection("parked_items"),
    pendingUpdates: database.collection("pending_updates"),
    users: database.collection("users"),
    webhookEvents: database.collection("webhook_events"),
  };
}

const IS_ACTIVE = { outbox_state: { $in: ["READY", "SENDING", "HOLDING"] } };

/** Of the outbox, which wagraph does not have: all other indexes are there. */
async function createIndexes(database) {
  await database.collection("messages").createIndex({ conversation_id: 1, lane_number: 1 }, { partialFilterExpression: IS_ACTIVE });
  await database
    .collection("lanes")
    .createIndex({ next_attempt_at: 1, account_id: 1 }, { partialFilterExpression: { next_attempt_at: { $type: "date" } } });
}

export const DUPLICATE_KEY = 11000;
export const isDuplicate = (error) => error?.code === DUPLICATE_KEY;
