const STORED = "wagraph.connect";

/** Entries of the first step, without secrets. The browser tab keeps them until the number is connected. */
export type Draft = Partial<Record<(typeof DRAFT_FIELDS)[number], string>>;

const DRAFT_FIELDS = ["name", "phoneNumberId", "businessAccountId"] as const;

export const readDraft = (): Draft => JSON.parse(sessionStorage.getItem(STORED) ?? "{}") as Draft;

export function saveDraft(form: HTMLFormElement): void {
  const values = new FormData(form);
  sessionStorage.setItem(STORED, JSON.stringify(Object.fromEntries(DRAFT_FIELDS.map((name) => [name, values.get(name)]))));
}

export const forgetDraft = (): void => sessionStorage.removeItem(STORED);
