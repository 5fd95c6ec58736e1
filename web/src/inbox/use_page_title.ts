import { useEffect } from "react";
import { useText } from "../language/language.js";

/** Shows the number of unread conversations in the tab's title. */
export function usePageTitle(unread: { value: number; isCapped: boolean } | undefined): void {
  const text = useText();
  const count = unread ? formatCount(unread) : "0";
  useEffect(() => {
    document.title = count === "0" ? text.appName : `(${count}) ${text.appName}`;
  }, [count, text]);
}

export const formatCount = ({ value, isCapped }: { value: number; isCapped: boolean }): string =>
  isCapped ? `${value}+` : String(value);
