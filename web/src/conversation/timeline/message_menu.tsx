import * as Dropdown from "@radix-ui/react-dropdown-menu";
import { useMutation } from "@apollo/client/react";
import { makeKey } from "@wagraph/client";
import { Copy, EllipsisVertical, Reply } from "lucide-react";
import { useCanWrite } from "../../connection/viewer.js";
import { SendDocument } from "../../generated/graphql.js";
import { useLanguage, useText } from "../../language/language.js";
import { formatMoment } from "../../language/times.js";
import { IconButton } from "../../parts/button.js";
import { reportFailure } from "../../parts/failures.js";
import { Menu, MenuItem, MenuLabel, MenuLine } from "../../parts/menu.js";
import { showToast } from "../../parts/toasts.js";
import { useConversationActions } from "../conversation_context.js";
import type { MessageItem } from "./timeline_rows.js";
import styles from "./message_menu.module.css";

/** Browsers have no clipboard on pages without TLS. */
const CAN_COPY = "clipboard" in navigator;
const EMOJI = ["👍", "❤️", "😂", "😮", "😢", "🙏"];

export function MessageMenu({ message }: { message: MessageItem }) {
  const text = useText();
  const canWrite = useCanWrite();
  const { reply } = useConversationActions();
  const copy = async () => {
    await navigator.clipboard.writeText(message.text!);
    showToast(text.message.copied);
  };
  return (
    <Menu
      align={message.direction === "OUTBOUND" ? "end" : "start"}
      trigger={<IconButton icon={EllipsisVertical} label={text.message.menu} className={styles.trigger} />}
    >
      {canWrite && <Emoji message={message} />}
      {canWrite && (
        <MenuItem icon={Reply} onSelect={() => reply(message)}>
          {text.message.reply}
        </MenuItem>
      )}
      {message.text && CAN_COPY && (
        <MenuItem icon={Copy} onSelect={() => void copy()}>
          {text.message.copy}
        </MenuItem>
      )}
      {message.direction === "OUTBOUND" && message.statusHistory.length > 0 && <Times message={message} />}
    </Menu>
  );
}

function Emoji({ message }: { message: MessageItem }) {
  const text = useText();
  const { conversationId } = useConversationActions();
  const [send] = useMutation(SendDocument);
  const own = message.reactions.find(({ contact }) => contact === null)?.emoji;
  const react = (emoji: string) => {
    // The same emoji again takes the reaction back.
    const reaction = { messageId: message.id, ...(emoji !== own && { emoji }) };
    const input = { to: { conversationId }, content: { reaction }, idempotencyKey: makeKey() };
    void reportFailure(text, send({ variables: { input } }));
  };
  return (
    <>
      <Dropdown.Group className={styles.emoji} aria-label={text.message.react}>
        {EMOJI.map((emoji) => (
          <Dropdown.Item
            key={emoji}
            className={styles.choice}
            data-own={emoji === own || undefined}
            aria-label={text.message.reactWith(emoji)}
            onSelect={() => react(emoji)}
          >
            {emoji}
          </Dropdown.Item>
        ))}
      </Dropdown.Group>
      <MenuLine />
    </>
  );
}

function Times({ message }: { message: MessageItem }) {
  const text = useText();
  const language = useLanguage();
  return (
    <>
      <MenuLine />
      <MenuLabel>{text.message.times}</MenuLabel>
      <dl className={styles.times}>
        {message.statusHistory.map(({ status, at }) => (
          <div key={status}>
            <dt>{text.status[status]}</dt>
            <dd>{formatMoment(language, at)}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}
