import type { ApolloClient } from "@apollo/client";
import { useApolloClient } from "@apollo/client/react";
import { useLiveEvents } from "@wagraph/client/react";
import { useEffect, useRef } from "react";
import { ConversationOfMessageDocument } from "../generated/graphql.js";
import { showToast } from "../parts/toasts.js";
import { wait } from "../parts/wait.js";
import { openConversation, useRoute } from "../route.js";
import { listDrafts, moveDraft } from "./drafts.js";
import { findWaitingFiles } from "./files/waiting_files.js";
import { useComposerTexts } from "./texts.js";

/** The messages of a merged contact move after the contact itself. */
const DELAYS_MILLISECONDS = [0, 1_000, 4_000, 15_000];

/** Takes drafts along when their contact was merged with another one. */
export function DraftKeeper() {
  const text = useComposerTexts();
  const apollo = useApolloClient();
  const { conversationId } = useRoute();
  const openId = useRef(conversationId);
  useEffect(() => void (openId.current = conversationId));

  async function follow(fromId: string, anchorId: string) {
    const toId = await findConversation(apollo, anchorId);
    if (!toId || toId === fromId) return;
    const files = findWaitingFiles(apollo);
    const waiting = files.get(fromId);
    files.change(fromId, () => []);
    files.change(toId, (old) => [...old, ...waiting]);
    moveDraft(fromId, toId);
    const isOpen = openId.current === fromId;
    if (isOpen) openConversation(toId);
    showToast(isOpen ? text.draftFollowed : text.draftMoved);
  }

  async function followAll() {
    for (const { conversationId, anchorId } of listDrafts()) {
      // If it fails, the next try or page finds it.
      if (anchorId) await follow(conversationId, anchorId).catch(() => {});
    }
  }

  async function followSoon() {
    for (const delay of DELAYS_MILLISECONDS) {
      await wait(delay);
      await followAll();
    }
  }

  // Also finds merges that happened while the page was closed.
  useEffect(() => void followAll(), []);
  useLiveEvents((event) => event.__typename === "ContactDeleted" && void followSoon());
  return null;
}

async function findConversation(apollo: ApolloClient, messageId: string): Promise<string | undefined> {
  const query = { query: ConversationOfMessageDocument, variables: { messageId } };
  const { data } = await apollo.query({ ...query, fetchPolicy: "no-cache" });
  return data?.message?.conversation.id;
}
