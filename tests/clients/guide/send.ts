import { CombinedGraphQLErrors, ServerError, type ApolloClient } from "@apollo/client";
import { SendTextDocument, type SendTextMutation } from "../generated/graphql.js";

type Sent = SendTextMutation["sendMessage"];

/**
 * Sends a text exactly once and retries until it is stored. `show` gets the expected message at once,
 * and the stored message later.
 */
export async function sendText(
  apollo: ApolloClient,
  conversationId: string,
  body: string,
  show: (sent: Sent) => void,
): Promise<Sent> {
  // One key per click: a repeated request returns the same message and does not send it again.
  const idempotencyKey = crypto.randomUUID();
  const input = { to: { conversationId }, content: { text: { body } }, idempotencyKey };
  const createdAt = new Date().toISOString();
  show({ message: { id: idempotencyKey, status: "QUEUED", text: body, createdAt }, userErrors: [] });
  for (let attempt = 0; ; attempt++) {
    try {
      const { data } = await apollo.mutate({ mutation: SendTextDocument, variables: { input } });
      show(data!.sendMessage);
      return data!.sendMessage;
    } catch (error) {
      const seconds = findWait(error, attempt);
      if (seconds === null) throw error;
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    }
  }
}

/** Returns the seconds to wait before a retry, or null if a retry cannot help. */
export function findWait(error: unknown, attempt: number): number | null {
  const backOff = Math.min(2 ** attempt / 2, 30);
  if (!CombinedGraphQLErrors.is(error)) {
    // No response: the message may have been sent, and the key makes a retry safe.
    return error instanceof TypeError || ServerError.is(error) ? backOff : null;
  }
  const { code, retryAfter } = error.errors[0].extensions ?? {};
  if (code === "RATE_LIMITED") return Number(retryAfter ?? backOff);
  return code === "SERVICE_UNAVAILABLE" ? backOff : null;
}
