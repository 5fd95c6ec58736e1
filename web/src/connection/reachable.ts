import { GRAPHQL_URL } from "./connect.js";

/** Returns true if the server itself answers, rather than a proxy or a captive portal. */
export async function isServerThere(): Promise<boolean> {
  try {
    const response = await fetch(`${GRAPHQL_URL}?query=${encodeURIComponent("{ __typename }")}`, {
      headers: { Accept: "application/json" },
    });
    const { data, errors } = await response.json();
    return Boolean(data ?? errors);
  } catch {
    return false;
  }
}
