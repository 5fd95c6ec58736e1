import type { CSSProperties } from "react";
import styles from "./avatar.module.css";

interface AvatarProps {
  name: string;
  /** Decides the colour, so that it stays when the name changes. */
  id: string;
  size?: string;
}

/** The initials of a person; the name stands beside it. */
export function Avatar({ name, id, size }: AvatarProps) {
  const style = { "--hue": findHue(id), ...(size && { "--size": size }) } as CSSProperties;
  return (
    <span className={styles.avatar} style={style} aria-hidden>
      {findInitials(name)}
    </span>
  );
}

function findHue(id: string): number {
  let hash = 0;
  for (const character of id) hash = (hash * 31 + character.codePointAt(0)!) % 3600;
  return hash % 360;
}

function findInitials(name: string): string {
  const words = name.match(/[\p{L}\p{N}]+/gu) ?? ["?"];
  const initials = [words[0]!, ...(words.length > 1 ? [words.at(-1)!] : [])];
  return initials.map((word) => [...word][0]!.toLocaleUpperCase()).join("");
}
