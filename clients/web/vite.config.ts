// Builds the screens into build/web, from where housecalld serves them: no
// inline script or style (its Content-Security-Policy forbids both), no address
// of any other host, and one service worker that knows every file by name.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { defineConfig, type Plugin } from "vite";

const output = new URL("../../build/web", import.meta.url).pathname;

function filesUnder(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesUnder(path) : [path];
  });
}

// The faces of people who may have no network; the others need it anyway, and
// what they are made of (the map, tables) is large.
const facesWithoutNetwork = ["requester", "crew"];

// Writes the list of files that the service worker keeps into it.
function listFilesForWorker(): Plugin {
  const loaded = new Set<string>();
  return {
    name: "list-files-for-worker",
    apply: "build",
    generateBundle(_, bundle) {
      const take = (file: string) => {
        const chunk = bundle[file];
        if (chunk?.type !== "chunk" || loaded.has(file)) return;
        loaded.add(file);
        for (const css of chunk.viteMetadata?.importedCss ?? []) loaded.add(css);
        chunk.imports.forEach(take);
      };
      const chunks = Object.values(bundle).filter((each) => each.type === "chunk");
      for (const name of ["index", ...facesWithoutNetwork]) {
        const chunk = chunks.find((each) => each.name === name);
        if (!chunk) throw new Error(`there is no chunk ${name}`);
        take(chunk.fileName);
      }
    },
    closeBundle() {
      const worker = join(output, "service_worker.js");
      const files = filesUnder(output)
        .map((path) => relative(output, path))
        .filter((path) => (path.startsWith("assets/") ? loaded.has(path) : path !== "service_worker.js"))
        .sort();
      const hash = createHash("sha256");
      for (const file of files) hash.update(readFileSync(join(output, file)));
      const text = readFileSync(worker, "utf8")
        .replace(/["']__FILES__["']/, JSON.stringify(files.map((file) => "/" + file)))
        .replace("__VERSION__", hash.digest("hex").slice(0, 16));
      if (text.includes("__FILES__") || text.includes("__VERSION__")) {
        throw new Error("service_worker.js has no place for its list of files");
      }
      writeFileSync(worker, text);
    },
  };
}

export default defineConfig({
  // Each setting that would write into the page itself is off.
  build: {
    outDir: output,
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
    rollupOptions: {
      input: { index: "index.html", service_worker: "src/service_worker.ts" },
      output: {
        entryFileNames: (chunk) =>
          chunk.name === "service_worker" ? "[name].js" : "assets/[name]-[hash].js",
        chunkFileNames: "assets/[name]-[hash].js",
        assetFileNames: "assets/[name]-[hash][extname]",
      },
    },
  },
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  plugins: [listFilesForWorker()],
});
