import { useMutation } from "@apollo/client/react";
import { isPending } from "@wagraph/client/apollo";
import { CircleAlert } from "lucide-react";
import { memo } from "react";
import { useCanWrite } from "../../connection/viewer.js";
import { RetryDocument } from "../../generated/graphql.js";
import type { Catalogue } from "../../language/en.js";
import { useLanguage, useText } from "../../language/language.js";
import { formatMoment, formatTime } from "../../language/times.js";
import { Button } from "../../parts/button.js";
import { reportFailure } from "../../parts/failures.js";
import { explainCode } from "../../parts/refusals/whatsapp_reasons.js";
import { MessageContent } from "../content/message_content.js";
import { useConversationActions } from "../conversation_context.js";
import { MessageMenu } from "./message_menu.js";
import { Quote } from "./quote.js";
import { Reactions } from "./reactions.js";
import { Ticks } from "./ticks.js";
import type { MessageItem } from "./timeline_rows.js";
import { UploadProgress } from "./upload_progress.js";
import styles from "./message_row.module.css";

interface MessageRowProps {
  message: MessageItem;
  /** True if it belongs to the group of the message above. */
  continues: boolean;
}

export const MessageRow = memo(function MessageRow({ message, continues }: MessageRowProps) {
  const text = useText();
  const { contactName } = useConversationActions();
  const isOut = message.direction === "OUTBOUND";
  const isPlain = message.content?.__typename === "MediaContent" && message.content.kind === "STICKER";
  const author = isOut ? nameSender(message) : contactName;
  return (
    <article className={styles.row} data-out={isOut || undefined} aria-label={text.message.from(author ?? text.you)}>
      <div className={styles.line}>
        <div className={styles.bubble} data-plain={isPlain || undefined} data-first={!continues || undefined}>
          {message.forwarded && <p className={styles.hint}>{text.message.forwarded}</p>}
          {message.referral && <Referral referral={message.referral} />}
          {message.replyTo && <Quote quoted={message.replyTo} />}
          {message.deletedAt ? (
            <p className={styles.deleted}>{text.message.deleted}</p>
          ) : (
            <MessageContent message={message} />
          )}
          <Footer message={message} author={isOut ? author : null} />
        </div>
        {!isPending(message.id) && !message.deletedAt && <MessageMenu message={message} />}
      </div>
      <Reactions messages={[message]} />
      {isPending(message.id) && <UploadProgress messageId={message.id} />}
      <Problem message={message} />
    </article>
  );
});

/** Author, time and ticks. */
export function Footer({ message, author }: { message: MessageItem; author: string | null }) {
  const text = useText();
  const language = useLanguage();
  const last = message.statusHistory.find(({ status }) => status === message.status);
  return (
    <footer className={styles.footer}>
      {author && <bdi>{author}</bdi>}
      {message.editedAt && <span>{text.message.edited}</span>}
      <time dateTime={message.timestamp} title={formatMoment(language, message.timestamp)}>
        {formatTime(language, message.timestamp)}
      </time>
      {message.direction === "OUTBOUND" && (
        <Ticks status={message.status} {...(last && { detail: formatMoment(language, last.at) })} />
      )}
    </footer>
  );
}

function Referral({ referral }: { referral: NonNullable<MessageItem["referral"]> }) {
  const text = useText();
  return (
    <div className={styles.referral}>
      <p className={styles.hint}>{text.message.fromAd}</p>
      <bdi>{referral.headline ?? referral.body ?? referral.sourceUrl}</bdi>
    </div>
  );
}

/** The reason why a message was not delivered, and the possible actions. */
function Problem({ message }: { message: MessageItem }) {
  const text = useText();
  const canWrite = useCanWrite();
  const [retry, { loading }] = useMutation(RetryDocument, { variables: { messageId: message.id } });
  const isFailed = message.status === "FAILED";
  if (!isFailed && message.status !== "UNKNOWN") return null;
  return (
    <div className={styles.problem}>
      <CircleAlert size={15} aria-hidden />
      <span>{isFailed ? explainFailure(text, message) : text.message.unknownOutcome}</span>
      {canWrite && (
        <Button disabled={loading} onClick={() => void reportFailure(text, retry())}>
          {text.message.sendAgain}
        </Button>
      )}
    </div>
  );
}

function explainFailure(text: Catalogue, { errors }: MessageItem): string {
  const [error] = errors;
  const reason = error && (explainCode(text, error.code) ?? error.details ?? error.title);
  return reason ? `${text.message.notSent}: ${reason}` : text.message.notSent;
}

export function nameSender({ sender }: MessageItem): string | null {
  switch (sender?.__typename) {
    case "AgentSender":
      return sender.agent.name;
    case "ApiKeySender":
      return sender.name;
    case "BusinessAppSender":
      return sender.account.name;
    default:
      return null;
  }
}
