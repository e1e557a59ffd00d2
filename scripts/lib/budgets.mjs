// What a reader's browser fetches of the built page before she touches anything, by Brotli: node scripts/lib/budgets.mjs DIST.
// Exits with 1 where it is too much.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";

import { chapter, findBrowser, show } from "./browser.mjs";

const KB = 1024;
const dist = process.argv[2];
/** After so long whatever was going to be fetched has been asked for. */
const QUIET_MS = 5000;

const exhibits = (...all) => `[${all.map((attributes) => JSON.stringify(Object.entries(attributes)))}]`;
const usual = { exhibit: "replicated", seed: "42" };
const visits = [
  { what: "the full page", url: "index.html", most: 300 },
  { what: "a first embed", url: "first.html", most: 250 },
  { what: "the second and the third embed of a page", url: "three.html", beside: "first.html", most: 0 },
  { what: "a store on its page", url: "index.html#replicated" },
  { what: "another store on its page", url: "index.html#raft" },
  { what: "a first embed that plays by itself", url: "playing.html" },
];
const pages = {
  ...chapter("first", exhibits(usual)),
  ...chapter("three", exhibits(usual, usual, { ...usual, seed: "7" })),
  ...chapter("playing", exhibits({ exhibit: "linearizable", autoplay: "" })),
};

const browser = findBrowser();
if (!browser) throw new Error("budgets: there is no browser to count with");

/** The files of the playground that a page asks for. */
async function fetched(url) {
  const files = new Set();
  const stage = `<iframe src="${url}" width="1200" height="1800"></iframe><script>setTimeout(() => fetch("/", { method: "POST" }), ${QUIET_MS})</script>`;
  await show({
    browser,
    folder: dist,
    pages: { "/": ["text/html", stage], ...pages },
    heard: () => true,
    asked({ pathname }, { referer = "" }) {
      // What is kept for a visit without a network is fetched by the worker that keeps it, when the page has long been there.
      const isKept = pathname === "/sw.js" || referer.endsWith("/sw.js");
      if (!isKept && pathname !== "/" && pathname !== "/favicon.ico" && !pages[pathname]) files.add(pathname.slice(1));
    },
    patienceMs: 60_000,
    unheard: () => `budgets: nothing was heard of ${url}`,
  });
  return files;
}

const compressed = (file) => brotliCompressSync(readFileSync(join(dist, file))).length;
const inKb = (bytes) => (bytes / KB).toFixed(1);

/** What a visit fetches besides what is known, the largest first. */
async function weighed(url, known) {
  const files = [...await fetched(url)].filter((file) => !known.has(file)).map((file) => [file, compressed(file)]).sort(([, a], [, b]) => b - a);
  return { files, sum: files.reduce((sum, [, size]) => sum + size, 0) };
}

let isOver = false;
for (const { what, url, most, beside } of visits) {
  const known = beside ? await fetched(beside) : new Set();
  let { files, sum } = await weighed(url, known);
  // Hash tables are filled by chance, and once in a while a visit calls what visits seldom call: then another one counts.
  for (let again = 0; sum > (most ?? Infinity) * KB && again < 2; again++) ({ files, sum } = await weighed(url, known));
  if (!beside && !files.some(([file]) => file.endsWith(".wasm"))) throw new Error(`${what} does not lead to the program: ${files.join("; ")}`);
  console.log(`${what}: ${inKb(sum)} KB${most === undefined ? "" : ` of ${most}`}`);
  for (const [file, size] of files) console.log(`  ${inKb(size).padStart(6)}  ${file}`);
  isOver ||= sum > (most ?? Infinity) * KB;
}
if (isOver) {
  console.error("That is more than a reader should wait for.");
  process.exit(1);
}
