import { useManageText } from "../texts.js";

/** The server's sentence, which is English and names calls and fields of the API. */
export function TechnicalDetails({ children }: { children: string }) {
  const text = useManageText();
  return (
    <details>
      <summary>{text.technicalDetails}</summary>
      <p lang="en" dir="auto">
        {children}
      </p>
    </details>
  );
}
