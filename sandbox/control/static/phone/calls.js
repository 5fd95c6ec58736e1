// Calls the business: a webhook when the call begins, and one when it ends. There is no sound.

import { element, showSeconds } from "./dom.js";
import { guard, postMessage } from "./sandbox.js";
import { describeSender, numberOf } from "./state.js";

/** Starts a call that ends with the dialog. */
export async function startCall(conversation) {
  const dialog = element("call-dialog");
  const id = `wacid.${crypto.randomUUID().replaceAll("-", "").toUpperCase()}`;
  const report = (call) =>
    postMessage("sandbox/inbound", { ...describeSender(conversation), id, type: "call", call });
  const started = Date.now();
  const measure = () => Math.round((Date.now() - started) / 1000);
  const show = () => (element("call-time").textContent = showSeconds(measure()));
  element("call-name").textContent = numberOf(conversation).verified_name;
  show();
  dialog.showModal();
  const timer = setInterval(show, 1000);
  const ended = new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  await guard(() => report({ event: "connect" }));
  await ended;
  clearInterval(timer);
  await guard(() => report({ event: "terminate", status: "COMPLETED", duration: Math.max(1, measure()) }));
}
