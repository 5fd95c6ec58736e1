import type { TypedDocumentNode } from "@apollo/client";
import { useApolloClient } from "@apollo/client/react";
import type { DocumentNode } from "graphql";
import { useCallback } from "react";
import { sendMessage } from "../apollo/send.js";
import type { UploadOptions } from "../upload.js";

export interface SendOptions {
  /** Other fields of `SendMessageInput`, such as `replyToMessageId`, `priority` or `idempotencyKey`. */
  input?: Record<string, unknown>;
  /** Values of the fragment's fields while the message is on its way. */
  draft?: Record<string, unknown>;
  upload?: UploadOptions;
}

export type Send<Data> = (
  conversationId: string,
  content: Record<string, unknown>,
  options?: SendOptions,
) => Promise<Data>;

/**
 * Returns a function that shows a message at once and sends it exactly once, as `sendMessage` does.
 *
 * @param mutation A mutation of `sendMessage` with the variable `$input`.
 * @param fragment The fragment on Message that the timeline shows.
 * @param draft Values of the fragment's fields that all messages on their way share. Keep the object.
 */
export function useSend<Data>(
  mutation: TypedDocumentNode<Data, any>,
  fragment: DocumentNode,
  draft: Record<string, unknown>,
): Send<Data> {
  const apollo = useApolloClient();
  return useCallback(
    (conversationId, content, options = {}) =>
      sendMessage(apollo, {
        mutation,
        fragment,
        conversationId,
        input: { ...options.input, content },
        draft: { ...draft, ...options.draft },
        ...(options.upload && { upload: options.upload }),
      }),
    [apollo, mutation, fragment, draft],
  );
}
