/** Two notes: frequency in hertz and start in seconds. */
const NOTES = [
  [880, 0],
  [1174.7, 0.11],
] as const;
const SECONDS = 0.35;
const VOLUME = 0.12;

let context: AudioContext | undefined;

/** Plays a short sound. Browsers allow none before the user has clicked or typed in the page. */
export async function chime(): Promise<void> {
  if (!navigator.userActivation.hasBeenActive) return;
  context ??= new AudioContext();
  await context.resume();
  for (const [frequency, start] of NOTES) playNote(context, frequency, context.currentTime + start);
}

function playNote(audio: AudioContext, frequency: number, start: number): void {
  const [tone, volume] = [audio.createOscillator(), audio.createGain()];
  tone.frequency.value = frequency;
  volume.gain.setValueAtTime(VOLUME, start);
  volume.gain.exponentialRampToValueAtTime(0.001, start + SECONDS);
  tone.connect(volume).connect(audio.destination);
  tone.start(start);
  tone.stop(start + SECONDS);
}
