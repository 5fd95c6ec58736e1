import { FileStack } from "lucide-react";
import { useDeferredValue } from "react";
import { ManagedTemplatesDocument, type TemplateItemFragment } from "../../generated/numbers.js";
import { EmptyState } from "../../parts/empty_state.js";
import { toManageUrl } from "../../route.js";
import { DataTable, type Column } from "../parts/data_table.js";
import { PageFrame } from "../parts/page_frame.js";
import { useNameReported } from "../parts/reported.js";
import { useList } from "../parts/use_list.js";
import { useManageText } from "../texts.js";
import { FilterBar } from "./filter_bar.js";
import { ANY, toFilter, type TemplateFilters } from "./template_filters.js";
import { SyncBar } from "./sync_bar.js";
import { TemplateStatusBadge } from "./template_status.js";
import styles from "./template_list.module.css";
import { useTemplatesText } from "./texts.js";

interface TemplateListProps {
  accountId: string;
  filters: TemplateFilters;
  onFilter(filters: TemplateFilters): void;
}

export function TemplateList({ accountId, filters, onFilter }: TemplateListProps) {
  const [text, manageText] = [useTemplatesText(), useManageText()];
  const nameReported = useNameReported();
  const filter = toFilter(useDeferredValue(filters));
  const list = useList(ManagedTemplatesDocument, { accountId, filter }, ({ templates }) => templates);
  const columns: Column<TemplateItemFragment>[] = [
    {
      label: text.template,
      isMain: true,
      draw: ({ id, name }) => (
        <a className={styles.name} href={toManageUrl("templates", accountId, id)}>
          <bdi>{name ?? manageText.unknown}</bdi>
        </a>
      ),
    },
    { label: text.language, draw: ({ language }) => language },
    { label: text.category, draw: ({ category, categoryName }) => nameReported(text.categories, category, categoryName) },
    { label: text.status, draw: (template) => <TemplateStatusBadge template={template} /> },
    {
      label: text.quality,
      draw: ({ qualityScore, qualityScoreName }) => nameReported(manageText.qualities, qualityScore, qualityScoreName),
    },
  ];
  const isFiltered = Object.keys(toFilter(filters)).length > 0;
  const empty = (
    <EmptyState icon={FileStack} title={isFiltered ? text.noneFound : text.none}>
      <p>{isFiltered ? text.noneFoundHelp : text.noneHelp}</p>
    </EmptyState>
  );
  return (
    <PageFrame title={text.title} help={text.help}>
      <SyncBar accountId={accountId} onDone={() => void list.reload()} />
      <FilterBar
        accountId={accountId}
        filters={filters}
        languages={list.items?.map(({ language }) => language) ?? []}
        onChange={(part) => onFilter({ ...ANY, ...filters, ...part })}
      />
      <DataTable label={text.title} columns={columns} list={list} empty={empty} />
    </PageFrame>
  );
}
