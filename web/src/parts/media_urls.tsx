import type { ApolloClient } from "@apollo/client";
import { MediaUrls } from "@wagraph/client";
import { createContext, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { MediaUrlDocument } from "../generated/graphql.js";

const MediaContext = createContext<MediaUrls | null>(null);

interface MediaProviderProps {
  apollo: ApolloClient;
  children: ReactNode;
}

/** Provides URLs of files that are renewed before they expire. */
export function MediaProvider({ apollo, children }: MediaProviderProps) {
  const urls = useMemo(() => new MediaUrls((messageId) => loadUrl(apollo, messageId)), [apollo]);
  return <MediaContext.Provider value={urls}>{children}</MediaContext.Provider>;
}

async function loadUrl(apollo: ApolloClient, messageId: string): Promise<string | null> {
  const { data } = await apollo.query({
    query: MediaUrlDocument,
    variables: { messageId },
    fetchPolicy: "network-only",
  });
  const content = data?.message?.content;
  return content?.__typename === "MediaContent" ? content.url : null;
}

/** Between renewals after errors: a file that can't be shown would be loaded again and again. */
const PAUSE_MILLISECONDS = 30_000;

/**
 * The URL of a message's file on the page's own server; null until it is known. It stays the same,
 * so that nothing stops playing: call `renew` when it is refused.
 */
export function useMediaUrl(messageId: string, known: string | null): { url: string | null; renew(): void } {
  const urls = useContext(MediaContext)!;
  const [url, setUrl] = useState<string | null>(known && toOwnOrigin(known));
  const renewedAt = useRef(-Infinity);
  const isKnown = known !== null;
  useEffect(() => {
    if (!isKnown) return;
    let isStale = false;
    const show = (next: string | null) => !isStale && next && setUrl(toOwnOrigin(next));
    // If it fails, the file's own error is next.
    urls.get(messageId, known).then(show, () => {});
    return () => void (isStale = true);
  }, [urls, messageId, isKnown]);
  const renew = () => {
    if (performance.now() - renewedAt.current < PAUSE_MILLISECONDS) return;
    const show = (next: string | null) => {
      renewedAt.current = performance.now();
      if (next) setUrl(toOwnOrigin(next));
    };
    urls.renew(messageId).then(show, () => {});
  };
  return { url, renew };
}

/** The URL of a message's file, which is renewed before it expires: for links, whose errors no one sees. */
export function useFreshMediaUrl(messageId: string, known: string | null): string | null {
  const urls = useContext(MediaContext)!;
  const [url, setUrl] = useState<string | null>(known && toOwnOrigin(known));
  useEffect(() => urls.watch(messageId, known, (next) => setUrl(toOwnOrigin(next))), [urls, messageId, known]);
  return url;
}

/**
 * Returns the URL on the host of this page: the server may have several names, and the page may load
 * files from its own one only.
 */
export function toOwnOrigin(url: string): string {
  if (url.startsWith("blob:")) return url;
  const { pathname, search } = new URL(url);
  const start = pathname.lastIndexOf("/media/");
  return start === -1 ? url : new URL(pathname.slice(start + 1) + search, document.baseURI).href;
}
