import { useEffect, useState } from "react";
import { useViewer } from "../../connection/viewer.js";
import { toManageUrl } from "../../route.js";
import { Filters, SearchFilter, SelectFilter } from "../parts/filters.js";
import type { TemplateFilters } from "./template_filters.js";
import { useTemplatesText } from "./texts.js";

interface FilterBarProps {
  accountId: string;
  filters: TemplateFilters;
  /** Languages of the templates that are shown. */
  languages: readonly (string | null)[];
  onChange(part: Partial<TemplateFilters>): void;
}

/** Search, filters, and the number if there are several. */
export function FilterBar({ accountId, filters, languages, onChange }: FilterBarProps) {
  const text = useTemplatesText();
  const accounts = useViewer().accounts.nodes;
  const known = useKnownLanguages(languages);
  return (
    <Filters>
      <SearchFilter label={text.search} value={filters.search} onChange={(search) => onChange({ search })} />
      {accounts.length > 1 && (
        <SelectFilter
          label={text.account}
          value={accountId}
          options={accounts.map(({ id, name }) => ({ value: id, label: name }))}
          onChange={(id) => (location.hash = toManageUrl("templates", id))}
        />
      )}
      <SelectFilter<string>
        label={text.status}
        value={filters.status}
        options={listOptions(text.anyStatus, Object.entries(text.statuses))}
        onChange={(status) => onChange({ status: status as TemplateFilters["status"] })}
      />
      <SelectFilter<string>
        label={text.category}
        value={filters.category}
        options={listOptions(text.anyCategory, Object.entries(text.categories))}
        onChange={(category) => onChange({ category: category as TemplateFilters["category"] })}
      />
      <SelectFilter<string>
        label={text.language}
        value={filters.language}
        options={listOptions(text.anyLanguage, known.map((name) => [name, name]))}
        onChange={(language) => onChange({ language })}
      />
    </Filters>
  );
}

const listOptions = (any: string, options: [value: string, label: string][]) =>
  [["", any] as const, ...options].map(([value, label]) => ({ value, label }));

/** All languages that were in the list so far: a filter must not remove the other choices. */
function useKnownLanguages(shown: readonly (string | null)[]): string[] {
  const [known, setKnown] = useState<string[]>([]);
  const names = shown.filter((name) => name !== null).join();
  useEffect(() => {
    if (names) setKnown((old) => [...new Set([...old, ...names.split(",")])].sort());
  }, [names]);
  return known;
}
