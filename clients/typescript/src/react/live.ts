import type { ApolloClient, OperationVariables } from "@apollo/client";
import { ApolloProvider } from "@apollo/client/react";
import type { DocumentNode } from "graphql";
import { createContext, createElement, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import type { LiveEvent } from "../apollo/events.js";
import { keepCacheUp } from "../apollo/live.js";
import type { LiveClient } from "../live/connection_events.js";

/**
 * `connecting` until the lists are loaded, then `live`; `offline` while there is no connection, and
 * `ended` after an error that repeating can't solve.
 */
export type LiveStatus = "connecting" | "live" | "offline" | "ended";

type Listener = (event: LiveEvent) => void;

interface Live {
  status: LiveStatus;
  listeners: Set<Listener>;
}

const LiveContext = createContext<Live | null>(null);

export interface LiveProviderProps {
  apollo: ApolloClient;
  /** The connection of the subscriptions, see `openLive` and `openSocket`. */
  socket: LiveClient;
  /** A subscription of `events` as for `keepCacheUp`. */
  document: DocumentNode;
  variables?: OperationVariables;
  /** Called if no more events will come, for example because the credential ended. */
  onEnd?(error: unknown): void;
  children?: ReactNode;
}

/** Provides the client to all hooks, and keeps its cache up to date while it is mounted. */
export function LiveProvider({ apollo, socket, document, variables, onEnd, children }: LiveProviderProps): ReactNode {
  const [status, setStatus] = useState<LiveStatus>("connecting");
  const [listeners] = useState(() => new Set<Listener>());
  const end = useRef(onEnd);
  useEffect(() => void (end.current = onEnd));
  const variablesKey = JSON.stringify(variables);
  useEffect(() => {
    let isLoaded = false;
    const stops = [
      socket.on("closed", () => setStatus((old) => (old === "ended" ? old : "offline"))),
      socket.on("connected", () => setStatus((old) => (old === "offline" && isLoaded ? "live" : old))),
      keepCacheUp(apollo, socket, {
        document,
        ...(variables && { variables }),
        onLoad() {
          isLoaded = true;
          setStatus("live");
        },
        onEvent: (event) => listeners.forEach((listener) => listener(event)),
        onError(error, isFinal) {
          setStatus(isFinal ? "ended" : "offline");
          if (isFinal) end.current?.(error);
        },
      }),
    ];
    return () => stops.forEach((stop) => stop());
  }, [apollo, socket, document, variablesKey, listeners]);
  const live = useMemo(() => ({ status, listeners }), [status, listeners]);
  const provided = createElement(ApolloProvider, { client: apollo, children });
  return createElement(LiveContext.Provider, { value: live }, provided);
}

export function useLiveStatus(): LiveStatus {
  return useLive().status;
}

/** Calls `listener` with each event, once its objects are in the cache. */
export function useLiveEvents(listener: Listener): void {
  const { listeners } = useLive();
  const current = useRef(listener);
  useEffect(() => void (current.current = listener));
  useEffect(() => {
    const listen: Listener = (event) => current.current(event);
    listeners.add(listen);
    return () => void listeners.delete(listen);
  }, [listeners]);
}

function useLive(): Live {
  const live = useContext(LiveContext);
  if (!live) throw new Error("Wrap the component in <LiveProvider>.");
  return live;
}
