import { Clock } from "lucide-react";
import { useEffect, useState } from "react";
import type { ConversationRowFragment } from "../generated/graphql.js";
import { useLanguage, useText } from "../language/language.js";
import { formatDuration } from "../language/times.js";
import { Button } from "../parts/button.js";
import { useComposerTexts } from "./texts.js";
import styles from "./window_notice.module.css";

export interface OpenWindow {
  isOpen: boolean;
  /** True if the customer never wrote. */
  isNew: boolean;
  /** The time that is left, in words. */
  left: string | null;
  /** True if little time is left. */
  isEnding: boolean;
}

const ENDING_MILLISECONDS = 60 * 60_000;
const TICK_MILLISECONDS = 20_000;

/** Follows the customer service window as time passes. */
export function useServiceWindow({ isOpen, expiresAt }: ConversationRowFragment["serviceWindow"]): OpenWindow {
  const language = useLanguage();
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MILLISECONDS);
    return () => clearInterval(timer);
  }, []);
  const milliseconds = expiresAt === null ? 0 : Date.parse(expiresAt) - now;
  const isStillOpen = isOpen && (expiresAt === null || milliseconds > 0);
  return {
    isOpen: isStillOpen,
    isNew: expiresAt === null,
    left: isStillOpen && milliseconds > 0 ? formatDuration(language, milliseconds) : null,
    isEnding: isStillOpen && milliseconds > 0 && milliseconds < ENDING_MILLISECONDS,
  };
}

interface WindowNoticeProps {
  window: OpenWindow;
  isBlocked: boolean;
  /** True if a reply was begun, which can't be sent now. */
  hasReply: boolean;
  onTemplate(): void;
  onKeepAsNote(): void;
}

/** Explains why no message can be written now, and what to do. */
export function WindowNotice({ window, isBlocked, hasReply, onTemplate, onKeepAsNote }: WindowNoticeProps) {
  const text = useText();
  const own = useComposerTexts();
  if (isBlocked) return <p className={styles.notice}>{text.composer.blocked}</p>;
  if (window.isOpen) return null;
  return (
    <div className={styles.notice}>
      <Clock size={16} aria-hidden />
      <p>
        {window.isNew ? text.composer.windowNeverOpen : text.composer.windowClosed} {hasReply && own.replyStays}
      </p>
      {hasReply && <Button onClick={onKeepAsNote}>{own.keepAsNote}</Button>}
      <Button onClick={onTemplate}>{text.composer.template}</Button>
    </div>
  );
}
