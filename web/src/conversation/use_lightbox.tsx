import { Suspense, useCallback, useEffect, useRef, useState, type ReactNode } from "react";
import { readMedia, type MediaMessage } from "../gallery/use_gallery.js";
import { loadLater } from "../parts/load_later.js";
import type { TimelineItem } from "./timeline/timeline_rows.js";

const Lightbox = loadLater(async () => (await import("../gallery/lightbox.js")).Lightbox);

/** The large photo or video of a conversation, and the function that shows one. */
export function useLightbox(
  conversationId: string,
  items: readonly TimelineItem[],
  jumpTo: (messageId: string) => Promise<void>,
): [lightbox: ReactNode, showPicture: (messageId: string) => void] {
  const [picture, setPicture] = useState<MediaMessage | null>(null);
  const current = useRef(items);
  useEffect(() => void (current.current = items));
  const showPicture = useCallback((messageId: string) => {
    const message = current.current.find((item) => item.id === messageId);
    if (message?.__typename === "Message") setPicture(readMedia(message)[0] ?? null);
  }, []);
  const lightbox = picture && (
    <Suspense fallback={null}>
      <Lightbox
        conversationId={conversationId}
        picture={picture}
        onJump={(id) => void jumpTo(id)}
        onClose={() => setPicture(null)}
      />
    </Suspense>
  );
  return [lightbox, showPicture];
}
