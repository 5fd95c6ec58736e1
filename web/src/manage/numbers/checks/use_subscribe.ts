import { useMutation } from "@apollo/client/react";
import { useViewer } from "../../../connection/viewer.js";
import { SubscribeWebhooksDocument, type WebhookLevel } from "../../../generated/numbers.js";
import { useText } from "../../../language/language.js";
import { reportFailure } from "../../../parts/failures.js";
import { showToast } from "../../../parts/toasts.js";
import { useNumbersText } from "../texts.js";

/** The widest scope that the caller may set: administrators of some numbers can't change the others. */
export const useWidestLevel = (): WebhookLevel => (useViewer().coversAllAccounts ? "BUSINESS_ACCOUNT" : "PHONE_NUMBER");

/** Directs the messages of a number to this server. The function returns true if WhatsApp did it. */
export function useSubscribe(accountId: string): [subscribe: (level: WebhookLevel) => Promise<boolean>, isRunning: boolean] {
  const [text, numbersText] = [useText(), useNumbersText()];
  const [mutate, { loading }] = useMutation(SubscribeWebhooksDocument);
  async function subscribe(level: WebhookLevel) {
    const isDone = await reportFailure(text, mutate({ variables: { accountId, level } }));
    if (isDone) showToast(numbersText.subscribed);
    return isDone;
  }
  return [subscribe, loading];
}
