import type { GetToken } from "./live.js";

/** Builds a request with files. Each key is a path in `variables`, such as `input.content.image.file`. */
export function makeForm(
  query: string,
  variables: Record<string, unknown>,
  files: Record<string, Blob>,
): FormData {
  const paths = Object.keys(files);
  const form = new FormData();
  form.append("operations", JSON.stringify({ query, variables }));
  form.append("map", JSON.stringify(Object.fromEntries(paths.map((path, index) => [index, [`variables.${path}`]]))));
  paths.forEach((path, index) => form.append(String(index), files[path]));
  return form;
}

/** Sends files without a GraphQL client. Returns the response with `data` and `errors`. */
export async function upload(
  url: string,
  getToken: GetToken,
  query: string,
  variables: Record<string, unknown>,
  files: Record<string, Blob>,
): Promise<any> {
  const answer = await fetch(url, {
    method: "POST",
    headers: { Authorization: `Bearer ${await getToken()}`, "GraphQL-Require-Preflight": "1" },
    body: makeForm(query, variables, files),
  });
  return answer.json();
}
