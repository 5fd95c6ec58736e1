import type { OperationVariables, TypedDocumentNode } from "@apollo/client";
import { useSubscription } from "@apollo/client/react";
import { useEffect, useRef } from "react";
import { findRetryDelay } from "../errors.js";

const RESTART_MILLISECONDS = 1_000;

/**
 * The last result of a subscription that can't be resumed and needs no resuming: each result is
 * complete. It is started again after the server ended it, and keeps its last result meanwhile.
 */
export function useLatest<Data>(
  subscription: TypedDocumentNode<Data, any>,
  variables: OperationVariables,
): Data | undefined {
  const key = JSON.stringify(variables);
  const last = useRef<{ key: string; data: Data } | undefined>(undefined);
  const failures = useRef(0);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const again = (delay: number | null) => {
    clearTimeout(timer.current);
    if (delay !== null) timer.current = setTimeout(() => restart.current(), delay);
  };
  const result = useSubscription<Data>(subscription, {
    variables,
    fetchPolicy: "no-cache",
    onData: () => (failures.current = 0),
    onComplete: () => again(RESTART_MILLISECONDS),
    onError: (error) => again(findRetryDelay(error, failures.current++)),
  });
  const restart = useRef(result.restart);
  useEffect(() => void (restart.current = result.restart));
  useEffect(() => () => clearTimeout(timer.current), []);
  if (result.data) last.current = { key, data: result.data as Data };
  return last.current?.key === key ? last.current.data : undefined;
}
