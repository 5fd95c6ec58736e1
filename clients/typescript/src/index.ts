export { listChanges, type Change, type ListKey, type LiveEvent, type ObjectKey } from "./changes.js";
export { findRetryDelay, getErrorCode, UnexpectedResponse } from "./errors.js";
export { listFields, possibleTypes } from "./generated/schema.js";
export { makeKey } from "./key.js";
export type { ConnectionEvent, LiveClient } from "./live/connection_events.js";
export { follow, type EventResult, type Operation, type Sink } from "./live/follow.js";
export { EventWithoutData, keepUp, type KeepUpOptions } from "./live/keep_up.js";
export { openSocket, type GetToken } from "./live/socket.js";
export { MediaUrls, type LoadUrl } from "./media.js";
export {
  buildTemplateForm,
  findFormErrors,
  listMissing,
  toTemplateParameters,
  type FormField,
  type FormValues,
  type TemplateParameter,
} from "./template_form.js";
export { hasFiles, makeForm, upload, type GraphResponse, type UploadOptions } from "./upload.js";
