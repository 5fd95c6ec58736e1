// Global ids as Relay writes them, and the cursors of lists: the same texts as wagraph's.

import { ObjectId } from "mongodb";
import { badInput } from "./access.mjs";

const GLOBAL_ID = /^([A-Za-z]+):([0-9a-f]{24})$/;

export const encodeId = (type, id) => Buffer.from(`${type}:${id.toHexString()}`).toString("base64");

/** The document's id; null where the text is none of this type. */
export function parseId(globalId, type) {
  const match = GLOBAL_ID.exec(Buffer.from(globalId, "base64").toString());
  return match?.[1] === type ? ObjectId.createFromHexString(match[2]) : null;
}

export const writeCursor = (order, at, id) =>
  Buffer.from(`["${order}",${at.getTime()},"${id.toHexString()}"]`).toString("base64url");

export function readCursor(order, cursor) {
  try {
    const [name, at, id] = JSON.parse(Buffer.from(cursor, "base64url").toString());
    if (name === order && Number.isInteger(at)) {
      return [new Date(at), ObjectId.createFromHexString(id)];
    }
  } catch {
    // Refused below.
  }
  throw badInput("Invalid cursor.");
}
