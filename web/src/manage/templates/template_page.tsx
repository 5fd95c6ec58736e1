import { useQuery } from "@apollo/client/react";
import { buildTemplateForm } from "@wagraph/client";
import { useRetry } from "@wagraph/client/react";
import { FileStack } from "lucide-react";
import { useMemo } from "react";
import { TemplateView } from "../../conversation/content/template_view.js";
import { TemplateDocument, type TemplateDetailFragment } from "../../generated/numbers.js";
import { EmptyState } from "../../parts/empty_state.js";
import { Section } from "../../parts/layout/section.js";
import { toManageUrl } from "../../route.js";
import { draftTemplate } from "../../templates/draft_template.js";
import { PageFrame } from "../parts/page_frame.js";
import { TemplateFacts } from "./template_facts.js";
import styles from "./template_page.module.css";
import { useTemplatesText } from "./texts.js";

interface TemplatePageProps {
  accountId: string;
  templateId: string;
}

/** A template as the customer sees it, and what WhatsApp says about it. */
export function TemplatePage({ accountId, templateId }: TemplatePageProps) {
  const text = useTemplatesText();
  const { data, error, refetch } = useQuery(TemplateDocument, { variables: { templateId }, fetchPolicy: "cache-and-network" });
  useRetry(error, refetch);
  const back = { href: toManageUrl("templates", accountId), label: text.title };
  if (data && data.node?.__typename !== "Template") {
    return (
      <PageFrame title={text.template} back={back}>
        <EmptyState icon={FileStack} title={text.notFound}>
          <p>{text.notFoundHelp}</p>
        </EmptyState>
      </PageFrame>
    );
  }
  const template = data?.node as TemplateDetailFragment | undefined;
  return (
    <PageFrame title={template?.name ?? text.template} help={template?.language} back={back}>
      {template && (
        <div className={styles.columns}>
          <TemplateFacts template={template} />
          <Preview template={template} />
        </div>
      )}
    </PageFrame>
  );
}

function Preview({ template }: { template: TemplateDetailFragment }) {
  const text = useTemplatesText();
  const content = useMemo(() => {
    const fields = buildTemplateForm(template.parameters);
    return draftTemplate(template, fields, Object.fromEntries(fields.map(({ key, example }) => [key, example])));
  }, [template]);
  return (
    <Section title={text.preview} help={template.components.length > 0 ? text.previewHelp : text.noPreview}>
      {template.components.length > 0 && (
        <div className={styles.chat}>
          <div className={styles.bubble}>
            <TemplateView template={content} />
          </div>
        </div>
      )}
    </Section>
  );
}
