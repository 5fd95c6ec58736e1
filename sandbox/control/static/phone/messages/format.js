// WhatsApp's formatting and links, as elements.

import { make, makeLink } from "../dom.js";

const TAGS = { "*": "strong", _: "em", "~": "s" };
const INLINE =
  /```([^]+?)```|`([^`\n]+)`|(https?:\/\/[^\s<>"'`\u202a-\u202e\u2066-\u2069]+)|(?<![\p{L}\p{N}])([*_~])(?=\S)([^\n]*?\S)\4(?![\p{L}\p{N}])/u;
const BLOCKS = [
  [/^> ?(.*)$/, "quote-line"],
  [/^[-*] (.+)$/, "bullet-line"],
];

/** Returns the nodes of a text. */
export function formatText(text) {
  return text.split(/(```[^]+?```)/).flatMap((part) => (part.startsWith("```") ? formatInline(part) : formatLines(part)));
}

function formatLines(text) {
  const nodes = [];
  text.split("\n").forEach((line, index) => {
    if (index) nodes.push("\n");
    const [pattern, name] = BLOCKS.find(([each]) => each.test(line)) ?? [];
    if (!pattern) return nodes.push(...formatInline(line));
    nodes.push(make("span", name, ...formatInline(pattern.exec(line)[1])));
  });
  return nodes;
}

/** `used` has the marks around the text: none is applied twice. */
function formatInline(text, used = "") {
  const nodes = [];
  let rest = text;
  for (let found = INLINE.exec(rest); found; found = INLINE.exec(rest)) {
    const before = rest.slice(0, found.index);
    if (before) nodes.push(before);
    const [whole, block, code, address, mark, inner] = found;
    let length = whole.length;
    if (address) {
      const link = trimLink(address);
      length = link.length;
      nodes.push(formatLink(link));
    } else if (mark && used.includes(mark)) {
      length = 1;
      nodes.push(mark);
    } else if (mark) nodes.push(make(TAGS[mark], "", ...formatInline(inner, used + mark)));
    else nodes.push(make("code", "", block ?? code));
    rest = rest.slice(found.index + length);
  }
  if (rest) nodes.push(rest);
  return nodes;
}

/** Leaves out what ends the sentence and not the link. */
function trimLink(address) {
  const link = address.replace(/[.,;:!?*_~]+$/, "");
  return link.endsWith(")") && !link.includes("(") ? link.slice(0, -1) : link;
}

function formatLink(address) {
  // An address with a name and password shows another host first than it opens.
  const isPlain = URL.canParse(address) && !new URL(address).username && !new URL(address).password;
  return isPlain ? makeLink("", address, address) : address;
}

const MARKS = /```|(?<![\p{L}\p{N}])[*_~`](?=\S)|(?<=\S)[*_~`](?![\p{L}\p{N}])/gu;
/** The text in one line without its marks, for lists and quotes. */
export const flatten = (text) => text.replace(MARKS, "").replace(/\s+/g, " ").trim();
