// Statuses of sent messages: a set of reports, which any order and any repetition leaves equal. One
// whose message is not known yet waits for it.

import { createHash } from "node:crypto";
import { ObjectId } from "mongodb";
import { readReported } from "./statuses.mjs";

const ERROR_ORDER = { code: 1, title: 1, details: 1, href: 1, retryable: 1 };

/** Those of the items that could not be read. */
export async function applyStatuses(database, items) {
  const reports = items.map(readReport);
  const fit = reports.filter((report) => !report.reason);
  if (fit.length) await record(database, fit);
  return reports.filter((report) => report.reason);
}

function readReport(item) {
  const { id, status, timestamp, biz_opaque_callback_data: ours, ...rest } = item.value ?? {};
  const at = new Date(Number(timestamp) * 1000);
  if (!id || typeof status !== "string" || Number.isNaN(at.getTime())) {
    return { ...item, reason: "INVALID_ITEM" };
  }
  return {
    ...item,
    accountId: item.account._id,
    wamid: id,
    messageId: /^[0-9a-f]{24}$/.test(ours) ? ObjectId.createFromHexString(ours) : null,
    change: {
      name: status,
      at,
      errors: (rest.errors ?? []).map(readError),
      pricing: sortKeys(rest.pricing ?? null),
      conversation: sortKeys(rest.conversation ?? null),
    },
  };
}

const readError = ({ code, title, message, error_data: data, href }) => ({
  code: code ?? 0,
  title: title ?? message ?? null,
  details: data?.details ?? message ?? null,
  href: href ?? null,
  retryable: false,
});

async function record(database, reports) {
  if (await applyAll(database, reports)) return;
  // Some messages are not known, or not by this wamid: their reports are kept, and tried once more,
  // because a message may have become known between our look and our write.
  const unknown = await listUnknown(database, reports);
  if (!unknown.length) return;
  await database.pendingUpdates.bulkWrite(unknown.map(keep), { ordered: false });
  const known = await listKnown(database, unknown);
  if (!known.length) return;
  await applyAll(database, known);
  await drop(database, known.map(identify));
}

/** Whether each of them found its message. */
async function applyAll(database, reports) {
  const operations = reports.map(({ accountId, wamid, messageId, change }) => ({
    updateOne: {
      filter: {
        account_id: accountId,
        direction: "OUTBOUND",
        ...(messageId ? { $or: [{ _id: messageId }, { account_id: accountId, wamid }] } : { wamid }),
      },
      update: [{ $set: { ...toFields(change), wamid: { $ifNull: ["$wamid", { $literal: wamid }] } } }],
    },
  }));
  const { matchedCount } = await database.messages.bulkWrite(operations, { ordered: false });
  return matchedCount === reports.length;
}

/** The pipeline stage of a report; outside text is a `$literal`, so that "$x" is no path. */
function toFields({ name, at, errors, pricing, conversation }) {
  // A status of a queued retry settles it.
  const isReady = { $eq: ["$outbox_state", "READY"] };
  const fields = { outbox_state: { $cond: [isReady, "DONE", "$outbox_state"] } };
  const status = readReported(name);
  if (status) {
    const reached = `status_times.${status.key}`;
    fields[reached] = { $min: [`$${reached}`, at] };
    fields.status_rank = { $max: ["$status_rank", status.rank] };
  } else {
    fields.unknown_statuses = unite("$unknown_statuses", [{ name, at }], { at: 1, name: 1 });
  }
  if (errors.length) fields.errors = unite("$errors", errors, ERROR_ORDER);
  if (pricing) fields.pricing = { $min: ["$pricing", { $literal: pricing }] };
  if (conversation) {
    fields.billing_conversation = { $min: ["$billing_conversation", { $literal: conversation }] };
  }
  return fields;
}

const unite = (stored, added, order) => ({
  $sortArray: {
    input: { $setUnion: [{ $ifNull: [stored, []] }, { $literal: added }] },
    sortBy: order,
  },
});

/** Equal objects must be equal in MongoDB too, where the order of keys counts. */
function sortKeys(value) {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.keys(value).sort().map((name) => [name, sortKeys(value[name])]));
}

async function listKnown(database, reports) {
  const keys = reports.map(({ accountId, wamid }) => ({ account_id: accountId, wamid }));
  const ids = reports.map(({ messageId }) => messageId).filter(Boolean);
  const found = await database.messages
    .find(
      { direction: "OUTBOUND", $or: [...keys, { _id: { $in: ids } }] },
      { projection: { wamid: 1 } },
    )
    .toArray();
  const known = new Set(found.flatMap(({ _id, wamid }) => [_id.toHexString(), wamid]));
  return reports.filter(
    ({ wamid, messageId }) => known.has(wamid) || (messageId && known.has(messageId.toHexString())),
  );
}

async function listUnknown(database, reports) {
  const known = new Set(await listKnown(database, reports));
  return reports.filter((report) => !known.has(report));
}

const identify = ({ accountId, wamid, change }) =>
  createHash("sha256")
    .update(JSON.stringify([accountId, wamid, "status", change]))
    .digest("hex");

const keep = (report) => ({
  updateOne: {
    filter: { _id: identify(report) },
    update: {
      $setOnInsert: {
        account_id: report.accountId,
        wamid: report.wamid,
        kind: "status",
        change: report.change,
        created_at: new Date(),
      },
    },
    upsert: true,
  },
});

const drop = (database, ids) => database.pendingUpdates.deleteMany({ _id: { $in: ids } });

/** Applies the statuses that waited for these messages. */
export async function applyPending(database, messages) {
  const accountIds = [...new Map(messages.map(({ account_id: id }) => [id.toHexString(), id])).values()];
  const waiting = await database.pendingUpdates
    .find({
      account_id: { $in: accountIds },
      wamid: { $in: messages.map(({ wamid }) => wamid) },
      kind: "status",
    })
    .toArray();
  if (!waiting.length) return;
  const reports = waiting.map(({ account_id: accountId, wamid, change }) => ({ accountId, wamid, change }));
  await applyAll(database, reports);
  await drop(database, waiting.map(({ _id }) => _id));
}
