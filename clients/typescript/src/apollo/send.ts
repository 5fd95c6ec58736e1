import type { ApolloClient, OperationVariables, TypedDocumentNode } from "@apollo/client";
import { getFragmentDefinitions } from "@apollo/client/utilities/internal";
import type { DocumentNode } from "graphql";
import { findRetryDelay, wait } from "../errors.js";
import type { UploadOptions } from "../upload.js";
import { placeMessage, removePending } from "./events.js";
import { makePendingId } from "./order.js";

export interface Outgoing<Data> {
  /** A mutation with the root field `sendMessage` and the variable `$input`. */
  mutation: TypedDocumentNode<Data, any>;
  /** The fragment on Message that your history shows. */
  fragment: DocumentNode;
  conversationId: string;
  /** `content` of `SendMessageInput`, and optionally other fields of it. */
  input: Record<string, any>;
  /** Values of the fragment's fields while the message is on its way. `id`, times and status are filled in. */
  draft: Record<string, unknown>;
  upload?: UploadOptions;
}

/**
 * Shows a message at once and sends it exactly once, however often the network fails.
 *
 * The pending message is replaced by the stored one when the response or its event arrives. Returns
 * the mutation's data; a refusal is in its `userErrors`, and the pending message is removed then.
 * Raises the error if repeating can't help.
 */
export async function sendMessage<Data>(apollo: ApolloClient, outgoing: Outgoing<Data>): Promise<Data> {
  const { cache } = apollo;
  // The same key in each attempt: the server stores the message once.
  const idempotencyKey: string = outgoing.input["idempotencyKey"] ?? crypto.randomUUID();
  showPending(apollo, outgoing, idempotencyKey);
  const input = { to: { conversationId: outgoing.conversationId }, ...outgoing.input, idempotencyKey };
  try {
    const data = await repeat(() => mutate(apollo, outgoing, { input }));
    const message = (data as any).sendMessage.message;
    cache.batch({
      update() {
        removePending(cache, idempotencyKey);
        if (message) placeMessage(cache, { id: message.id, conversation: { id: outgoing.conversationId } });
      },
    });
    return data;
  } catch (error) {
    removePending(cache, idempotencyKey);
    throw error;
  }
}

async function mutate<Data>(apollo: ApolloClient, outgoing: Outgoing<Data>, variables: OperationVariables): Promise<Data> {
  const { mutation, upload } = outgoing;
  const { data } = await apollo.mutate<Data, OperationVariables>({ mutation, variables, context: { upload } });
  return data!;
}

async function repeat<Result>(send: () => Promise<Result>): Promise<Result> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await send();
    } catch (error) {
      const delay = findRetryDelay(error, attempt);
      if (delay === null) throw error;
      await wait(delay);
    }
  }
}

function showPending<Data>(apollo: ApolloClient, outgoing: Outgoing<Data>, idempotencyKey: string): void {
  const { cache } = apollo;
  const id = makePendingId(idempotencyKey);
  const now = new Date().toISOString();
  const message = { status: "QUEUED", ...outgoing.draft, __typename: "Message", id, timestamp: now };
  const fragmentName = getFragmentDefinitions(outgoing.fragment)[0]!.name.value;
  cache.batch({
    update() {
      cache.writeFragment({ id: cache.identify(message)!, fragment: outgoing.fragment, fragmentName, data: message });
      placeMessage(cache, { id, conversation: { id: outgoing.conversationId } });
    },
  });
}
