import { Suspense, useState } from "react";
import { useConversationActions } from "../conversation/conversation_context.js";
import { PictureGrid } from "../gallery/picture_grid.js";
import { useGalleryText } from "../gallery/texts.js";
import { useGallery } from "../gallery/use_gallery.js";
import { Button } from "../parts/button.js";
import { Section } from "../parts/layout/section.js";
import { loadLater } from "../parts/load_later.js";
import styles from "./media_section.module.css";

const GalleryDialog = loadLater(async () => (await import("../gallery/gallery_dialog.js")).GalleryDialog);
const Lightbox = loadLater(async () => (await import("../gallery/lightbox.js")).Lightbox);

const SHOWN = 4;

interface MediaSectionProps {
  conversationId: string;
  /** Called before a message is brought into view, which the panel may cover. */
  onJump(): void;
}

/** The newest photos and videos, and the way to all files. */
export function MediaSection({ conversationId, onJump }: MediaSectionProps) {
  const words = useGalleryText();
  const { jumpTo } = useConversationActions();
  const { messages = [] } = useGallery(conversationId, "pictures");
  const [isOpen, setOpen] = useState(false);
  const [shown, setShown] = useState<(typeof messages)[number] | null>(null);
  const jump = (messageId: string) => {
    setOpen(false);
    onJump();
    void jumpTo(messageId);
  };
  return (
    <Section title={words.title} isPlain actions={<Button onClick={() => setOpen(true)}>{words.showAll}</Button>}>
      {messages.length > 0 && (
        <div className={styles.newest}>
          <PictureGrid messages={messages.slice(0, SHOWN)} onOpen={setShown} />
        </div>
      )}
      <Suspense fallback={null}>
        {isOpen && <GalleryDialog conversationId={conversationId} onJump={jump} onClose={() => setOpen(false)} />}
        {shown && (
          <Lightbox conversationId={conversationId} picture={shown} onJump={jump} onClose={() => setShown(null)} />
        )}
      </Suspense>
    </Section>
  );
}
