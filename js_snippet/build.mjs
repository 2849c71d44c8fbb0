// Builds the files that web pages load, and fails when the default file outgrows its budget.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { bundled, here } from "./build/bundle.mjs";
import { costs } from "./build/features.mjs";

const LIMIT = 4096; // bytes of w.js, gzip
const FILES = {
  "w.js": { entry: "src/main.ts" },
  "w.full.js": { entry: "src/full/main.ts" },
  "w.vitals.js": { entry: "src/full/web_vitals.ts", format: "esm" }, // imported by the full file
};

const hash = (kind, text, form) => createHash(kind).update(text).digest(form);

/** Writes a file in one step: it may be served, or be built by another process, at this moment. */
async function put(path, content) {
  const unfinished = here(`${path}.${process.pid}`);
  await writeFile(unfinished, content);
  await rename(unfinished, here(path));
}

/** Builds one file, plain and packed, and copies under its hash that later builds leave alone: pages may name it for years. */
async function built(name, { entry, format }) {
  const { text } = await bundled(entry, { format });
  const named = name.replace(/js$/, `${hash("sha256", text, "hex").slice(0, 20)}.js`);
  const packed = gzipSync(text, { level: 9 }); // These very bytes are served.
  for (const [ending, content] of [[".gz", packed], ["", text]]) {
    await put(`dist/${name}${ending}`, content);
    await put(`dist/kept/${named}${ending}`, content);
  }
  return {
    hashed: named,
    integrity: `sha384-${hash("sha384", text, "base64")}`,
    bytes: Buffer.byteLength(text),
    gzip: packed.length,
  };
}

await mkdir(here("dist/kept"), { recursive: true });
const manifest = {};
for (const [name, how] of Object.entries(FILES)) {
  if (!existsSync(here(how.entry))) continue;
  const prices = await costs(how.entry);
  if (prices.length) console.log(`${name}: bytes gzip that each part costs, about`);
  for (const [part, price] of prices) console.log(`${String(price).padStart(6)}  ${part}`);
  manifest[name] = await built(name, how);
}
await put("dist/manifest.json", `${JSON.stringify(manifest, null, 2)}\n`);

for (const [name, { bytes, gzip, integrity }] of Object.entries(manifest)) {
  console.log(`${name}: ${bytes} bytes, ${gzip} bytes gzip${name === "w.js" ? ` of ${LIMIT} allowed` : ""}, ${integrity}`);
}
const over = manifest["w.js"].gzip - LIMIT;
if (over > 0) {
  console.error(`w.js is ${over} bytes over its budget: make something smaller, or move it out of the default file.`);
  process.exit(1);
}
