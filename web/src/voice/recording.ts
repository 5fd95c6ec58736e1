import { makeOgg } from "./ogg.js";
import { readWebm } from "./webm.js";

const OGG = "audio/ogg;codecs=opus";
const WEBM = "audio/webm;codecs=opus";
const BITS_PER_SECOND = 32_000;

/** The format of this browser from which a voice message can be made; null if there is none. */
function findFormat(): string | null {
  if (!navigator.mediaDevices || !("MediaRecorder" in window)) return null;
  return [OGG, WEBM].find((format) => MediaRecorder.isTypeSupported(format)) ?? null;
}

/** Browsers give the microphone to pages with TLS only, and not all of them record Opus. */
export const canRecord = (): boolean => findFormat() !== null;

export interface Recording {
  /** Ends the recording, and returns it as WhatsApp takes voice messages: OGG with Opus and one channel. */
  finish(): Promise<File>;
  /** Ends the recording without a result. */
  discard(): void;
}

/** Begins to record. Raises the browser's error if there is no microphone, or if it is not allowed. */
export async function startRecording(): Promise<Recording> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
  const recorder = new MediaRecorder(stream, { mimeType: findFormat()!, audioBitsPerSecond: BITS_PER_SECOND });
  const parts: Blob[] = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  const ended = new Promise<void>((resolve) => (recorder.onstop = () => resolve()));
  recorder.start();
  const stop = () => {
    if (recorder.state !== "inactive") recorder.stop();
    stream.getTracks().forEach((track) => track.stop());
  };
  return {
    async finish() {
      stop();
      await ended;
      const recorded = new Blob(parts, { type: recorder.mimeType });
      return new File([await toOgg(recorded)], "voice.ogg", { type: "audio/ogg" });
    },
    discard: stop,
  };
}

/** Chromium records the same packets in WebM, which WhatsApp does not take. */
async function toOgg(recorded: Blob): Promise<Blob> {
  if (recorded.type.startsWith("audio/ogg")) return recorded;
  return makeOgg(readWebm(new Uint8Array(await recorded.arrayBuffer())));
}
