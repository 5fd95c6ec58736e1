export { openLive, type LiveOptions } from "./live/fall_back.js";
export { openStream, type StreamOptions } from "./live/stream.js";
