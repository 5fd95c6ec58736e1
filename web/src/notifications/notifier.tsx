import { useApolloClient } from "@apollo/client/react";
import { useLiveEvents } from "@wagraph/client/react";
import { useEffect, useRef } from "react";
import { useViewer } from "../connection/viewer.js";
import { nameContact } from "../contact/names.js";
import { describeMessage } from "../conversation/describe_message.js";
import { usePageVisible } from "../conversation/use_page_visible.js";
import { NotifiedConversationDocument, type MessageItemFragment } from "../generated/graphql.js";
import { useText } from "../language/language.js";
import { openConversation, useRoute } from "../route.js";
import { useSettings } from "../settings.js";
import { chime } from "./chime.js";
import { claim, hold, isHeld } from "./claim.js";
import { mayNotify } from "./permission.js";
import { toPlainText } from "./plain_text.js";

type NewMessage = MessageItemFragment & { conversation: { id: string } };

/** Messages that came while the computer slept are not announced one by one. */
const MAX_AGE_MILLISECONDS = 5 * 60_000;
/** Characters; systems show fewer. */
const [MAX_TITLE, MAX_BODY] = [80, 200];
const QUIET_TYPES = ["REACTION", "SYSTEM"];

/** Announces messages of conversations that are the user's or unassigned, unless a tab shows the conversation. */
export function Notifier() {
  const text = useText();
  const apollo = useApolloClient();
  const { id: viewerId, agent } = useViewer();
  const { settings } = useSettings();
  const { conversationId } = useRoute();
  const viewedId = usePageVisible() ? conversationId : null;
  const shown = useRef(new Map<string, Notification>());
  const who = agent?.id ?? viewerId;
  /** Held by each tab of the user that shows the conversation. */
  const nameView = (id: string) => `wagraph.viewed.${who}.${id}`;
  useEffect(() => {
    if (!viewedId) return;
    shown.current.get(viewedId)?.close();
    return hold(nameView(viewedId));
  }, [viewedId, who]);
  useEffect(() => {
    const notifications = shown.current;
    // They would stay after the sign-out, with texts of customers.
    return () => notifications.forEach((notification) => notification.close());
  }, []);
  useLiveEvents((event) => {
    if (event.__typename === "MessageAdded" && isNews(event["message"])) void announce(event["message"]);
  });

  async function announce(message: NewMessage) {
    const { id } = message.conversation;
    const name = `wagraph.announced.${who}.${message.id}`;
    if (id === viewedId || (await isHeld(nameView(id))) || !(await claim(name))) return;
    const conversation = await loadConversation(id);
    if (!conversation || (conversation.assignee && conversation.assignee.id !== agent?.id)) return;
    if (settings.chimes) void chime();
    if (!settings.notifies || !mayNotify()) return;
    const body = settings.hidesPreviews ? text.newMessages(1) : describeMessage(text, message);
    const title = toPlainText(nameContact(text, conversation.contact), MAX_TITLE);
    const notification = show(title, toPlainText(body, MAX_BODY), id, settings.chimes);
    if (notification) shown.current.set(id, notification);
  }

  async function loadConversation(id: string) {
    const variables = { conversationId: id };
    const request = apollo.query({ query: NotifiedConversationDocument, variables, fetchPolicy: "network-only" });
    // Without an answer it is not known whose conversation it is.
    return (await request.catch(() => null))?.data?.conversation;
  }

  return null;
}

const isNews = ({ direction, type, timestamp }: NewMessage): boolean =>
  direction === "INBOUND" && !QUIET_TYPES.includes(type) && Date.now() - Date.parse(timestamp) < MAX_AGE_MILLISECONDS;

/** A newer notification of a conversation takes the place of the older one. */
function show(title: string, body: string, conversationId: string, isSilent: boolean): Notification | null {
  // TypeScript does not know `renotify`.
  const options: NotificationOptions & { renotify: boolean } = {
    body,
    tag: conversationId,
    renotify: true,
    silent: isSilent,
    dir: "auto",
  };
  try {
    const notification = new Notification(title, options);
    notification.onclick = () => {
      window.focus();
      openConversation(conversationId);
      notification.close();
    };
    return notification;
  } catch {
    // Browsers on Android show notifications of service workers only.
    return null;
  }
}
