import { useSyncExternalStore } from "react";

/** An upload of a message that is on its way. */
export interface Upload {
  /** The part that was sent, from 0 to 1. */
  share: number;
  cancel(): void;
}

const uploads = new Map<string, Upload>();
const listeners = new Set<() => void>();

/** Stores the progress of a pending message's file; null once it ended. */
export function setUpload(messageId: string, upload: Upload | null): void {
  if (upload) uploads.set(messageId, upload);
  else uploads.delete(messageId);
  listeners.forEach((listener) => listener());
}

export function useUpload(messageId: string): Upload | undefined {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => uploads.get(messageId),
  );
}
