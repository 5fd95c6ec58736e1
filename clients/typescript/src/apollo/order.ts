import type { FieldFunctionOptions, Reference } from "@apollo/client";

/** Reads a field of an object in the cache. */
export type ReadField = FieldFunctionOptions["readField"];

/** The place of an item in a list: a time in milliseconds, then an id. */
export type SortKey = readonly [time: number, id: string];

export interface Order {
  /** The field of an item that holds the time. */
  field: string;
  isDescending: boolean;
}

const NEWEST_MESSAGE: Order = { field: "timestamp", isDescending: true };
const NEWEST_ACTIVITY: Order = { field: "lastActivityAt", isDescending: true };
const ORDERS: Record<string, Record<string, Order>> = {
  Message: { default: NEWEST_MESSAGE },
  TimelineItem: { default: NEWEST_MESSAGE },
  Conversation: {
    default: NEWEST_ACTIVITY,
    NEWEST_ACTIVITY,
    OLDEST_ACTIVITY: { ...NEWEST_ACTIVITY, isDescending: false },
  },
};

/** Returns the order of a list by the type of its items and `orderBy`, or undefined if only the server knows it. */
export const findOrder = (type: string, orderBy: unknown): Order | undefined =>
  ORDERS[type]?.[typeof orderBy === "string" ? orderBy : "default"];

const PENDING = "pending:";
/** Added to a time in milliseconds, it is later than all others. */
const AFTER_ALL = 1e15;

/** Id of a message that the server does not have yet, by its idempotency key. */
export const makePendingId = (idempotencyKey: string): string => PENDING + idempotencyKey;

export const isPending = (id: unknown): boolean => String(id).startsWith(PENDING);

/** Returns the sort key of an item, or undefined if its time was not selected. */
export function readSortKey(order: Order, item: Reference, readField: ReadField): SortKey | undefined {
  const [id, time] = [readField("id", item), readField(order.field, item)];
  if (typeof id !== "string" || typeof time !== "string") return undefined;
  // Pending messages are the newest, in the order in which they were written.
  if (isPending(id)) return [AFTER_ALL + Date.parse(time), id];
  return [Date.parse(time), decode(id).split(":").at(-1) ?? ""];
}

/** Returns the sort key in a cursor of a list, or undefined if it is not one of this kind. */
export function readCursor(cursor: unknown): SortKey | undefined {
  if (typeof cursor !== "string" || cursor === "") return undefined;
  const [, time, id] = JSON.parse(decode(cursor)) as unknown[];
  return typeof time === "number" && typeof id === "string" ? [time, id] : undefined;
}

/** Returns the cursor of a sort key in the list that a cursor belongs to. */
export function makeCursor(cursor: string, key: SortKey): string {
  const [name] = JSON.parse(decode(cursor)) as unknown[];
  return btoa(JSON.stringify([name, ...key])).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** Returns a negative number if the item with key `one` is shown above that with key `other`. */
export function compare({ isDescending }: Order, one: SortKey, other: SortKey): number {
  const ascending = Math.sign(one[0] - other[0]) || (one[1] < other[1] ? -1 : Number(one[1] > other[1]));
  return isDescending ? -ascending : ascending;
}

/** Decodes base64, URL-safe or not. */
function decode(text: string): string {
  return atob(text.replaceAll("-", "+").replaceAll("_", "/"));
}
