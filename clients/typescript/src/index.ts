export { findRetryDelay, getErrorCode, UnexpectedResponse } from "./errors.js";
export { listFields, possibleTypes } from "./generated/schema.js";
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
