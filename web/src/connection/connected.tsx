import { useApolloClient, useQuery } from "@apollo/client/react";
import { getErrorCode } from "@wagraph/client";
import { LiveProvider, useLiveStatus, useRetry } from "@wagraph/client/react";
import { useEffect, useState, type ReactNode } from "react";
import { LiveDocument, ViewerDocument } from "../generated/graphql.js";
import { prefetchList } from "../inbox/view.js";
import { useText } from "../language/language.js";
import { MediaProvider } from "../parts/media_urls.js";
import { Button } from "../parts/button.js";
import { connect, disconnect, type Connection } from "./connect.js";
import styles from "./connected.module.css";
import { isCredentialRefused } from "./credential.js";
import { expire } from "./session.js";
import { useAllAccounts } from "./use_all_accounts.js";
import { ViewerContext } from "./viewer.js";

interface ConnectedProps {
  token: string;
  children: ReactNode;
}

/** Opens the connections of the session, and shows its content once the caller is known. */
export function Connected({ token, children }: ConnectedProps) {
  const [connection, setConnection] = useState<Connection | null>(null);
  useEffect(() => {
    const opened = connect(token, () => expire());
    setConnection(opened);
    return () => disconnect(opened);
  }, [token]);
  if (!connection) return null;
  const { apollo, socket } = connection;
  return (
    <LiveProvider apollo={apollo} socket={socket} document={LiveDocument} onEnd={expireIfRefused}>
      <MediaProvider apollo={apollo}>
        <WithViewer>{children}</WithViewer>
      </MediaProvider>
    </LiveProvider>
  );
}

const expireIfRefused = (error: unknown): void => {
  if (isCredentialRefused(error)) expire(getErrorCode(error));
};

function WithViewer({ children }: { children: ReactNode }) {
  const text = useText();
  const status = useLiveStatus();
  const apollo = useApolloClient();
  // Lists that were loaded before the first cursor would be loaded again.
  const [isReady, setReady] = useState(false);
  useEffect(() => {
    if (status !== "live" || isReady) return;
    setReady(true);
    prefetchList(apollo);
  }, [status, isReady, apollo]);
  const { data, error, refetch, fetchMore } = useQuery(ViewerDocument, { skip: !isReady });
  const viewer = useAllAccounts(data?.viewer, fetchMore);
  useRetry(error, refetch);
  useEffect(() => expireIfRefused(error), [error]);
  if (viewer) return <ViewerContext.Provider value={viewer}>{children}</ViewerContext.Provider>;
  return (
    <div className={styles.waiting} role="status">
      {error || status === "offline" || status === "ended" ? text.unreachable : <span className="hidden-text">{text.connecting}</span>}
      {status === "ended" && <Button onClick={() => location.reload()}>{text.reloadPage}</Button>}
    </div>
  );
}
