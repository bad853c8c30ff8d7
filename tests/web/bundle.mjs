// Parts of clients/web in Node, without a browser.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const client = new URL("../../clients/web/", import.meta.url).pathname;
const { build } = createRequire(`${client}package.json`)("esbuild");

const built = new Map();

// What the source exports, which imports from clients/web ("./src/app/…"); each
// time anew. `instead` has sources that stand in for modules, by the end of the
// path by which they are imported.
export async function bundled(source, instead = {}) {
  const which = JSON.stringify([source, instead]);
  if (!built.has(which)) built.set(which, await textOf(source, instead));
  // A file, for a module out of its own text would stand whole in each trace.
  const folder = mkdtempSync(join(tmpdir(), "housecall-bundle-"));
  try {
    const file = join(folder, "bundle.mjs");
    writeFileSync(file, built.get(which));
    return await import(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function textOf(source, instead) {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: client, loader: "ts" },
    bundle: true,
    format: "esm",
    write: false,
    plugins: [{
      name: "instead",
      setup({ onResolve, onLoad }) {
        onResolve({ filter: /^\./ }, ({ path }) => {
          const found = Object.keys(instead).find((name) => path.endsWith(`/${name}`));
          return found && { path: found, namespace: "instead" };
        });
        onLoad({ filter: /./, namespace: "instead" }, ({ path }) => ({ contents: instead[path], loader: "ts" }));
      },
    }],
  });
  return outputFiles[0].contents;
}

// Lets everything go on that waits for nothing but its turn.
export async function settle() {
  for (let i = 0; i < 200; i++) await Promise.resolve();
}
