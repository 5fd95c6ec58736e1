import { usePresence } from "@wagraph/client/react";
import { useViewer } from "../connection/viewer.js";
import { PresenceDocument } from "../generated/graphql.js";
import { useText } from "../language/language.js";
import styles from "./presence_line.module.css";

/** The colleagues that look at the conversation or write in it. */
export function PresenceLine({ conversationId }: { conversationId: string }) {
  const text = useText();
  const ownId = useViewer().agent?.id;
  const colleagues = usePresence(PresenceDocument, conversationId).filter(({ agent }) => agent.id !== ownId);
  const nameAll = (viewers: typeof colleagues) => viewers.map(({ agent }) => agent.name).join(", ");
  const typing = colleagues.filter(({ isTyping }) => isTyping);
  const line = typing.length > 0 ? text.typing(nameAll(typing)) : colleagues.length > 0 ? text.viewing(nameAll(colleagues)) : "";
  return (
    <p className={styles.line} role="status">
      <bdi>{line}</bdi>
    </p>
  );
}
