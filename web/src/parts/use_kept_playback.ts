import { useLayoutEffect, useRef, type RefObject } from "react";

interface Playback {
  seconds: number;
  isPlaying: boolean;
}

/**
 * Continues where a sound or video stopped because its URL expired, once `url` is the renewed one.
 *
 * `renew` is called after each failure. Returns the handler of the element's errors.
 */
export function useKeptPlayback(
  element: RefObject<HTMLMediaElement | null>,
  url: string,
  renew: () => void,
): { onFail(): void } {
  const stopped = useRef<Playback | null>(null);
  const onFail = () => {
    const { currentTime, paused } = element.current!;
    stopped.current ??= { seconds: currentTime, isPlaying: !paused };
    renew();
  };
  const first = useRef(url);
  useLayoutEffect(() => {
    if (first.current === url || !stopped.current) return;
    first.current = url;
    const { seconds, isPlaying } = stopped.current;
    stopped.current = null;
    element.current!.currentTime = seconds;
    // Browsers may refuse it after a long time; the button is there.
    if (isPlaying) element.current!.play().catch(() => {});
  }, [element, url]);
  return { onFail };
}
