import { lazy, type ComponentType } from "react";
import { isServerThere } from "../connection/reachable.js";

const PAUSE_MILLISECONDS = 3_000;

/**
 * A part of the page that is loaded when it is first shown. While the server can't be reached, the
 * load is repeated.
 *
 * It fails only if the server has no such file, because it was upgraded: the page must be loaded again.
 */
export const loadLater = <Props extends object>(load: () => Promise<ComponentType<Props>>) =>
  lazy(async () => ({ default: await loadPersistently(load) }));

/** Begins to load a part that is probably shown next. If that fails, it is loaded when it is shown. */
export const loadAhead = (load: () => Promise<unknown>): void => void load().catch(() => {});

async function loadPersistently<Part>(load: () => Promise<Part>): Promise<Part> {
  for (;;) {
    try {
      return await load();
    } catch {
      // Once more: the server may have come back in between.
      if (await isServerThere()) return load();
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
    }
  }
}
