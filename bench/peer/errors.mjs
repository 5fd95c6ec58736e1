// What a caller asked for and can't be done: shown as `userErrors` of the mutation's payload.

export class Refused extends Error {
  constructor(code, message, field = null) {
    super(message);
    this.userError = { code, message, field };
  }
}

export const notFound = (what, ...field) => new Refused("NOT_FOUND", `${what} was not found.`, field);
export const invalid = (message, ...field) => new Refused("INVALID_INPUT", message, field);
