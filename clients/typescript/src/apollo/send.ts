import type { ApolloClient, OperationVariables, TypedDocumentNode } from "@apollo/client";
import { getFragmentDefinitions } from "@apollo/client/utilities/internal";
import type { DocumentNode } from "graphql";
import { makeKey } from "../key.js";
import type { UploadOptions } from "../upload.js";
import { placeMessage, removePending } from "./events.js";
import { makePendingId } from "./order.js";
import { repeatOnline } from "./reconnect.js";

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
 * Shows a message at once and sends it exactly once, however often the network fails. Messages of a
 * conversation are sent one after another, in the order of the calls.
 *
 * The pending message is replaced by the stored one when the response or its event arrives. Returns
 * the mutation's data; a refusal is in its `userErrors`, and the pending message is removed then.
 * Raises the error if repeating can't help.
 */
export async function sendMessage<Data>(apollo: ApolloClient, outgoing: Outgoing<Data>): Promise<Data> {
  const { cache } = apollo;
  // The same key in each attempt: the server stores the message once.
  const idempotencyKey: string = outgoing.input["idempotencyKey"] ?? makeKey();
  showPending(apollo, outgoing, idempotencyKey);
  const input = { to: { conversationId: outgoing.conversationId }, ...outgoing.input, idempotencyKey };
  try {
    const signal = outgoing.upload?.signal;
    const send = () => repeatOnline(apollo, () => mutate(apollo, outgoing, { input }), signal);
    const data = await waitUnless(signal, sendInTurn(apollo, outgoing.conversationId, send));
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

/** The last message on its way, by conversation. */
const turns = new WeakMap<ApolloClient, Map<string, Promise<void>>>();

/** Calls `send` once all earlier messages of the conversation are sent or given up. */
function sendInTurn<Result>(apollo: ApolloClient, conversationId: string, send: () => Promise<Result>): Promise<Result> {
  const last = turns.get(apollo) ?? new Map<string, Promise<void>>();
  turns.set(apollo, last);
  const earlier = last.get(conversationId);
  const sending = earlier ? earlier.then(send) : send();
  const end = () => {
    if (last.get(conversationId) === turn) last.delete(conversationId);
  };
  const turn: Promise<void> = sending.then(end, end);
  last.set(conversationId, turn);
  return sending;
}

/** Waits for `work`, but no longer than until the signal is aborted; raises its reason then. */
function waitUnless<Result>(signal: AbortSignal | undefined, work: Promise<Result>): Promise<Result> {
  if (!signal) return work;
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  return Promise.race([work, aborted]);
}

/** Time of the last pending message in milliseconds: each has a later one, which is its place. */
let latest = 0;

function showPending<Data>(apollo: ApolloClient, outgoing: Outgoing<Data>, idempotencyKey: string): void {
  const { cache } = apollo;
  const id = makePendingId(idempotencyKey);
  latest = Math.max(Date.now(), latest + 1);
  const now = new Date(latest).toISOString();
  const message = { status: "QUEUED", ...outgoing.draft, __typename: "Message", id, timestamp: now };
  const fragmentName = getFragmentDefinitions(outgoing.fragment)[0]!.name.value;
  cache.batch({
    update() {
      cache.writeFragment({ id: cache.identify(message)!, fragment: outgoing.fragment, fragmentName, data: message });
      placeMessage(cache, { id, conversation: { id: outgoing.conversationId } });
    },
  });
}
