import { CombinedGraphQLErrors, ServerError, type ApolloClient } from "@apollo/client";
import { SendTextDocument, type SendTextMutation } from "../generated/graphql.js";

type Sent = SendTextMutation["sendMessage"];

/**
 * Sends a text once, however often it has to be asked for. Shows it before the server has answered:
 * `show` gets the message as it will be, and once more as it is.
 */
export async function sendText(
  apollo: ApolloClient,
  conversationId: string,
  body: string,
  show: (sent: Sent) => void,
): Promise<Sent> {
  // One key per press of the button: with it, the same message is answered again and not sent twice.
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

/** Seconds after which to repeat what failed so; null where that can't help. */
export function findWait(error: unknown, attempt: number): number | null {
  const backOff = Math.min(2 ** attempt / 2, 30);
  if (!CombinedGraphQLErrors.is(error)) {
    // No answer at all: nobody knows whether it was sent, and the key makes repeating it safe.
    return error instanceof TypeError || ServerError.is(error) ? backOff : null;
  }
  const { code, retryAfter } = error.errors[0].extensions ?? {};
  if (code === "RATE_LIMITED") return Number(retryAfter ?? backOff);
  return code === "SERVICE_UNAVAILABLE" ? backOff : null;
}
