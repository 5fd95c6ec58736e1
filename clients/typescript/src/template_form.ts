/** Fields of `Template.parameters` that the form reads. */
export interface TemplateParameter {
  place: string;
  kind: string;
  name: string | null;
  cardIndex: number | null;
  buttonIndex: number | null;
  label: string | null;
  example: string | null;
  required: boolean;
}

export interface FormField extends TemplateParameter {
  /** Name of the input in the form, such as `body.1`, `button.0` or `card.2.header`. */
  key: string;
}

/**
 * The values of a form by the fields' keys: a string for texts, codes, payloads, URL suffixes and
 * times; for other kinds the object of the input type, such as `{ source: { uploadId } }` for
 * an image.
 */
export type FormValues = Record<string, unknown>;

/** Returns a field for each parameter of a template, in the order of the message. */
export function buildTemplateForm(parameters: readonly TemplateParameter[]): FormField[] {
  const counts = new Map<string, number>();
  return parameters.map((parameter) => {
    const base = nameField(parameter);
    const number = (counts.get(base) ?? 0) + 1;
    counts.set(base, number);
    return { ...parameter, key: parameter.place === "BODY" ? `${base}.${parameter.name ?? number}` : base };
  });
}

function nameField({ place, cardIndex, buttonIndex }: TemplateParameter): string {
  const name = place === "BUTTON" ? `button.${buttonIndex}` : place.toLowerCase();
  return cardIndex === null ? name : `card.${cardIndex}.${name}`;
}

/** Returns the keys of required fields without a value. */
export const listMissing = (form: readonly FormField[], values: FormValues): string[] =>
  form.filter(({ key, required }) => required && !isGiven(values[key])).map(({ key }) => key);

/** Builds `TemplateParametersInput` from the values of a form. */
export function toTemplateParameters(form: readonly FormField[], values: FormValues): Record<string, unknown> {
  const given = form.filter(({ key }) => isGiven(values[key]));
  const cards = [...new Set(form.map(({ cardIndex }) => cardIndex).filter((index) => index !== null))];
  const offer = given.find(({ place }) => place === "LIMITED_TIME_OFFER");
  return withoutEmpty({
    ...fillPart(given.filter(({ cardIndex }) => cardIndex === null), values),
    cards: cards.map((index) => fillPart(given.filter(({ cardIndex }) => cardIndex === index), values)),
    offerExpiresAt: offer && values[offer.key],
  });
}

/** Fills header, body and buttons of a message or of a card. */
function fillPart(fields: FormField[], values: FormValues): Record<string, unknown> {
  const at = (place: string) => fields.filter((field) => field.place === place);
  const [header] = at("HEADER");
  return withoutEmpty({
    header: header && { [HEADER_INPUTS[header.kind] ?? "text"]: values[header.key] },
    body: at("BODY").map((field) => fillBody(field, values[field.key])),
    buttons: at("BUTTON").map((field) => ({
      index: field.buttonIndex,
      value: { [BUTTON_INPUTS[field.kind] ?? "payload"]: values[field.key] },
    })),
  });
}

const HEADER_INPUTS: Record<string, string> = {
  TEXT: "text",
  IMAGE: "image",
  VIDEO: "video",
  DOCUMENT: "document",
  LOCATION: "location",
};
const BUTTON_INPUTS: Record<string, string> = {
  URL_SUFFIX: "urlSuffix",
  PAYLOAD: "payload",
  COUPON_CODE: "couponCode",
  FLOW: "flow",
  CATALOG: "thumbnailProductRetailerId",
};

function fillBody({ name }: FormField, value: unknown): Record<string, unknown> {
  const parameter = { value: typeof value === "string" ? { text: value } : value };
  // Numbered variables are given in order, named ones by name.
  return name === null || /^\d+$/.test(name) ? parameter : { name, ...parameter };
}

/** Returns the messages of user errors by the key of the field they refer to; "" for the whole form. */
export function findFormErrors(
  form: readonly FormField[],
  values: FormValues,
  userErrors: readonly { message: string; field?: readonly string[] | null }[],
): Record<string, string> {
  const given = form.filter(({ key }) => isGiven(values[key]));
  return Object.fromEntries(userErrors.map(({ message, field }) => [findKey(given, field ?? []), message]));
}

function findKey(given: FormField[], path: readonly string[]): string {
  const [part, index, ...rest] = path.slice(path.indexOf("parameters") + 1);
  const cardIndex = part === "cards" ? Number(index) : null;
  const fields = given.filter((field) => field.cardIndex === cardIndex);
  return part === "cards" ? findInPart(fields, rest[0], rest[1]) : findInPart(fields, part, index);
}

function findInPart(fields: FormField[], part: string | undefined, index: string | undefined): string {
  const place = part && PLACES[part];
  const candidates = fields.filter((field) => field.place === place);
  return candidates[place === "BODY" || place === "BUTTON" ? Number(index ?? 0) : 0]?.key ?? "";
}

const PLACES: Record<string, string> = {
  header: "HEADER",
  body: "BODY",
  buttons: "BUTTON",
  offerExpiresAt: "LIMITED_TIME_OFFER",
};

const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== "";

function withoutEmpty(object: Record<string, unknown>): Record<string, unknown> {
  const isEmpty = (value: unknown) => value === undefined || (Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(object).filter(([, value]) => !isEmpty(value)));
}
