import { useMutation } from "@apollo/client/react";
import { useCallback, useEffect, useState } from "react";
import { CheckAccountDocument } from "../../../generated/numbers.js";
import { useText } from "../../../language/language.js";
import { reportFailure } from "../../../parts/failures.js";

/**
 * Checks a number at WhatsApp, which takes some seconds. The results are the account's `lastCheck`.
 *
 * @param isImmediate True to begin at once; former results are then never shown.
 */
export function useCheck(accountId: string, isImmediate = false): { isRunning: boolean; run(): Promise<void> } {
  const text = useText();
  const [check] = useMutation(CheckAccountDocument);
  const [isRunning, setRunning] = useState(isImmediate);
  const run = useCallback(async () => {
    setRunning(true);
    await reportFailure(text, check({ variables: { accountId } }));
    setRunning(false);
  }, [accountId, check, text]);
  useEffect(() => {
    if (isImmediate) void run();
    // Not again when the language changes.
  }, [isImmediate]);
  return { isRunning, run };
}
