import { UnexpectedResponse } from "./errors.js";
import type { GetToken } from "./live/socket.js";
import type { Operation } from "./live/follow.js";

export interface UploadOptions {
  /** Called with the share that was sent, from 0 to 1. */
  onProgress?: ((share: number) => void) | undefined;
  /** Ends the upload. */
  signal?: AbortSignal | undefined;
}

/** A response of the server: `data`, `errors` or both. */
export interface GraphResponse {
  data?: Record<string, any> | null;
  errors?: any[];
}

/**
 * Executes an operation whose variables contain files (`File` or `Blob`), and returns the response.
 *
 * Raises a TypeError if the network fails, UnexpectedResponse if a proxy answered instead, and the
 * signal's reason if it is aborted.
 */
export async function upload(
  url: string,
  getToken: GetToken,
  { query, variables }: Operation,
  options: UploadOptions = {},
): Promise<GraphResponse> {
  const form = makeForm(query, variables ?? {});
  const headers = {
    Authorization: `Bearer ${await getToken()}`,
    // Proves that no foreign page sent the request.
    "GraphQL-Require-Preflight": "1",
  };
  options.signal?.throwIfAborted();
  const send = typeof XMLHttpRequest === "undefined" ? sendByFetch : sendByXhr;
  const { status, text } = await send(url, form, headers, options);
  try {
    return JSON.parse(text);
  } catch {
    throw new UnexpectedResponse(status);
  }
}

/** Builds a GraphQL multipart request from variables that contain files. */
export function makeForm(query: string, variables: Record<string, any>): FormData {
  const files = new Map<string, Blob>();
  const withoutFiles = takeFiles(variables, "variables", files);
  const paths = [...files.keys()];
  const form = new FormData();
  form.append("operations", JSON.stringify({ query, variables: withoutFiles }));
  form.append("map", JSON.stringify(Object.fromEntries(paths.map((path, index) => [index, [path]]))));
  paths.forEach((path, index) => form.append(String(index), files.get(path)!));
  return form;
}

/** Returns `value` with null in the place of each file, and adds the files to `files` by path. */
function takeFiles(value: unknown, path: string, files: Map<string, Blob>): unknown {
  if (value instanceof Blob) {
    files.set(path, value);
    return null;
  }
  if (Array.isArray(value)) return value.map((item, index) => takeFiles(item, `${path}.${index}`, files));
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).map(([key, item]) => [key, takeFiles(item, `${path}.${key}`, files)]);
  return Object.fromEntries(entries);
}

export function hasFiles(value: unknown): boolean {
  if (value instanceof Blob) return true;
  return value !== null && typeof value === "object" && Object.values(value).some(hasFiles);
}

interface HttpResponse {
  status: number;
  text: string;
}

/** Browsers report the progress of XMLHttpRequest only. */
function sendByXhr(
  url: string,
  form: FormData,
  headers: Record<string, string>,
  { onProgress, signal }: UploadOptions,
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => onProgress?.(total ? loaded / total : 0);
    request.onload = () => resolve({ status: request.status, text: request.responseText });
    request.onerror = () => reject(new TypeError("The upload failed: no connection."));
    request.onabort = () => reject(signal?.reason ?? new DOMException("The upload was aborted.", "AbortError"));
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    request.send(form);
  });
}

async function sendByFetch(
  url: string,
  form: FormData,
  headers: Record<string, string>,
  { onProgress, signal }: UploadOptions,
): Promise<HttpResponse> {
  const request: RequestInit & { duplex?: "half" } = { method: "POST", headers, body: form, signal: signal ?? null };
  if (onProgress) {
    const blob = await new Response(form).blob();
    request.headers = { ...headers, "Content-Type": blob.type };
    request.body = blob.stream().pipeThrough(countBytes(blob.size, onProgress));
    request.duplex = "half";
  }
  const response = await fetch(url, request);
  return { status: response.status, text: await response.text() };
}

function countBytes(total: number, onProgress: (share: number) => void): TransformStream<Uint8Array, Uint8Array> {
  let sent = 0;
  return new TransformStream({
    transform(chunk, controller) {
      controller.enqueue(chunk);
      sent += chunk.byteLength;
      onProgress(sent / total);
    },
  });
}
