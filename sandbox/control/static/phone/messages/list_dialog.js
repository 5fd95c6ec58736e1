// The list of an interactive message: one row is chosen and sent.

import { element, make, makeText } from "../dom.js";

/** `choose(row)` is called with the row that was sent. */
export function openList(title, sections, choose) {
  const dialog = element("list-dialog");
  const rows = sections.flatMap(({ rows }) => rows ?? []);
  element("list-title").textContent = title;
  element("list-rows").replaceChildren(...sections.map(drawSection));
  dialog.returnValue = "cancel";
  dialog.addEventListener(
    "close",
    () => {
      const chosen = element("list-form").elements.row?.value;
      const row = rows.find(({ id }) => id === chosen);
      if (dialog.returnValue === "send" && row) choose(row);
    },
    { once: true },
  );
  dialog.showModal();
}

function drawSection({ title, rows = [] }) {
  const section = make("fieldset", "", title && makeText("legend", "foot", title));
  section.append(...rows.map(drawRow));
  return section;
}

function drawRow({ id, title, description }) {
  const choice = make("input", "");
  choice.type = "radio";
  choice.name = "row";
  choice.value = id;
  choice.required = true;
  const words = make("span", "", makeText("span", "row-title", title), description && makeText("span", "foot", description));
  return make("label", "list-row", words, choice);
}
