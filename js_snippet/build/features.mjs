// Tells about what each file of src/ costs in a bundle: the bytes that go when its functions do nothing.
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { bundled, gzipped, here } from "./bundle.mjs";

const FOUNDATION = /\/(guard|start)\.ts$/; // nothing runs without

/** Name and gzip bytes of each file, the costliest first; what only that file needs is counted with it. */
export async function costs(entry) {
  const { text, files } = await bundled(entry, { inHurry: true });
  const whole = gzipped(text);
  const found = [];
  for (const file of files.filter((one) => one.startsWith("src/") && one !== entry && !FOUNDATION.test(one))) {
    try {
      const without = await bundled(entry, { plugins: [emptied(file)], inHurry: true });
      found.push([basename(file, ".ts"), whole - gzipped(without.text)]);
    } catch {
      // It gives more than functions and values, a class to extend for instance: it has no price of its own.
    }
  }
  return found.sort(([, a], [, b]) => b - a);
}

/** Puts functions that do nothing in the place of what a file exports. */
function emptied(file) {
  return {
    name: "emptied",
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        if (path !== here(file)) return undefined;
        const source = await readFile(path, "utf8");
        const functions = [...source.matchAll(/^export (?:async )?function (\w+)/gm)].map(([, name]) => name);
        const values = [...source.matchAll(/^export (?:const|let) (\w+)/gm)].map(([, name]) => name);
        const lines = [
          ...functions.map((name) => `export function ${name}() {}`),
          ...values.map((name) => `export const ${name} = undefined;`),
        ];
        return { contents: lines.join("\n"), loader: "js" };
      });
    },
  };
}
