// The summary of a conversation, which any order and any repetition of messages leaves equal: the
// same updates as in whatsapp/conversations/conversations.py.

const NOT_WRITTEN = new Set(["edit", "reaction", "revoke", "system"]);
const NEWEST_KEPT = 10;
const TIMESTAMP_STEP_MS = 1000;

/** The update of the conversation by one message. */
export function summarize(message) {
  const { _id, timestamp } = message;
  const isNewest = { $gt: [[timestamp, _id], ["$last_message_at", "$last_message_id"]] };
  const isFirst = { $eq: [{ $ifNull: ["$last_message_at", null] }, null] };
  const summary = {
    last_message_id: { $cond: [isNewest, _id, "$last_message_id"] },
    last_message_at: { $cond: [isNewest, timestamp, "$last_message_at"] },
    last_activity_at: {
      $cond: [isFirst, timestamp, { $max: ["$last_activity_at", timestamp] }],
    },
    ...(message.direction === "INBOUND" && summarizeInbound(message)),
  };
  const changes = Object.entries(summary).map(([name, value]) => ({ $ne: [`$${name}`, value] }));
  const updatedAt = { $cond: [{ $or: changes }, new Date(), "$updated_at"] };
  return [{ $set: { ...summary, updated_at: updatedAt } }];
}

function summarizeInbound({ _id, type, timestamp, unread, group_id: groupId }) {
  const reopens = {
    $and: [
      { $eq: ["$status", "CLOSED"] },
      { $gt: [new Date(timestamp.getTime() + TIMESTAMP_STEP_MS), "$closed_at"] },
    ],
  };
  const summary = {
    status: { $cond: [reopens, "OPEN", "$status"] },
    closed_at: { $cond: [reopens, null, "$closed_at"] },
  };
  if (!NOT_WRITTEN.has(type) && !groupId) {
    summary.last_inbound_at = { $max: ["$last_inbound_at", timestamp] };
  }
  if (unread) {
    const joined = { $setUnion: [{ $ifNull: ["$newest_unread_ids", []] }, [_id]] };
    summary.newest_unread_ids = {
      $slice: [{ $sortArray: { input: joined, sortBy: -1 } }, NEWEST_KEPT],
    };
  }
  return summary;
}
