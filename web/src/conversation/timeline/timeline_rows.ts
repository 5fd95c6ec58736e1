import type { ConversationItem } from "@wagraph/client/react";
import type { ConversationQuery } from "../../generated/graphql.js";
import { findDay } from "../../language/times.js";
import { groupAlbums } from "./albums.js";

export type TimelineItem = ConversationItem<ConversationQuery>;
export type MessageItem = Extract<TimelineItem, { __typename: "Message" }>;

export interface TimelineRow {
  /** The item, or the first one of an album. */
  item: TimelineItem;
  /** All messages of an album, old to new. */
  album?: readonly MessageItem[];
  /** True if it is the first item of a day. */
  startsDay: boolean;
  /** True if the message before it is of the same side, within minutes. */
  continues: boolean;
}

const GROUP_MILLISECONDS = 5 * 60_000;

/** Returns the rows from old to new; `items` are newest first. */
export function buildRows(items: readonly TimelineItem[]): TimelineRow[] {
  return groupAlbums(items.toReversed()).map((group, index, groups) => {
    const item = group[0]!;
    const previous = groups[index - 1]?.at(-1);
    const startsDay = !previous || findDay(previous.timestamp) !== findDay(item.timestamp);
    const album = group.length > 1 && { album: group as MessageItem[] };
    return { item, ...album, startsDay, continues: !startsDay && isSameGroup(previous!, item) };
  });
}

function isSameGroup(previous: TimelineItem, item: TimelineItem): boolean {
  if (previous.__typename !== "Message" || item.__typename !== "Message") return false;
  const gap = Date.parse(item.timestamp) - Date.parse(previous.timestamp);
  return previous.direction === item.direction && gap < GROUP_MILLISECONDS;
}
