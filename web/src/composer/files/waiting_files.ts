import type { ApolloClient } from "@apollo/client";
import type { Attachment } from "./file_kinds.js";

const NONE: Attachment[] = [];

/** Unsent files by conversation. They are kept while the user is in another conversation. */
class WaitingFiles {
  readonly #lists = new Map<string, Attachment[]>();
  readonly #listeners = new Set<() => void>();

  /** Calls `listener` after each change; returns a function that unsubscribes it. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  get(conversationId: string): Attachment[] {
    return this.#lists.get(conversationId) ?? NONE;
  }

  change(conversationId: string, edit: (old: Attachment[]) => Attachment[]): void {
    this.#lists.set(conversationId, edit(this.get(conversationId)));
    for (const listener of this.#listeners) listener();
  }

  drop(): void {
    [...this.#lists.values()].flat().forEach(releasePreview);
    this.#lists.clear();
  }
}

/** Each session has a client of its own. */
const sessions = new WeakMap<ApolloClient, WaitingFiles>();

export function findWaitingFiles(apollo: ApolloClient): WaitingFiles {
  const files = sessions.get(apollo) ?? new WaitingFiles();
  sessions.set(apollo, files);
  return files;
}

/** Forgets the files of a session that ends. */
export const dropWaitingFiles = (apollo: ApolloClient): void => sessions.get(apollo)?.drop();

/** Lets the browser free a file's memory. URLs of the server stay as they are. */
export const releasePreview = ({ url }: Attachment): void => URL.revokeObjectURL(url);
