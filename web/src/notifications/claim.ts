import { wait } from "../parts/wait.js";

/** Says to the other tabs that this one holds the name, until the returned function is called. */
export function hold(name: string): () => void {
  if (!("locks" in navigator)) return () => {};
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  void navigator.locks.request(name, { mode: "shared" }, () => released);
  return release;
}

/** Returns true if a tab of the browser holds the name. */
export async function isHeld(name: string): Promise<boolean> {
  if (!("locks" in navigator)) return false;
  const { held = [] } = await navigator.locks.query();
  return held.some((lock) => lock.name === name);
}

/** Longer than a hidden tab may be late: browsers wake it once a minute. */
const HELD_MILLISECONDS = 150_000;

/**
 * Returns true in the one tab of the browser that asks first. Pages without TLS have no locks: there,
 * each tab is the first.
 */
export function claim(name: string): Promise<boolean> {
  if (!("locks" in navigator)) return Promise.resolve(true);
  return new Promise((resolve) => {
    void navigator.locks.request(name, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock && wait(HELD_MILLISECONDS);
    });
  });
}
