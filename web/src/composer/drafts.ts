import { useSyncExternalStore } from "react";
import type { MessageItem } from "../conversation/timeline/timeline_rows.js";

const PREFIX = "wagraph.draft.";

/** Quote of the message that the draft answers. */
export type QuotedPart = Pick<MessageItem, "__typename" | "id" | "direction" | "type" | "text">;

/** Unsent text of a conversation. */
export interface Draft {
  text: string;
  /** True for a note, false for a reply, null if nothing is written. */
  isNote: boolean | null;
  quoted: QuotedPart | null;
  /** A message of the conversation: it moves to another one if their contacts are merged. */
  anchorId: string | null;
}

const EMPTY: Draft = { text: "", isNote: null, quoted: null, anchorId: null };

/** Drafts last as long as the tab. */
export function readDraft(conversationId: string): Draft {
  try {
    return { ...EMPTY, ...JSON.parse(sessionStorage.getItem(PREFIX + conversationId) ?? "{}") };
  } catch {
    return EMPTY;
  }
}

export function keepDraft(conversationId: string, { text, isNote, quoted, anchorId }: Draft): void {
  const key = PREFIX + conversationId;
  if (!text && !quoted) return sessionStorage.removeItem(key);
  sessionStorage.setItem(key, JSON.stringify({ text, isNote, quoted: quoted && pickQuoted(quoted), anchorId }));
}

/** The conversations that have drafts, with a message of each. */
export const listDrafts = (): { conversationId: string; anchorId: string | null }[] =>
  Object.keys(sessionStorage)
    .filter((key) => key.startsWith(PREFIX))
    .map((key) => key.slice(PREFIX.length))
    .map((conversationId) => ({ conversationId, anchorId: readDraft(conversationId).anchorId }));

/** Appends the draft of one conversation to the draft of another. */
export function moveDraft(fromId: string, toId: string): void {
  const [moved, there] = [readDraft(fromId), readDraft(toId)];
  const text = [there.text, moved.text].filter(Boolean).join("\n");
  // Of a note and a reply it becomes a note, which no customer sees.
  const isNote = there.text && moved.text ? Boolean(there.isNote) || Boolean(moved.isNote) : (there.isNote ?? moved.isNote);
  keepDraft(toId, { text, isNote, quoted: there.quoted ?? moved.quoted, anchorId: moved.anchorId });
  forgetDraft(fromId);
  moves.set(toId, (moves.get(toId) ?? 0) + 1);
  listeners.forEach((listener) => listener());
}

const moves = new Map<string, number>();
const listeners = new Set<() => void>();

/** The number of drafts that were moved to a conversation; a change makes the composer read its draft again. */
export const useDraftMoves = (conversationId: string | null): number =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => moves.get(conversationId ?? "") ?? 0,
  );

export const forgetDraft = (conversationId: string): void => keepDraft(conversationId, EMPTY);

const pickQuoted = ({ __typename, id, direction, type, text }: QuotedPart): QuotedPart => ({
  __typename,
  id,
  direction,
  type,
  text,
});
