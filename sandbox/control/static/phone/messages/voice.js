// Plays a voice message or another sound: play, position, speed.

import { make, makeButton, makeIcon, showSeconds } from "../dom.js";

const SPEEDS = [1, 1.5, 2];
let playing = null; // the sound that plays: another one pauses it

/** Returns the player of the sound at `address`. */
export function drawVoice(address, label) {
  const audio = new Audio(address);
  audio.preload = "metadata";
  const box = make("div", "voice");
  const play = makeButton("icon play", () => toggle(audio), makeIcon("play"));
  const position = makePosition(audio);
  const time = make("span", "foot", "0:00");
  const speed = makeButton("speed", () => speedUp(audio, speed), "1×");
  speed.setAttribute("aria-label", "Speed 1×");
  const show = () => {
    const length = Number.isFinite(audio.duration) ? audio.duration : 0;
    position.max = length || 1;
    position.value = audio.currentTime;
    const shown = audio.paused && !audio.currentTime ? length : audio.currentTime;
    time.textContent = showSeconds(shown);
    position.setAttribute("aria-valuetext", showSeconds(audio.currentTime));
    play.replaceChildren(makeIcon(audio.paused ? "play" : "pause"));
    play.setAttribute("aria-label", `${audio.paused ? "Play" : "Pause"}: ${label}`);
  };
  for (const event of ["loadedmetadata", "durationchange", "timeupdate", "play", "pause", "seeked"])
    audio.addEventListener(event, show);
  audio.addEventListener("ended", () => (audio.currentTime = 0));
  audio.addEventListener("error", () => box.replaceChildren(make("span", "foot", "This sound can't be played.")));
  box.append(play, position, time, speed);
  show();
  return box;
}

function toggle(audio) {
  if (!audio.paused) return audio.pause();
  playing?.pause();
  playing = audio;
  return audio.play().catch(() => {}); // the error event says so
}

function makePosition(audio) {
  const position = make("input", "position");
  position.type = "range";
  position.min = 0;
  position.step = 0.1;
  position.setAttribute("aria-label", "Position");
  position.addEventListener("input", () => (audio.currentTime = Number(position.value)));
  return position;
}

function speedUp(audio, button) {
  audio.playbackRate = SPEEDS[(SPEEDS.indexOf(audio.playbackRate) + 1) % SPEEDS.length];
  button.textContent = `${audio.playbackRate}×`;
  button.setAttribute("aria-label", `Speed ${audio.playbackRate}×`);
}
