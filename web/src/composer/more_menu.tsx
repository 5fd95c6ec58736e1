import { Contact, ExternalLink, List, MapPin, MapPinned, Mic, Phone, Plus, SquareMousePointer } from "lucide-react";
import type { Ref } from "react";
import { IconButton } from "../parts/button.js";
import { Menu, MenuItem, MenuLine } from "../parts/menu.js";
import { canRecord } from "../voice/recording.js";
import { useComposerTexts } from "./texts.js";

const SHARED = { location: MapPin, contacts: Contact } as const;
const QUESTIONS = { buttons: SquareMousePointer, list: List, link: ExternalLink } as const;
const REQUESTS = { locationRequest: MapPinned, contactRequest: Phone } as const;
const ICONS = { ...SHARED, ...QUESTIONS, ...REQUESTS };

/** Kinds of messages that have a form. */
export type MessageKind = keyof typeof ICONS;

interface MoreMenuProps {
  /** The button, which takes the focus after a form is closed. */
  ref: Ref<HTMLButtonElement>;
  isDisabled: boolean;
  onOpen(): void;
  onChoose(kind: MessageKind): void;
  onRecord(): void;
}

/** The kinds of messages that are not typed. */
export function MoreMenu({ ref, isDisabled, onOpen, onChoose, onRecord }: MoreMenuProps) {
  const text = useComposerTexts();
  const drawItems = (kinds: object) =>
    (Object.keys(kinds) as MessageKind[]).map((kind) => (
      <MenuItem key={kind} icon={ICONS[kind]} onSelect={() => onChoose(kind)}>
        {text.kinds[kind]}
      </MenuItem>
    ));
  return (
    <Menu
      align="start"
      trigger={<IconButton ref={ref} icon={Plus} label={text.more} disabled={isDisabled} />}
      onOpenChange={(isOpen) => isOpen && onOpen()}
    >
      {canRecord() && (
        <MenuItem icon={Mic} onSelect={onRecord}>
          {text.voice}
        </MenuItem>
      )}
      {drawItems(SHARED)}
      <MenuLine />
      {drawItems(QUESTIONS)}
      <MenuLine />
      {drawItems(REQUESTS)}
    </Menu>
  );
}
