import { MessagesSquare } from "lucide-react";
import { Suspense, useState } from "react";
import { useDraftMoves } from "../composer/drafts.js";
import { OfflineBanner } from "../connection/offline_banner.js";
import { useText } from "../language/language.js";
import { EmptyState } from "../parts/empty_state.js";
import { loadAhead, loadLater } from "../parts/load_later.js";
import { useRoute } from "../route.js";
import { ListPane } from "./list_pane.js";
import { ShortcutHelp } from "./shortcut_help.js";
import { useShortcuts } from "./use_shortcuts.js";
import { useStoredView, ViewContext } from "./view.js";
import styles from "./inbox_page.module.css";

// The list is shown while the rest is loaded.
const loadConversation = () => import("../conversation/conversation_pane.js");
const DraftKeeper = loadLater(async () => (await import("../composer/draft_keeper.js")).DraftKeeper);
const ConversationPane = loadLater(async () => (await loadConversation()).ConversationPane);

export function InboxPage() {
  const text = useText();
  const { conversationId, messageId } = useRoute();
  const view = useStoredView();
  const draftMoves = useDraftMoves(conversationId);
  const [isHelpOpen, setHelpOpen] = useState(false);
  useShortcuts({ "?": () => setHelpOpen(true) });
  return (
    <ViewContext.Provider value={view}>
      <div className={styles.page} data-pane={conversationId ? "conversation" : "list"}>
        <OfflineBanner />
        <div className={styles.panes}>
          <ListPane onHelp={() => setHelpOpen(true)} />
          <main className={styles.main}>
            {conversationId ? (
              <Suspense fallback={null}>
                <ConversationPane key={`${conversationId} ${draftMoves}`} conversationId={conversationId} messageId={messageId} />
              </Suspense>
            ) : (
              <EmptyState icon={MessagesSquare} title={text.chooseConversation}>
                <p>{text.chooseConversationHelp}</p>
              </EmptyState>
            )}
          </main>
        </div>
        <Suspense fallback={null}>
          <DraftKeeper />
        </Suspense>
        {isHelpOpen && <ShortcutHelp onClose={() => setHelpOpen(false)} />}
      </div>
    </ViewContext.Provider>
  );
}

// After the first view, so that the first click finds it.
setTimeout(() => loadAhead(loadConversation), 500);
