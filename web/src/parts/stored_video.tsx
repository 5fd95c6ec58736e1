import { useRef } from "react";
import { useKeptPlayback } from "./use_kept_playback.js";

interface StoredVideoProps {
  url: string;
  className: string | undefined;
  /** Called if the file can't be loaded: its URL may have expired. */
  onError(): void;
}

export function StoredVideo({ url, className, onError }: StoredVideoProps) {
  const video = useRef<HTMLVideoElement>(null);
  const { onFail } = useKeptPlayback(video, url, onError);
  return <video ref={video} className={className} src={url} controls preload="metadata" onError={onFail} />;
}
