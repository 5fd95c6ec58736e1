// Small helpers for elements. Texts only ever go in as text, never as HTML.

export const element = (id) => document.getElementById(id);

/** Makes an element; strings among the children become text, and empty values are left out. */
export function make(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children.filter((child) => child !== "" && child !== null && child !== undefined && child !== false));
  return node;
}

export function makeIcon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "glyph");
  use.setAttribute("href", `static/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

export function makeButton(className, press, ...children) {
  const button = make("button", className, ...children);
  button.type = "button";
  button.addEventListener("click", press);
  return button;
}

/** Makes a button with an icon alone; the label is for screen readers and the tooltip. */
export function makeIconButton(icon, label, press) {
  const button = makeButton("icon", press, makeIcon(icon));
  button.setAttribute("aria-label", label);
  button.title = label;
  return button;
}

/** Makes a link to another page, which learns nothing about this one. */
export function makeLink(className, address, ...children) {
  const link = make("a", className, ...children);
  link.href = address;
  link.target = "_blank";
  link.rel = "noopener noreferrer nofollow";
  return link;
}

/** Text in the direction of its own first letter. */
export function makeText(tag, className, text) {
  const node = make(tag, className, text);
  node.dir = "auto";
  return node;
}

/** Changes the children to `nodes` and moves only what has to move, so that sounds play on. */
export function arrange(parent, nodes) {
  const kept = new Set(nodes);
  for (const child of [...parent.children]) if (!kept.has(child)) child.remove();
  nodes.forEach((node, index) => {
    if (parent.children[index] !== node) parent.insertBefore(node, parent.children[index] ?? null);
  });
}

const two = (number) => String(number).padStart(2, "0");
export const showSeconds = (seconds) => `${Math.floor(seconds / 60)}:${two(Math.floor(seconds % 60))}`;

export function showSize(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
