import { useMutation } from "@apollo/client/react";
import { useConversation, useRetry } from "@wagraph/client/react";
import { SearchX, WifiOff } from "lucide-react";
import { Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Composer } from "../composer/composer.js";
import { readDraft, type QuotedPart } from "../composer/drafts.js";
import { nameContact } from "../contact/names.js";
import { useCanWrite } from "../connection/viewer.js";
import { ConversationDocument, MarkReadDocument } from "../generated/graphql.js";
import { useText } from "../language/language.js";
import { Button } from "../parts/button.js";
import { EmptyState } from "../parts/empty_state.js";
import { loadLater } from "../parts/load_later.js";
import { showToast } from "../parts/toasts.js";
import { openConversation } from "../route.js";
import { ConversationContext } from "./conversation_context.js";
import { ConversationHead } from "./conversation_head.js";
import { PresenceLine } from "./presence_line.js";
import { Timeline, type Target, type TimelineHandle } from "./timeline/timeline.js";
import { useLightbox } from "./use_lightbox.js";
import { usePageVisible } from "./use_page_visible.js";
import styles from "./conversation_pane.module.css";

const ContactPanel = loadLater(async () => (await import("../contact/contact_panel.js")).ContactPanel);

interface ConversationPaneProps {
  conversationId: string;
  /** The message to jump to. */
  messageId: string | null;
}

const WIDE = "(min-width: 80rem)";

export function ConversationPane({ conversationId, messageId }: ConversationPaneProps) {
  const text = useText();
  const { conversation, error, reach, ...history } = useConversation(ConversationDocument, conversationId);
  const timeline = useRef<TimelineHandle>(null);
  const [isAtEnd, setAtEnd] = useState(true);
  const [target, setTarget] = useState<Target | null>(null);
  const [quoted, setQuoted] = useState<QuotedPart | null>(() => readDraft(conversationId).quoted);
  const [isContactOpen, setContactOpen] = useState(() => matchMedia(WIDE).matches);
  const canWrite = useCanWrite();
  useMarkRead(conversationId, isAtEnd && canWrite ? (conversation?.unreadCount ?? 0) : 0);

  const jumpTo = useCallback(
    async (id: string) => {
      const isThere = await reach(id).catch(() => false);
      if (isThere) setTarget({ id });
      else showToast(text.messageNotFound);
    },
    [reach, text],
  );
  const isLoaded = conversation != null;
  useEffect(() => {
    if (messageId && isLoaded) void jumpTo(messageId);
  }, [messageId, isLoaded, jumpTo]);

  const [lightbox, showPicture] = useLightbox(conversationId, history.items, jumpTo);
  const contactName = conversation ? nameContact(text, conversation.contact) : "";
  const actions = useMemo(
    () => ({ conversationId, contactName, reply: setQuoted, jumpTo, showPicture }),
    [conversationId, contactName, jumpTo, showPicture],
  );

  if (conversation === null) {
    return (
      <EmptyState icon={SearchX} title={text.notFound}>
        <p>{text.notFoundHelp}</p>
        <LostDraft conversationId={conversationId} />
        <BackButton />
      </EmptyState>
    );
  }
  if (!conversation && error) {
    return (
      <EmptyState icon={WifiOff} title={text.unreachable}>
        <BackButton />
      </EmptyState>
    );
  }
  if (!conversation) return <div className={styles.pane} aria-busy />;
  return (
    <ConversationContext.Provider value={actions}>
      <section className={styles.pane} aria-label={contactName}>
        <ConversationHead
          conversation={conversation}
          isContactOpen={isContactOpen}
          onToggleContact={() => setContactOpen((isOpen) => !isOpen)}
        />
        <Timeline
          ref={timeline}
          history={history}
          unreadCount={conversation.unreadCount}
          target={target}
          onAtEnd={setAtEnd}
        />
        <PresenceLine conversationId={conversationId} />
        <Composer
          conversation={conversation}
          quoted={quoted}
          onQuote={setQuoted}
          onSend={() => timeline.current?.scrollToEnd()}
        />
      </section>
      {isContactOpen && (
        <Suspense fallback={<div className={styles.contact} />}>
          <ContactPanel conversation={conversation} onClose={() => setContactOpen(false)} />
        </Suspense>
      )}
      {lightbox}
    </ConversationContext.Provider>
  );
}

/** Draft of a deleted conversation, so that the user can copy it. */
function LostDraft({ conversationId }: { conversationId: string }) {
  const text = useText();
  const { text: lost } = readDraft(conversationId);
  if (!lost) return null;
  return (
    <figure className={styles.lost}>
      <figcaption>{text.youWrote}</figcaption>
      <blockquote dir="auto">{lost}</blockquote>
    </figure>
  );
}

function BackButton() {
  const text = useText();
  return <Button onClick={() => openConversation(null)}>{text.back}</Button>;
}

/** Marks the conversation as read while its newest message is in view. */
function useMarkRead(conversationId: string, unreadCount: number): void {
  const isVisible = usePageVisible();
  const [markRead, { error }] = useMutation(MarkReadDocument);
  const isDue = unreadCount > 0 && isVisible;
  const run = useCallback(async () => {
    if (isDue) await markRead({ variables: { conversationId } });
  }, [conversationId, isDue, markRead]);
  // Its failure is the next `error`.
  useEffect(() => void run().catch(() => {}), [run, unreadCount]);
  useRetry(error, run);
}
