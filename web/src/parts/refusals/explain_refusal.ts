import type { RefusalFragment } from "../../generated/graphql.js";
import type { Catalogue } from "../../language/en.js";
import { formatMoment } from "../../language/times.js";
import { formatSize } from "../../language/sizes.js";
import { REFUSALS } from "./texts.js";
import { explainCode } from "./whatsapp_reasons.js";

/** An error that the page itself found, in the user's language. */
interface OwnProblem {
  __typename?: never;
  message: string;
}

export type Refusal = RefusalFragment | OwnProblem;

/** Explains why the server refused a mutation, in the user's language. */
export function explainRefusal(text: Catalogue, refusal: Refusal): string {
  if (!("code" in refusal)) return refusal.message;
  const words = REFUSALS[text.code];
  const withDetails = (sentence: string) => words.withDetails(sentence, refusal.message);
  switch (refusal.__typename) {
    case "AccountDisabledError":
      return words.disabled(refusal.account.name);
    case "AccountStoppedError":
      return words.stopped(refusal.account.name, explainStop(text, refusal.account.health.whatsappCode));
    case "WindowClosedError":
      return refusal.expiresAt ? words.windowClosed(formatMoment(text.code, refusal.expiresAt)) : words.windowNeverOpen;
    case "MetaRefusedError": {
      const reason = explainCode(text, refusal.whatsappCode);
      return reason ? words.whatsappRefused(reason, refusal.whatsappCode) : withDetails(words.other);
    }
    case "NotFoundError":
      return words.notFound;
    case "OptedOutError":
      return words.optedOut;
    case "ContactBlockedError":
      return words.blocked;
    case "IdempotencyKeyReusedError":
      return words.sentAlready;
    case "MetaUnreachableError":
      return words.whatsappUnreachable;
    case "QuotaExceededError":
      return words.storageFull;
    case "SendingHeldError":
      return words.sendingHeld;
    case "ConflictError":
      return isOfValue(refusal) ? words.inUse : withDetails(words.changed);
    case "TemplateInvalidError":
      return withDetails(words.templateInvalid);
    case "InvalidInputError":
      return explainInvalid(text, refusal);
    default:
      return withDetails(words.other);
  }
}

/** Returns true if another object has a value, rather than that an object is in another state. */
const isOfValue = ({ field }: RefusalFragment): boolean => field != null && !["messageId", "idempotencyKey"].includes(field.at(-1)!);

/** Says why WhatsApp stopped a number, without a full stop; null if it has not said so. */
const explainStop = (text: Catalogue, code: number | null): string | null =>
  (code !== null && explainCode(text, code)?.replace(/\.$/, "")) || null;

type Invalid = Extract<RefusalFragment, { __typename: "InvalidInputError" }>;

/** Says what is wrong with a value; the server's sentence has more, unless a limit says all. */
function explainInvalid(text: Catalogue, { reason, limit, message }: Invalid): string {
  const words = REFUSALS[text.code];
  if (limit === null) return words.withDetails(words.invalid[reason], message);
  if (reason === "TOO_LARGE") return words.limits.TOO_LARGE(formatSize(text.code, limit));
  const number = limit.toLocaleString(text.code);
  return reason === "TOO_LONG" || reason === "TOO_MANY" ? words.limits[reason](number) : words.invalid[reason];
}
