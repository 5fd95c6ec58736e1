import { Mic, Pause, Play } from "lucide-react";
import { useRef, useState } from "react";
import { useText } from "../../language/language.js";
import { formatClock } from "../../language/times.js";
import { IconButton } from "../../parts/button.js";
import { useKeptPlayback } from "../../parts/use_kept_playback.js";
import styles from "./audio_player.module.css";

const SPEEDS = [1, 1.5, 2];

interface AudioPlayerProps {
  url: string;
  isVoice: boolean;
  onError(): void;
}

export function AudioPlayer({ url, isVoice, onError }: AudioPlayerProps) {
  const text = useText();
  const audio = useRef<HTMLAudioElement>(null);
  const [isPlaying, setPlaying] = useState(false);
  const [seconds, setSeconds] = useState(0);
  const [duration, setDuration] = useState(0);
  const [speed, setSpeed] = useState(1);
  const { onFail } = useKeptPlayback(audio, url, onError);
  const toggle = () => {
    if (isPlaying) audio.current!.pause();
    // The element also reports a load failure as an error.
    else audio.current!.play().catch(() => {});
  };
  const changeSpeed = () => {
    const next = SPEEDS[(SPEEDS.indexOf(speed) + 1) % SPEEDS.length]!;
    // A renewed file begins with the default.
    audio.current!.defaultPlaybackRate = audio.current!.playbackRate = next;
    setSpeed(next);
  };
  return (
    <div className={styles.player} role="group" aria-label={isVoice ? text.message.voice : text.message.audio}>
      {isVoice && <Mic size={16} aria-hidden />}
      <IconButton
        icon={isPlaying ? Pause : Play}
        label={isPlaying ? text.message.pause : text.message.play}
        onClick={toggle}
      />
      <input
        type="range"
        min={0}
        max={duration || 1}
        step={0.1}
        value={seconds}
        aria-label={text.message.position}
        aria-valuetext={formatClock(seconds)}
        onChange={(event) => (audio.current!.currentTime = Number(event.target.value))}
      />
      <span className={styles.time}>{formatClock(isPlaying || seconds > 0 ? seconds : duration)}</span>
      <button type="button" className={styles.speed} aria-label={`${text.message.speed}: ${speed}×`} onClick={changeSpeed}>
        {speed}×
      </button>
      <audio
        ref={audio}
        src={url}
        preload="metadata"
        onError={onFail}
        onPlay={() => setPlaying(true)}
        onPause={() => setPlaying(false)}
        onEnded={() => setSeconds(0)}
        onTimeUpdate={(event) => setSeconds(event.currentTarget.currentTime)}
        onDurationChange={(event) => setDuration(Number.isFinite(event.currentTarget.duration) ? event.currentTarget.duration : 0)}
      />
    </div>
  );
}
