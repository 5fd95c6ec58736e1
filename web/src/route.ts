import { useSyncExternalStore } from "react";

const CONVERSATION = "#/c/";
const MANAGE = "#/manage";

const join = (parts: readonly string[]): string => parts.map((part) => `/${encodeURIComponent(part)}`).join("");

/** The URL of a conversation, and optionally of a message in it. */
export const toConversationUrl = (conversationId: string, messageId?: string): string =>
  `#/c${join(messageId ? [conversationId, messageId] : [conversationId])}`;

/** The URL of a page of the administration, and of what it shows. */
export const toManageUrl = (...path: string[]): string => MANAGE + join(path);

export const INBOX_URL = "#/";

export interface Route {
  conversationId: string | null;
  /** The message to jump to. */
  messageId: string | null;
  /** Page of the administration and what it shows; null outside. */
  managePath: readonly string[] | null;
}

export function openConversation(conversationId: string | null): void {
  location.hash = conversationId ? toConversationUrl(conversationId) : INBOX_URL;
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(
    (listener) => {
      window.addEventListener("hashchange", listener);
      return () => window.removeEventListener("hashchange", listener);
    },
    () => location.hash,
  );
  if (hash === MANAGE || hash.startsWith(`${MANAGE}/`)) {
    return { conversationId: null, messageId: null, managePath: split(hash, MANAGE) };
  }
  if (!hash.startsWith(CONVERSATION)) return { conversationId: null, messageId: null, managePath: null };
  const [conversationId, messageId] = split(hash, CONVERSATION);
  return { conversationId: conversationId ?? null, messageId: messageId ?? null, managePath: null };
}

const split = (hash: string, start: string): string[] =>
  hash.slice(start.length).split("/").map(decode).filter(Boolean);

/** Decodes a part of the URL; "" if it is not encoded rightly. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}
