// Bundles src/ into the one file that web pages load, and fails when it outgrows its budget.
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const LIMIT = 5096; // bytes, gzip
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { version } = JSON.parse(await readFile(here("package.json"), "utf8"));

const { metafile } = await build({
  entryPoints: [here("src/main.ts")],
  outfile: here("dist/w.js"),
  absWorkingDir: here("."),
  bundle: true,
  format: "iife",
  minify: true,
  // Chrome and Edge 85, Firefox 79, Safari 14.1 and everything newer.
  target: "es2021",
  charset: "utf8",
  legalComments: "none",
  define: { VERSION: JSON.stringify(version) },
  metafile: true,
});

const [output] = Object.values(metafile.outputs);
const parts = Object.entries(output.inputs).sort(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput);
for (const [path, { bytesInOutput }] of parts) {
  console.log(`${String(bytesInOutput).padStart(6)}  ${basename(path)}`);
}

const size = gzipSync(await readFile(here("dist/w.js")), { level: 9 }).length;
console.log(`dist/w.js: ${output.bytes} bytes, ${size} bytes gzip of ${LIMIT} allowed`);
if (size > LIMIT) {
  console.error(`dist/w.js is ${size - LIMIT} bytes over its budget: make something smaller, or move it out of the default file.`);
  process.exit(1);
}
