import { useManageText } from "../texts.js";

/** Names a value that WhatsApp reports; by WhatsApp's own name if there is no word for it. */
export function useNameReported() {
  const { unknown } = useManageText();
  return (words: Record<string, string>, value: string | null, name: string | null): string =>
    (value && words[value]) ?? name ?? unknown;
}
