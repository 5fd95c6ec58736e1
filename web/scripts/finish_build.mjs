// Lists the packages in the built files: web/dist/THIRD-PARTY.txt with their licences, and the table
// in docs/licences.md.

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";

const ROOT = new URL("../", import.meta.url);
const MODULES = new URL("dist/modules.json", ROOT);
const DOCUMENT = new URL("../docs/licences.md", ROOT);
const [START, END] = ["<!-- written by make web: start -->", "<!-- written by make web: end -->"];

/** Returns the package that contains a module, or undefined for one of ours. */
function findPackage(path) {
  return path.match(/.*node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1];
}

function readPackage(name) {
  const folder = new URL(`node_modules/${name}/`, ROOT);
  const { version, license, author } = JSON.parse(readFileSync(new URL("package.json", folder), "utf8"));
  const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  if (!license) throw new Error(`${name} has no licence.`);
  const text = file ? readFileSync(new URL(file, folder), "utf8").trim() : null;
  const copyright = findCopyright(text) ?? nameAuthor(author) ?? `the authors of ${name}`;
  return { name, version, license, copyright, text };
}

function findCopyright(text) {
  const line = text?.match(/^\W*copyright (?:\(c\)|©|(?=\d))\s*(.+?)\.?$/im)?.[1];
  return line?.replace(/\(c\)\s*/i, "").replace(/\s*All rights reserved\.?/i, "").replace(/\s*[(<]?(?:https?:\S+|\S+@\S+)/g, "").trim();
}

function nameAuthor(author) {
  return typeof author === "string" ? author.replace(/\s*[<(].*/, "") : author?.name;
}

const modules = JSON.parse(readFileSync(MODULES, "utf8"));
rmSync(MODULES);
const names = [...new Set(modules.map(findPackage).filter(Boolean))].sort();
const packages = names.map(readPackage);

const MIT = readFileSync(new URL("../LICENSE", ROOT), "utf8").split("\n\n").slice(2).join("\n\n").trim();
const notices = packages.map(({ name, version, license, copyright, text }) => {
  if (!text && license !== "MIT") throw new Error(`${name} has no licence file.`);
  return `${name} ${version} (${license})\n\n${text ?? `Copyright (c) ${copyright}\n\n${MIT}`}\n`;
});
const line = `\n${"-".repeat(80)}\n\n`;
writeFileSync(new URL("dist/THIRD-PARTY.txt", ROOT), notices.join(line));

const rows = packages.map(({ name, version, license, copyright }) => `| \`${name}\` | ${version} | ${license} | ${copyright} |`);
const table = ["| package | version | licence | copyright |", "|---|---|---|---|", ...rows].join("\n");
if (existsSync(DOCUMENT)) {
  const document = readFileSync(DOCUMENT, "utf8");
  const [before, rest] = document.split(START);
  if (rest === undefined) throw new Error(`docs/licences.md has no line ${START}`);
  writeFileSync(DOCUMENT, `${before}${START}\n\n${table}\n\n${END}${rest.split(END)[1]}`);
}
