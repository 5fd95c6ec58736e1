import type { ReactNode } from "react";
import type { TemplateDetailFragment } from "../../generated/numbers.js";
import { useLanguage } from "../../language/language.js";
import { formatMoment } from "../../language/times.js";
import { Fact, Facts } from "../../parts/layout/facts.js";
import { Section } from "../../parts/layout/section.js";
import { useNameReported } from "../parts/reported.js";
import { useManageText } from "../texts.js";
import { TemplateStatusBadge } from "./template_status.js";
import { TechnicalDetails } from "../parts/technical_details.js";
import styles from "./template_facts.module.css";
import { useTemplatesText } from "./texts.js";

/** Status, quality and category of a template, with WhatsApp's reasons. */
export function TemplateFacts({ template }: { template: TemplateDetailFragment }) {
  const [text, manageText] = [useTemplatesText(), useManageText()];
  const nameReported = useNameReported();
  const language = useLanguage();
  const moment = (time: string | null) => time && formatMoment(language, time);
  const facts: [label: string, value: ReactNode][] = [
    [text.reason, template.statusReason],
    [text.recommendation, template.recommendation],
    [text.disabledAt, moment(template.disabledAt)],
    [text.statusChangedAt, moment(template.statusChangedAt)],
    [text.category, nameReported(text.categories, template.category, template.categoryName)],
    [text.previousCategory, namePrevious(text.categories, template.previousCategory, template.previousCategoryName)],
    [text.subCategory, template.subCategory],
    [text.quality, nameReported(manageText.qualities, template.qualityScore, template.qualityScoreName)],
    [text.previousQuality, namePrevious(manageText.qualities, template.previousQualityScore, template.previousQualityScoreName)],
    [text.account, template.account.name],
    [text.whatsappId, template.whatsappId],
    [text.readAt, moment(template.syncedAt)],
  ];
  return (
    <Section title={text.details} actions={<TemplateStatusBadge template={template} />}>
      <p className={styles.state} data-sendable={template.sendable || undefined}>
        {template.sendable ? text.sendable : text.notSendable}
      </p>
      {template.obstacle && <TechnicalDetails>{template.obstacle}</TechnicalDetails>}
      <Facts>
        {facts.map(
          ([label, value]) =>
            value && (
              <Fact key={label} label={label}>
                <bdi>{value}</bdi>
              </Fact>
            ),
        )}
      </Facts>
    </Section>
  );
}

/** Null if WhatsApp reported no earlier value. */
const namePrevious = (words: Record<string, string>, value: string | null, name: string | null): string | null =>
  (value && words[value]) ?? name;
