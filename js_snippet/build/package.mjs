// Builds the npm package into dist/npm/: modules as they are, for bundlers to shrink, and their types.
import { execFileSync } from "node:child_process";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { bundled, here, transformed } from "./bundle.mjs";

const FOLDER = "dist/npm";
const ENTRIES = ["npm", "full/npm"];

/** One module a file: bundlers leave out what a page does not use. */
async function writeModules() {
  const bundles = await Promise.all(ENTRIES.map((entry) => bundled(`src/${entry}.ts`, { small: false })));
  for (const file of new Set(bundles.flatMap(({ files }) => files))) {
    const { code } = await transformed(file);
    const path = here(file.replace("src", FOLDER).replace(/ts$/, "js"));
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, withEndings(code));
  }
}

/** Node and browsers want them. */
function withEndings(code) {
  return code.replace(/from "(\.{1,2}\/[^"]+)"/g, 'from "$1.js"');
}

/** The types of the entry and of all that they name; with endings, which Node's way to resolve modules wants. */
async function writeTypes() {
  const tsc = here("node_modules/.bin/tsc");
  const words = ["--noEmit", "false", "--declaration", "--emitDeclarationOnly", "--rootDir", "src", "--outDir", here(`${FOLDER}/all`)];
  execFileSync(tsc, words, { cwd: here("."), stdio: "inherit" });
  const waiting = new Set(ENTRIES);
  for (const name of waiting) {
    const text = await readFile(here(`${FOLDER}/all/${name}.d.ts`), "utf8");
    for (const [, other] of text.matchAll(/from "(\.{1,2}\/[^"]+)"/g)) waiting.add(join(dirname(name), other));
    const path = here(`${FOLDER}/types/${name}.d.ts`);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, withEndings(text));
  }
  await rm(here(`${FOLDER}/all`), { recursive: true });
}

async function described() {
  const { version, license, description, repository } = JSON.parse(await readFile(here("package.json"), "utf8"));
  return {
    name: "@waywiser/browser",
    version,
    description,
    license,
    repository,
    type: "module",
    exports: {
      ".": { types: "./types/npm.d.ts", default: "./npm.js" },
      "./full": { types: "./types/full/npm.d.ts", default: "./full/npm.js" },
    },
    types: "./types/npm.d.ts",
    sideEffects: false,
    keywords: ["analytics", "customer journey", "waywiser"],
  };
}

await rm(here(FOLDER), { recursive: true, force: true });
await mkdir(here(`${FOLDER}/types`), { recursive: true });
await writeModules();
await writeTypes();
await writeFile(here(`${FOLDER}/package.json`), `${JSON.stringify(await described(), null, 2)}\n`);
await copyFile(here("README.npm.md"), here(`${FOLDER}/README.md`));
await copyFile(here("../LICENSE"), here(`${FOLDER}/LICENSE`));
