import type { OperationVariables, TypedDocumentNode } from "@apollo/client";
import { useApolloClient } from "@apollo/client/react";
import { useEffect, useMemo, useState } from "react";
import {
  buildTemplateForm,
  findFormErrors,
  listMissing,
  toTemplateParameters,
  type FormField,
  type FormValues,
  type TemplateParameter,
} from "../template_form.js";

export interface FormTemplate {
  id: string;
  parameters: readonly TemplateParameter[];
}

interface PreviewData {
  previewTemplate?: {
    content?: unknown;
    userErrors: readonly { message: string; field?: readonly string[] | null }[];
  } | null;
}

export interface TemplateFormView<Content> {
  fields: FormField[];
  values: FormValues;
  setValue(key: string, value: unknown): void;
  /** The keys of required fields without a value. */
  missing: string[];
  /** Messages by the keys of the fields with a value; "" for the whole form. */
  errors: Record<string, string>;
  /** The message as the customer will see it; null while the values are incomplete or wrong. */
  preview: Content | null;
  /** `TemplateInput` of the current values, for the preview and the message. */
  input: { reference: { templateId: string }; parameters: Record<string, unknown> };
}

const PREVIEW_MILLISECONDS = 250;
const NO_PREVIEW = { preview: null, errors: {} };

/**
 * The form for a template's parameters, with a preview that follows the values.
 *
 * @param query A query of `previewTemplate` with `content`, `userErrors { message field }` and the
 *   variable `$template`.
 */
export function useTemplateForm<Data extends PreviewData, Variables extends OperationVariables>(
  template: FormTemplate,
  query: TypedDocumentNode<Data, Variables>,
): TemplateFormView<NonNullable<NonNullable<Data["previewTemplate"]>["content"]>> {
  type Content = NonNullable<NonNullable<Data["previewTemplate"]>["content"]>;
  const apollo = useApolloClient();
  const [values, setValues] = useState<FormValues>({});
  const [shown, setShown] = useState<{ preview: Content | null; errors: Record<string, string> }>(NO_PREVIEW);
  const fields = useMemo(() => buildTemplateForm(template.parameters), [template]);
  const input = useMemo(
    () => ({ reference: { templateId: template.id }, parameters: toTemplateParameters(fields, values) }),
    [template, fields, values],
  );
  useEffect(() => {
    let isStale = false;
    const timer = setTimeout(async () => {
      const variables = { template: input };
      const document = query as unknown as TypedDocumentNode<PreviewData, OperationVariables>;
      const result = await apollo.query({ query: document, variables, fetchPolicy: "no-cache" }).catch(() => null);
      if (isStale || !result?.data?.previewTemplate) return;
      const { content, userErrors } = result.data.previewTemplate;
      setShown({
        preview: (content as Content | null | undefined) ?? null,
        errors: findFormErrors(fields, values, userErrors),
      });
    }, PREVIEW_MILLISECONDS);
    return () => {
      isStale = true;
      clearTimeout(timer);
    };
  }, [apollo, query, fields, values, input]);
  return {
    ...shown,
    fields,
    values,
    setValue: (key, value) => setValues((old) => ({ ...old, [key]: value })),
    missing: listMissing(fields, values),
    input,
  };
}
