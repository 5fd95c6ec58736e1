import { Bold, Code, Italic, List, ListOrdered, Quote, Strikethrough, Type } from "lucide-react";
import { useRef } from "react";
import { IconButton } from "../parts/button.js";
import { Menu, MenuItem, MenuKeys, MenuLine } from "../parts/menu.js";
import { FORMATS, KEYS, type Format } from "./editing.js";
import { useComposerTexts } from "./texts.js";

const ICONS = {
  bold: Bold,
  italic: Italic,
  strike: Strikethrough,
  code: Code,
  bullets: List,
  numbers: ListOrdered,
  quote: Quote,
};
const CONTROL = /Mac|iPhone|iPad/u.test(navigator.platform) ? "⌘" : "Ctrl+";

interface FormatMenuProps {
  /** Called when the menu is closed: the field takes the focus, and the format if one was chosen. */
  onClose(chosen: Format | null): void;
}

export function FormatMenu({ onClose }: FormatMenuProps) {
  const text = useComposerTexts();
  const chosen = useRef<Format | null>(null);
  const close = () => {
    onClose(chosen.current);
    chosen.current = null;
  };
  return (
    <Menu align="start" trigger={<IconButton icon={Type} label={text.format} />} onCloseFocus={close}>
      {FORMATS.map((format) => (
        <div key={format} role="presentation">
          {format === "bullets" && <MenuLine />}
          <MenuItem icon={ICONS[format]} onSelect={() => (chosen.current = format)}>
            {text.formats[format]}
            {KEYS[format] && <MenuKeys>{CONTROL + KEYS[format].toUpperCase().replace("SHIFT", "Shift")}</MenuKeys>}
          </MenuItem>
        </div>
      ))}
    </Menu>
  );
}
