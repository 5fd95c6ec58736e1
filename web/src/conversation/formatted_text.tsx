import { memo } from "react";
import { parseBlocks, type Block, type Part } from "./format.js";
import styles from "./formatted_text.module.css";

/** A text as WhatsApp shows it. It becomes React elements, never HTML. */
export const FormattedText = memo(function FormattedText({ text }: { text: string }) {
  return (
    <div className={styles.text} dir="auto">
      {parseBlocks(text).map((block, index) => (
        <BlockView key={index} block={block} />
      ))}
    </div>
  );
});

function BlockView({ block }: { block: Block }) {
  if (block.kind === "code") return <pre>{block.text}</pre>;
  if (block.kind === "quote") return <blockquote dir="auto">{drawParts(block.parts)}</blockquote>;
  if (block.kind === "paragraph") return <p dir="auto">{drawParts(block.parts)}</p>;
  const items = block.items.map((parts, index) => <li key={index} dir="auto">{drawParts(parts)}</li>);
  return block.start === null ? <ul>{items}</ul> : <ol start={block.start}>{items}</ol>;
}

const TAGS = { bold: "strong", italic: "em", strike: "s" } as const;

function drawParts(parts: Part[]) {
  return parts.map((part, index) => {
    if (part.kind === "text") return part.text;
    if (part.kind === "code") return <code key={index}>{part.text}</code>;
    if (part.kind === "link") {
      return (
        <a key={index} href={part.url} target="_blank" rel="noopener noreferrer nofollow" dir="ltr">
          {part.text}
        </a>
      );
    }
    const Tag = TAGS[part.kind];
    return <Tag key={index}>{drawParts(part.parts)}</Tag>;
  });
}
