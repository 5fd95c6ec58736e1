// Menus beside a button: the options of a message, and what can be attached.

import { make, makeButton, makeIcon } from "../dom.js";

const EMOJI = ["👍", "❤️", "😂", "😮", "😢", "🙏"];
const STEPS = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

/** Opens a menu beside `button`. Its children are buttons; a press closes it. */
export function openMenu(button, label, items) {
  const menu = make("div", "menu", ...items);
  menu.popover = "auto"; // the browser closes it on Escape and on a press elsewhere
  menu.setAttribute("role", "group");
  menu.setAttribute("aria-label", label);
  menu.addEventListener("click", () => menu.hidePopover());
  menu.addEventListener("keydown", (event) => moveFocus(menu, event));
  menu.addEventListener("toggle", (event) => {
    if (event.newState !== "closed") return;
    // Focus that the chosen action has placed elsewhere stays there.
    if (menu.contains(document.activeElement) || document.activeElement === document.body) button.focus();
    menu.remove();
  });
  document.body.append(menu);
  menu.showPopover();
  place(menu, button.getBoundingClientRect());
  menu.querySelector("button").focus();
}

function place(menu, box) {
  const below = box.bottom + 4 + menu.offsetHeight < window.innerHeight;
  const top = below ? box.bottom + 4 : Math.max(8, box.top - menu.offsetHeight - 4);
  const left = Math.min(Math.max(8, box.left - menu.offsetWidth / 2), window.innerWidth - menu.offsetWidth - 8);
  menu.style.top = `${top}px`;
  menu.style.left = `${left}px`;
}

function moveFocus(menu, event) {
  const step = STEPS[event.key];
  if (!step) return;
  event.preventDefault();
  const buttons = [...menu.querySelectorAll("button")];
  buttons[(buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length].focus();
}

export const makeItem = (icon, text, press) => makeButton("item", press, makeIcon(icon), text);

/** The six emoji; the pressed one is taken back. */
export function makeEmojiRow(current, react) {
  const buttons = EMOJI.map((emoji) => {
    const isSet = emoji === current;
    const button = makeButton("", () => react(isSet ? "" : emoji), emoji);
    button.setAttribute("aria-pressed", isSet);
    button.setAttribute("aria-label", isSet ? `Take back ${emoji}` : `React with ${emoji}`);
    return button;
  });
  return make("div", "emoji", ...buttons);
}
