import type { TemplateCategory, TemplateFilter, TemplateStatus } from "../../generated/numbers.js";

/** Chosen filters; "" for all. */
export interface TemplateFilters {
  search: string;
  status: TemplateStatus | "";
  category: TemplateCategory | "";
  language: string;
}

export const ANY: TemplateFilters = { search: "", status: "", category: "", language: "" };

export const toFilter = ({ search, status, category, language }: TemplateFilters): TemplateFilter => ({
  ...(search.trim() && { search: search.trim() }),
  ...(status && { statuses: [status] }),
  ...(category && { category }),
  ...(language && { language }),
});
