import { Check, Mic, Trash2 } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { formatClock } from "../language/times.js";
import { Button, IconButton } from "../parts/button.js";
import { showToast } from "../parts/toasts.js";
import { startRecording, type Recording } from "./recording.js";
import { useVoiceTexts } from "./texts.js";
import styles from "./voice_recorder.module.css";

/** Longer ones would not be heard to the end. */
const MAX_SECONDS = 15 * 60;

interface VoiceRecorderProps {
  onFinish(file: File): void;
  onClose(): void;
}

/** Records while it is shown. The recording is also kept if the user goes to another conversation meanwhile. */
export function VoiceRecorder({ onFinish, onClose }: VoiceRecorderProps) {
  const text = useVoiceTexts();
  const [recording, setRecording] = useState<Recording | null>(null);
  const [seconds, setSeconds] = useState(0);
  const bar = useRef<HTMLDivElement>(null);
  const isEnded = useRef(false);
  useEffect(() => {
    let isGone = false;
    const starting = startRecording();
    starting.then((started) => !isGone && setRecording(started)).catch(() => {
      showToast(text.noMicrophone);
      onClose();
    });
    // After the menu that opened it has given the focus back.
    setTimeout(() => bar.current?.querySelector("button")?.focus());
    return () => {
      isGone = true;
      const leave = (started: Recording) => (isEnded.current ? started.discard() : started.finish().then(onFinish));
      // Nothing can be shown here any more.
      starting.then(leave).catch(() => {});
    };
    // Only when it is shown and hidden.
  }, []);
  useEffect(() => {
    if (!recording) return;
    const start = performance.now();
    const timer = setInterval(() => setSeconds((performance.now() - start) / 1000), 250);
    return () => clearInterval(timer);
  }, [recording]);
  useEffect(() => {
    if (seconds >= MAX_SECONDS) void finish();
  }, [seconds]);

  function discard() {
    isEnded.current = true;
    onClose();
  }

  async function finish() {
    // A second press, or the end of the time.
    if (isEnded.current) return;
    isEnded.current = true;
    try {
      onFinish(await recording!.finish());
    } catch {
      showToast(text.notRecorded);
    }
    onClose();
  }

  return (
    <div ref={bar} className={styles.bar} role="group" aria-label={text.recorder}>
      <IconButton icon={Trash2} label={text.discard} onClick={discard} />
      <span className={styles.state} role="status">
        <Mic size={16} aria-hidden />
        {recording ? text.recording : text.starting}
      </span>
      <span className={styles.time}>{formatClock(seconds)}</span>
      <Button isPrimary disabled={!recording} onClick={() => void finish()}>
        <Check size={16} aria-hidden />
        {text.finish}
      </Button>
    </div>
  );
}
