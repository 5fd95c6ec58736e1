import type { Check } from "../../parts/form.js";
import type { NumbersText } from "../texts.js";

/** Checks of pasted values before they are sent. Each returns an error message. */
export const checkId =
  (text: NumbersText, other?: string): Check =>
  (value, values) => {
    if (!/^\d{1,32}$/.test(value)) return text.idCheck;
    return other && values[other] === value ? text.sameIds : undefined;
  };

export const checkToken =
  (text: NumbersText): Check =>
  (value) =>
    /\s/.test(value) ? text.spaceCheck : undefined;

export const checkSecret =
  (text: NumbersText): Check =>
  (value) => {
    if (/\s/.test(value)) return text.spaceCheck;
    return value.startsWith("EAA") ? text.secretCheck : undefined;
  };
