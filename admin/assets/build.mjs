// Bundles src/ into admin/static/, writes the manifest that names the files, and fails when they outgrow the budget.
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, extname } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, transform } from "esbuild";
import { PurgeCSS } from "purgecss";
import { icons } from "./icons.mjs";

const LIMIT = 400 * 1024; // bytes of script and style, gzip, all files together
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const out = here("../static/");

const shared = {
  absWorkingDir: here("."),
  bundle: true,
  minify: true,
  write: false,
  outdir: out,
  target: "es2020",
  charset: "utf8",
  legalComments: "none",
};

const [scripts, styles] = await Promise.all([
  build({ ...shared, format: "iife", entryPoints: ["src/theme.js", "src/app.js", "src/charts.js"] }),
  build({ ...shared, entryPoints: ["src/app.css"], external: ["*.woff", "*.woff2", "*.svg", "*.png"] }),
]);
const files = [...scripts.outputFiles, ...styles.outputFiles].map(({ path, text }) => ({ name: basename(path), text }));

const css = files.find(({ name }) => name === "app.css");
css.text = await withoutUnused(css.text);
files.push({ name: "icons.svg", text: await sprite() });

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const manifest = {};
let total = 0;
for (const { name, text } of files) {
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 10);
  const versioned = `${basename(name, extname(name))}.${hash}${extname(name)}`;
  manifest[name] = versioned;
  await writeFile(`${out}${versioned}`, text);
  const size = gzipSync(text, { level: 9 }).length;
  total += size;
  console.log(`${String(text.length).padStart(8)} bytes ${String(size).padStart(7)} gzip  ${versioned}`);
}
await writeFile(`${out}manifest.json`, JSON.stringify(manifest, null, 2));
console.log(`${String(total).padStart(22)} gzip in all, of ${LIMIT} allowed`);
if (total > LIMIT) {
  console.error("The admin's script and style are over their budget: import less.");
  process.exit(1);
}

async function withoutUnused(text) {
  const [{ css: kept }] = await new PurgeCSS().purge({
    content: ["../templates/**/*.html", "src/**/*.js", "../**/*.py"],
    css: [{ raw: text }],
    // Rules for an attribute's value are kept whole: themes are switched by one.
    safelist: { standard: [/^htmx-/, /^is-/, "show", "active", "disabled"], greedy: [/data-bs-theme/] },
    defaultExtractor: (content) => content.match(/[\w-/:]+(?<!:)/g) ?? [],
  });
  return (await transform(kept, { loader: "css", minify: true, legalComments: "none" })).code;
}

async function sprite() {
  const symbols = await Promise.all(
    icons.map(async (name) => {
      const svg = await readFile(here(`node_modules/@tabler/icons/icons/outline/${name}.svg`), "utf8");
      const inner = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"));
      return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">${inner.replace(/\s+/g, " ").trim()}</symbol>`;
    }),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`;
}
