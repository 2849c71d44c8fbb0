// Bundles an entry of src/ into one script, as small as three minifiers make it.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, transform } from "esbuild";
import { minify } from "terser";
import uglify from "uglify-js";

export const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
export const gzipped = (text) => gzipSync(text, { level: 9 }).length;

// Chrome and Edge 85, Firefox 79, Safari 14.1 and everything newer.
const TARGET = "es2021";
// Nearly all of it runs at load: Chromium then compiles it beside the page, and not function by function on the main thread.
const COMPILE = "//# allFunctionsCalledOnLoad\n";
const LETTERS = "etinoauscldmpr"; // for names; another choice or order costs up to twenty bytes
const { version } = JSON.parse(await readFile(here("package.json"), "utf8"));

/** The text of the bundle, and the paths of the files in it. In a hurry it is a twentieth longer. */
export async function bundled(entry, { format = "script", plugins = [], small = true, inHurry = false } = {}) {
  const { outputFiles, metafile } = await build({
    entryPoints: [here(entry)],
    absWorkingDir: here("."),
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    minify: inHurry,
    minifySyntax: small,
    target: TARGET,
    charset: "utf8",
    legalComments: "none",
    define: { VERSION: JSON.stringify(version) },
    plugins,
  });
  const text = outputFiles[0].text;
  const inputs = Object.values(metafile.outputs)[0].inputs;
  return { text: small && !inHurry ? await smaller(text, format) : text, files: Object.keys(inputs) };
}

/** One file of src/ as script, its imports as they are. */
export async function transformed(file) {
  const define = { VERSION: JSON.stringify(version) };
  return transform(await readFile(here(file), "utf8"), { loader: "ts", target: TARGET, charset: "utf8", define });
}

/** Each minifier finds what the others leave: together they are worth a tenth. */
async function smaller(text, format) {
  if (format === "esm") return `${await shortened(text)}\n`;
  // A script is a module in a function: no name gets out.
  return `${COMPILE}(()=>{${await shortened(inlined(arrows(text)))}})()`;
}

async function shortened(text) {
  const compress = { passes: 3, keep_fargs: false, unsafe_arrows: true, unsafe: true, booleans_as_integers: true };
  const how = { ecma: 2020, module: true, toplevel: true };
  const { code } = await minify(text, { ...how, compress, mangle: false });
  return (await minify(code, { ...how, compress: false, mangle: { nth_identifier: { get: shortName } } })).code;
}

/** Few and frequent letters: longer names in a small alphabet take fewer bytes than single letters of a large one. */
function shortName(count) {
  const rest = Math.floor(count / LETTERS.length) - 1;
  return LETTERS[count % LETTERS.length] + (rest < 0 ? "" : shortName(rest));
}

/** What only one place calls stands in that place. */
function inlined(text) {
  const leftToTerser = { collapse_vars: false, varify: false };
  const compress = { passes: 3, keep_fargs: false, unsafe: true, hoist_funs: true, ...leftToTerser };
  const { code, error } = uglify.minify(text, { module: true, toplevel: true, mangle: false, compress });
  if (error) throw error;
  return code;
}

/** Functions as arrows, which terser puts behind one `var`. In own files only: nothing constructs with them. */
function arrows(text) {
  const functions = /^(async )?function (\w+)(\([^\n]*\)) \{\n(.*?)\n\}$/gms;
  return text.replace(functions, (found, asynchronous = "", name, parameters, body) =>
    /\bthis\b/.test(body) ? found : `var ${name} = ${asynchronous}${parameters} => {\n${body}\n};`,
  );
}
