import { useSyncExternalStore } from "react";

const STORED_TOKEN = "wagraph.token";

export interface Session {
  token: string | null;
  /** Code of the error with which the server ended the last session, if any. */
  refusal?: string;
}

let session: Session = { token: sessionStorage.getItem(STORED_TOKEN) };
const listeners = new Set<() => void>();

function change(next: Session): void {
  session = next;
  if (next.token) sessionStorage.setItem(STORED_TOKEN, next.token);
  else sessionStorage.removeItem(STORED_TOKEN);
  listeners.forEach((listener) => listener());
}

/** Signs in with the key of a link, `#key=…`, and removes it from the URL. */
export function takeKeyFromUrl(): void {
  const key = new URLSearchParams(location.hash.slice(1)).get("key");
  if (!key) return;
  history.replaceState(null, "", location.pathname + location.search);
  change({ token: key });
}

export const signIn = (token: string): void => change({ token });

export const signOut = (): void => {
  // Drafts are of this session, too.
  sessionStorage.clear();
  change({ token: null });
};

/** Ends the session because the server refused its token. */
export const expire = (code?: string): void => change({ token: null, refusal: code ?? "UNAUTHENTICATED" });

export function useSession(): Session {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => session,
  );
}
