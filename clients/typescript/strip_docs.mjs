// Removes the documentation from the JavaScript files: editors read it in the declarations.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";

for (const name of readdirSync("dist", { recursive: true })) {
  if (!name.endsWith(".js")) continue;
  const code = readFileSync(`dist/${name}`, "utf8");
  writeFileSync(`dist/${name}`, code.replace(/^[ \t]*\/\*\*[\s\S]*?\*\/\n/gm, ""));
}
