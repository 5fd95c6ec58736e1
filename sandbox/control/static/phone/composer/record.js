// Records a voice message with the microphone.

import { element, showSeconds } from "../dom.js";
import { showProblem } from "../sandbox.js";

// WhatsApp's own format first; browsers differ in what they can write.
const TYPES = ["audio/ogg;codecs=opus", "audio/mp4;codecs=opus", "audio/mp4", "audio/webm;codecs=opus"];
let recording = null; // {recorder, stream, timer}

/** Starts; the bar takes the composer's place. Returns false if there is no microphone. */
export async function startRecording() {
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  } catch {
    showProblem("Allow the microphone for this page to record a voice message.");
    return false;
  }
  const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
  const recorder = new MediaRecorder(stream, { mimeType });
  const started = Date.now();
  const show = () => (element("recorded").textContent = showSeconds((Date.now() - started) / 1000));
  recording = { recorder, stream, timer: setInterval(show, 250) };
  recorder.start();
  show();
  return true;
}

/** Stops, and returns the file of what was recorded. */
export async function stopRecording() {
  const { recorder, stream, timer } = recording;
  recording = null;
  clearInterval(timer);
  const pieces = [];
  recorder.addEventListener("dataavailable", ({ data }) => pieces.push(data));
  const stopped = new Promise((resolve) => recorder.addEventListener("stop", resolve, { once: true }));
  recorder.stop();
  await stopped;
  for (const track of stream.getTracks()) track.stop();
  return new File(pieces, "voice", { type: nameType(recorder.mimeType) });
}

// Meta names the codec of the format that its own apps record.
const nameType = (type) => (type.startsWith("audio/ogg") ? "audio/ogg; codecs=opus" : type.split(";")[0]);
