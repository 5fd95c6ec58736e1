import { Smartphone } from "lucide-react";
import { EmptyState } from "../../parts/empty_state.js";
import { toManageUrl } from "../../route.js";
import { useNumbersText } from "./texts.js";

export function NotFound() {
  const text = useNumbersText();
  return (
    <EmptyState icon={Smartphone} title={text.notFound}>
      <p>{text.notFoundHelp}</p>
      <a href={toManageUrl("numbers")}>{text.title}</a>
    </EmptyState>
  );
}
