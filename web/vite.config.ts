import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const SERVER = "http://127.0.0.1:8000";

/** Writes the paths of the modules in the build, from which their licences are collected. */
function listModules(): Plugin {
  return {
    name: "list-modules",
    generateBundle(_, bundle) {
      const paths = Object.values(bundle).flatMap((file) => (file.type === "chunk" ? file.moduleIds : []));
      this.emitFile({ type: "asset", fileName: "modules.json", source: JSON.stringify(paths) });
    },
  };
}

/** Keeps what the emoji picker shows of emojibase's data, which has six times as much. */
function shrinkEmoji(): Plugin {
  const NO_GROUPS = [undefined, 2];
  return {
    name: "shrink-emoji",
    enforce: "pre",
    transform(code, id) {
      if (!/emojibase-data\/\w+\/compact\.json$/.test(id)) return undefined;
      const entries: { unicode: string; label: string; tags?: string[]; group?: number; order?: number }[] = JSON.parse(code);
      // Letters of flags and parts of emoji can't be sent alone.
      const shown = entries.filter(({ group }) => !NO_GROUPS.includes(group)).sort((a, b) => a.order! - b.order!);
      return JSON.stringify(shown.map(({ unicode, label, tags, group }) => ({ unicode, label, tags, group })));
    },
  };
}

export default defineConfig({
  // Relative URLs work behind a proxy with a path prefix.
  base: "./",
  plugins: [shrinkEmoji(), react(), listModules()],
  resolve: {
    // The client package has copies of its own for its build.
    dedupe: ["@apollo/client", "graphql", "graphql-sse", "graphql-ws", "react", "rxjs"],
  },
  build: {
    target: "es2023",
    outDir: "dist",
    // A data: URL would need an exception in the Content-Security-Policy.
    assetsInlineLimit: 0,
    // Without it Vite adds an inline script.
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      "/graphql": { target: SERVER, ws: true },
      "/exports": SERVER,
      "/media": SERVER,
    },
  },
});
