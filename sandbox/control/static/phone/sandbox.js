// Requests to the sandbox's control API.

import { element } from "./dom.js";

export async function call(path, options = {}) {
  const answer = await fetch(path, options);
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error ?? `The sandbox answered ${answer.status}.`);
  return body;
}

export const post = (path, body) =>
  call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

/** Posts a customer's message. Raises an error if the server did not take its webhook. */
export async function postMessage(path, message) {
  const { webhook_status: status, webhook_error: error } = await post(path, message);
  if (status === 200) return;
  const reason = status ? `answered ${status}` : "was not reached";
  throw new Error(`The server ${reason}${error ? `: ${error}` : ""}. The webhook is repeated.`);
}

/** Stores a file as Meta would. Returns its id. */
export async function upload(file, phoneNumberId, name = file.name ?? "file") {
  const form = new FormData();
  form.append("phone_number_id", phoneNumberId);
  form.append("file", file, name);
  return (await call("sandbox/media", { method: "POST", body: form })).id;
}

export const mediaUrl = (id) => `sandbox/media/${encodeURIComponent(id)}`;

/** Returns the size of a stored file in bytes, or null if it is gone. */
export async function readSize(id) {
  const answer = await fetch(mediaUrl(id), { method: "HEAD" });
  return answer.ok ? Number(answer.headers.get("Content-Length")) : null;
}

/** Runs what may fail, and shows the reason. */
export async function guard(work) {
  try {
    await work();
    showProblem("");
  } catch (error) {
    showProblem(error.message);
  }
}

export function showProblem(text) {
  element("problem").hidden = !text;
  element("problem").textContent = text;
}
