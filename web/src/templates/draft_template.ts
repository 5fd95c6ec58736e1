import type { FormField, FormValues } from "@wagraph/client";
import type { TemplateContent } from "../conversation/content/template_view.js";
import type { MediaKind, TemplatePartsFragment } from "../generated/graphql.js";

type Component = Pick<TemplatePartsFragment["components"][number], "type" | "format" | "text" | "buttons">;

const MEDIA_KINDS: readonly string[] = ["IMAGE", "VIDEO", "DOCUMENT"] satisfies MediaKind[];

/** The template with the values that are filled in; the other variables stay as `{{name}}`. */
export function draftTemplate(
  template: Pick<TemplatePartsFragment, "name" | "components">,
  fields: readonly FormField[],
  values: FormValues,
): TemplateContent {
  const { header, body, buttons } = draftPart(template.components, fields, values, null);
  const cards = template.components.find(({ type }) => type === "CAROUSEL")?.cards ?? [];
  return {
    __typename: "TemplateContent",
    name: template.name ?? "",
    header,
    body,
    footer: find(template.components, "FOOTER")?.text ?? null,
    buttons: buttons.map((button) => ({ ...button, __typename: "TemplateContentButton" })),
    cards: cards.map(({ components }, index) => ({
      __typename: "TemplateContentCard",
      ...draftPart(components, fields, values, index),
    })),
    offer: null,
  };
}

const find = (components: readonly Component[], type: string): Component | undefined =>
  components.find((component) => component.type === type);

/** Fills in a message, or a card of it. */
function draftPart(
  components: readonly Component[],
  fields: readonly FormField[],
  values: FormValues,
  cardIndex: number | null,
): Pick<TemplateContent, "header" | "body" | "buttons"> {
  const own = fields.filter((field) => field.cardIndex === cardIndex);
  const fill = (place: string, text: string | null | undefined) =>
    fillText(own.filter((field) => field.place === place), values, text ?? "");
  const header = find(components, "HEADER");
  return {
    header: header ? draftHeader(header.format, fill("HEADER", header.text)) : null,
    body: fill("BODY", find(components, "BODY")?.text),
    buttons: (find(components, "BUTTONS")?.buttons ?? []).map(({ type, text }) => ({
      __typename: "TemplateContentButton",
      buttonType: type,
      title: text,
    })),
  };
}

const draftHeader = (format: string | null, text: string): TemplateContent["header"] => ({
  __typename: "TemplateContentHeader",
  text: text || null,
  mediaKind: MEDIA_KINDS.includes(format ?? "") ? (format as MediaKind) : null,
  link: null,
  url: null,
  filename: null,
  place: format === "LOCATION" ? { __typename: "TemplateContentPlace", name: null, address: null } : null,
});

function fillText(fields: readonly FormField[], values: FormValues, text: string): string {
  return text.replace(/\{\{\s*(\w+)\s*\}\}/g, (variable, name: string) => {
    const field = fields.find((each) => each.name === name) ?? fields[Number(name) - 1];
    const value = field && values[field.key];
    return typeof value === "string" && value ? value : variable;
  });
}
