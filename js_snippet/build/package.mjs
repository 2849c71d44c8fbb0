// Builds the npm package into dist/npm/: modules as they are, for bundlers to shrink, and their types.
import { execFileSync } from "node:child_process";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bundled, here } from "./bundle.mjs";

const FOLDER = "dist/npm";

/** The types of the entry and of all that they name; with endings, which Node's way to resolve modules wants. */
async function writeTypes() {
  const tsc = here("node_modules/.bin/tsc");
  const words = ["--noEmit", "false", "--declaration", "--emitDeclarationOnly", "--rootDir", "src", "--outDir", here(`${FOLDER}/all`)];
  execFileSync(tsc, words, { cwd: here("."), stdio: "inherit" });
  const waiting = new Set(["npm.d.ts"]);
  for (const name of waiting) {
    const text = await readFile(here(join(FOLDER, "all", name)), "utf8");
    for (const [, other] of text.matchAll(/from "\.\/([^"]+)"/g)) waiting.add(`${other}.d.ts`);
    await writeFile(here(join(FOLDER, "types", name)), text.replace(/from "(\.\/[^"]+)"/g, 'from "$1.js"'));
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
    exports: { ".": { types: "./types/npm.d.ts", default: "./index.js" } },
    types: "./types/npm.d.ts",
    sideEffects: false,
    keywords: ["analytics", "customer journey", "waywiser"],
  };
}

await rm(here(FOLDER), { recursive: true, force: true });
await mkdir(here(`${FOLDER}/types`), { recursive: true });
const { text } = await bundled("src/npm.ts", { format: "esm", small: false });
await writeFile(here(`${FOLDER}/index.js`), text);
await writeTypes();
await writeFile(here(`${FOLDER}/package.json`), `${JSON.stringify(await described(), null, 2)}\n`);
await copyFile(here("README.md"), here(`${FOLDER}/README.md`));
await copyFile(here("../LICENSE"), here(`${FOLDER}/LICENSE`));
