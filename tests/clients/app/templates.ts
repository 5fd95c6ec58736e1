import {
  buildTemplateForm,
  findFormErrors,
  type FormField,
  type FormValues,
  listMissing,
  toTemplateParameters,
} from "@wagraph/client";
import type { App } from "./connect.js";
import { PreviewTemplateDocument, SendDocument, TemplatesDocument, type TemplatesQuery } from "./generated/graphql.js";

type Template = NonNullable<TemplatesQuery["templates"]>["nodes"][number];

export async function listTemplates({ apollo }: App, accountId: string): Promise<Template[]> {
  const { data } = await apollo.query({ query: TemplatesDocument, variables: { accountId } });
  return data!.templates!.nodes;
}

/** A form for the variables of a template: show an input for each field, by its `kind` and `label`. */
export class TemplateForm {
  readonly fields: FormField[];

  constructor(
    private readonly app: App,
    private readonly template: Template,
  ) {
    this.fields = buildTemplateForm(template.parameters);
  }

  /** Returns the preview, and what is wrong by the fields' keys. */
  async preview(values: FormValues) {
    const variables = { template: this.fill(values) };
    const { data } = await this.app.apollo.query({ query: PreviewTemplateDocument, variables });
    const { content, userErrors } = data!.previewTemplate!;
    return { content, errors: findFormErrors(this.fields, values, userErrors) };
  }

  /** Sends the template. Returns what is wrong by the fields' keys. */
  async send(conversationId: string, values: FormValues): Promise<Record<string, string>> {
    const missing = listMissing(this.fields, values);
    if (missing.length > 0) return Object.fromEntries(missing.map((key) => [key, "Required."]));
    const input = {
      to: { conversationId },
      content: { template: this.fill(values) },
      idempotencyKey: crypto.randomUUID(),
    };
    const { data } = await this.app.apollo.mutate({ mutation: SendDocument, variables: { input } });
    return findFormErrors(this.fields, values, data!.sendMessage!.userErrors);
  }

  /** Returns the input of the preview and of the message. */
  private fill(values: FormValues) {
    const parameters = toTemplateParameters(this.fields, values);
    return { reference: { templateId: this.template.id }, parameters };
  }
}
