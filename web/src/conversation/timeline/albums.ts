import { isPending } from "@wagraph/client/apollo";
import { findDay } from "../../language/times.js";
import type { MessageItem, TimelineItem } from "./timeline_rows.js";

/** Time between two photos that still belong together. */
const GAP_MILLISECONDS = 2 * 60_000;

/** Puts photos and videos that were sent in a row into one group; all other items are alone. Old to new. */
export function groupAlbums(items: readonly TimelineItem[]): TimelineItem[][] {
  const groups: TimelineItem[][] = [];
  for (const item of items) {
    const group = groups.at(-1);
    if (group && joins(group.at(-1)!, item)) group.push(item);
    else groups.push([item]);
  }
  return groups;
}

function joins(previous: TimelineItem, item: TimelineItem): boolean {
  if (!isPlainPicture(previous) || !isPlainPicture(item)) return false;
  const gap = Date.parse(item.timestamp) - Date.parse(previous.timestamp);
  const isOfSame = previous.direction === item.direction && findSender(previous) === findSender(item);
  return isOfSame && gap < GAP_MILLISECONDS && findDay(previous.timestamp) === findDay(item.timestamp);
}

/** Returns true for a photo or video whose bubble has nothing else. Reactions are shown on the picture. */
function isPlainPicture(item: TimelineItem): item is MessageItem {
  if (item.__typename !== "Message" || isPending(item.id) || item.deletedAt) return false;
  const { content, status } = item;
  if (content?.__typename !== "MediaContent" || content.state !== "STORED" || !content.url) return false;
  const isPicture = content.kind === "IMAGE" || content.kind === "VIDEO";
  const hasMore = content.caption || item.replyTo || item.referral || item.forwarded;
  return isPicture && !hasMore && status !== "FAILED" && status !== "UNKNOWN";
}

function findSender({ sender }: MessageItem): string | null {
  switch (sender?.__typename) {
    case "AgentSender":
      return sender.agent.id;
    case "ApiKeySender":
      return sender.name;
    case "BusinessAppSender":
      return sender.account.id;
    default:
      return null;
  }
}
