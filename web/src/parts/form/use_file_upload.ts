import { useMutation } from "@apollo/client/react";
import { useEffect, useRef, useState } from "react";
import { UploadFileDocument, type UploadedFileFragment } from "../../generated/graphql.js";
import { useText } from "../../language/language.js";
import { reportFailure } from "../failures.js";

interface FileUpload {
  /** Uploaded share; null if no upload is in progress. */
  percent: number | null;
  /** Uploads a file instead of the last one. Returns null if it failed, which is shown, or was cancelled. */
  send(file: File): Promise<UploadedFileFragment | null>;
  cancel(): void;
}

/** Uploads the file of a field as soon as it is chosen. */
export function useFileUpload(accountId: string): FileUpload {
  const text = useText();
  const [percent, setPercent] = useState<number | null>(null);
  const [upload] = useMutation(UploadFileDocument);
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);

  function cancel() {
    abort.current?.abort();
    setPercent(null);
  }

  async function send(file: File) {
    cancel();
    const { signal } = (abort.current = new AbortController());
    setPercent(0);
    const onProgress = (share: number) => !signal.aborted && setPercent(Math.round(share * 100));
    const uploading = upload({ variables: { accountId, file }, context: { upload: { onProgress, signal } } });
    const isDone = await reportFailure(text, uploading.catch((error) => (signal.aborted ? {} : Promise.reject(error))));
    if (signal.aborted) return null;
    setPercent(null);
    return (isDone && (await uploading).data?.uploadMedia?.upload) || null;
  }

  return { percent, send, cancel };
}
