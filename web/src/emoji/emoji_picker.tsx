import { memo, useCallback, useDeferredValue, useEffect, useId, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { useLanguage, useText } from "../language/language.js";
import { findEmoji, loadEmoji, type Emoji } from "./emoji_data.js";
import styles from "./emoji_picker.module.css";
import { keepRecent, readRecent } from "./recent_emoji.js";
import { useEmojiTexts } from "./texts.js";

interface Section {
  title: string;
  emoji: readonly Emoji[];
}

/** Lets the user choose an emoji: the field keeps the focus, and the arrow keys move through the emoji. */
export function EmojiPicker({ onChoose }: { onChoose(emoji: string): void }) {
  const text = useText();
  const own = useEmojiTexts();
  const [search, setSearch] = useState("");
  const sections = useSections(useDeferredValue(search));
  const [active, setActive] = useState(0);
  const listId = useId();
  const list = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const shown = useMemo(() => sections.flatMap(({ emoji }) => emoji), [sections]);
  // The popover gave the focus to itself: the picker was not loaded.
  useEffect(() => void field.current?.focus(), []);
  useEffect(() => setActive(0), [sections]);
  useEffect(() => {
    // It returns a promise in newer browsers, which is no clean-up.
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [active]);

  const choose = useCallback(
    (emoji: Emoji) => {
      keepRecent(emoji.unicode);
      onChoose(emoji.unicode);
    },
    [onChoose],
  );
  function onKeyDown(event: KeyboardEvent) {
    const next = findNext(list.current!, active, event.key);
    if (event.key === "Enter" && shown[active]) choose(shown[active]);
    else if (next === null) return;
    else setActive(next);
    event.preventDefault();
  }

  let index = 0;
  return (
    <>
      <input
        ref={field}
        className={styles.search}
        type="search"
        role="combobox"
        aria-autocomplete="list"
        aria-expanded
        aria-controls={listId}
        {...(shown[active] && { "aria-activedescendant": `${listId}-${active}` })}
        value={search}
        placeholder={own.search}
        aria-label={own.search}
        autoComplete="off"
        onChange={(event) => setSearch(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <div ref={list} id={listId} className={styles.list} role="listbox" aria-label={own.emoji} tabIndex={-1}>
        {sections.map(({ title, emoji }) => (
          <div key={title} role="group" aria-label={title} className={styles.section}>
            <p aria-hidden>{title}</p>
            {emoji.map((each) => (
              <EmojiOption
                key={each.unicode}
                id={`${listId}-${index}`}
                emoji={each}
                isActive={index++ === active}
                onChoose={choose}
              />
            ))}
          </div>
        ))}
      </div>
      <p className={styles.name} role={shown.length === 0 && search ? "status" : undefined}>
        {shown[active]?.label ?? (search && text.searchNothing)}
      </p>
    </>
  );
}

interface EmojiOptionProps {
  id: string;
  emoji: Emoji;
  isActive: boolean;
  onChoose(emoji: Emoji): void;
}

/** There are 1,900 options; when the active one changes, only two are drawn again. */
const EmojiOption = memo(function EmojiOption({ id, emoji, isActive, onChoose }: EmojiOptionProps) {
  return (
    <button
      type="button"
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={isActive}
      aria-label={emoji.label}
      title={emoji.label}
      onClick={() => onChoose(emoji)}
    >
      {emoji.unicode}
    </button>
  );
});

/** The emoji by group, with the recent ones first, or the emoji that match the search. */
function useSections(search: string): Section[] {
  const own = useEmojiTexts();
  const language = useLanguage();
  const [emoji, setEmoji] = useState<Emoji[]>([]);
  useEffect(() => {
    let isStale = false;
    void loadEmoji(language).then((loaded) => !isStale && setEmoji(loaded));
    return () => void (isStale = true);
  }, [language]);
  return useMemo(() => {
    if (search.trim()) return toSections([[own.found, findEmoji(emoji, search)]]);
    const known = new Map(emoji.map((each) => [each.unicode, each]));
    const recent = readRecent().flatMap((unicode) => known.get(unicode) ?? []);
    const groups = own.groups.map((title, group) => [title, emoji.filter((each) => each.group === group)] as const);
    return toSections([[own.recent, recent], ...groups]);
  }, [emoji, search, own]);
}

const toSections = (sections: (readonly [title: string, emoji: readonly Emoji[]])[]): Section[] =>
  sections.filter(([, emoji]) => emoji.length > 0).map(([title, emoji]) => ({ title, emoji }));

type Place = DOMRect & { index: number };

/** Returns the index to which a key moves; null for other keys. Rows are those on the screen. */
function findNext(list: HTMLElement, active: number, key: string): number | null {
  const options = [...list.querySelectorAll<HTMLElement>("[role=option]")];
  const isRightToLeft = getComputedStyle(list).direction === "rtl";
  const step = { ArrowRight: isRightToLeft ? -1 : 1, ArrowLeft: isRightToLeft ? 1 : -1 }[key];
  if (step) return Math.min(Math.max(active + step, 0), Math.max(options.length - 1, 0));
  if (key !== "ArrowDown" && key !== "ArrowUp") return null;
  const places = options.map((option, index) => ({ index, ...option.getBoundingClientRect().toJSON() })) as Place[];
  const current = places[active];
  if (!current) return active;
  const isBeyond = ({ top }: Place) => (key === "ArrowDown" ? top > current.top + 1 : top < current.top - 1);
  const beyond = places.filter(isBeyond);
  const row = (key === "ArrowDown" ? beyond[0] : beyond.at(-1))?.top;
  const distance = ({ left }: Place) => Math.abs(left - current.left);
  const [nearest] = beyond.filter(({ top }) => top === row).sort((a, b) => distance(a) - distance(b));
  return nearest?.index ?? active;
}
