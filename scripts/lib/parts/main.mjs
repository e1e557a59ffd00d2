// Takes the finished program of a page apart, so that a reader waits for what is shown first only: node main.mjs DIST PROGRAM
// Prints the names of the parts and their files, for embed/parts.js.
//
// Which function belongs where is seen, not guessed: the program is run once in a headless browser with a note of every function
// that is called (`watch.mjs`), scene by scene (`scenes.mjs`). Then it is cut (`cut.mjs`). What was called in no scene is the rest.
// Where no browser is at hand, or no Binaryen from npm, the program stays in one piece, and this says so.
import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

import { find, findBrowser } from "../browser.mjs";
import { cut } from "./cut.mjs";
import { watch } from "./watch.mjs";

const [dist, program] = process.argv.slice(2);
const wasm = join(dist, `${program}_bg.wasm`);
const started = Date.now();
const fileOf = (part) => `${program}_${part}.wasm`;

/** Binaryen as a library lies beside its wasm-opt, where that came from npm. */
async function findBinaryen() {
  const tool = find("wasm-opt");
  const library = tool && join(dirname(realpathSync(tool)), "..", "index.js");
  return library && existsSync(library) ? (await import(pathToFileURL(library))).default : undefined;
}

function withoutDuplicates(bytes) {
  const module = binaryen.readBinary(bytes);
  module.runPasses(["duplicate-function-elimination"]);
  return module.emitBinary();
}

const binaryen = await findBinaryen();
const browser = findBrowser();
if (!binaryen || !browser) {
  console.error(`parts: the program stays in one piece, for there is no ${binaryen ? "browser" : "Binaryen from npm"} to take it apart with.`);
  process.exit(0);
}

const bytes = withoutDuplicates(readFileSync(wasm));
const called = await watch({ binaryen, browser, dist, program, bytes });
const parts = cut({ binaryen, bytes, called });

for (const { name, bytes } of parts) writeFileSync(name ? join(dist, fileOf(name)) : wasm, bytes);
console.error(`parts: ${parts.map(({ name, bytes, functions }) => `${name || "first"} ${Math.round(bytes.length / 1024)} KB (${functions} functions)`).join(", ")}; ${Math.round((Date.now() - started) / 1000)} s`);
for (const { name } of parts) if (name) console.log(`["${name}", "${fileOf(name)}"],`);
