// What a reader's browser has to fetch of the built page, by Brotli: node scripts/lib/budgets.mjs DIST. Exits with 1 where it is too much.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";

const KB = 1024;
const dist = process.argv[2];
const all = readdirSync(dist);

/** All that a file fetches at once is named in it; `named` follows those names. */
function named(file, found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  if (!/\.(html|js|css)$/.test(file)) return found;
  const text = readFileSync(join(dist, file), "utf8");
  for (const other of all) if (isFetchedBy(text, other)) named(other, found);
  return found;
}

// A worker is fetched when it is needed, and the names of what is kept are not what is shown.
const isFetchedBy = (text, name) => /\.(js|css|wasm)$/.test(name) && !/worker|^sw\.js$/.test(name) && (text.includes(`/${name}`) || text.includes(`"${name}"`));
const compressed = (file) => brotliCompressSync(readFileSync(join(dist, file))).length;

let isOver = false;
for (const [what, first, most] of [["the full page", "index.html", 300], ["a first embed", "kvs-zoo.js", 250]]) {
  const files = [...named(first)].map((file) => [file, compressed(file)]).sort(([, a], [, b]) => b - a);
  if (!files.some(([file]) => file.endsWith(".wasm"))) throw new Error(`${first} does not lead to the program: ${files.join("; ")}`);
  const sum = files.reduce((sum, [, size]) => sum + size, 0);
  console.log(`${what}: ${(sum / KB).toFixed(1)} KB of ${most}`);
  for (const [file, size] of files) console.log(`  ${(size / KB).toFixed(1).padStart(6)}  ${file}`);
  isOver ||= sum > most * KB;
}
if (isOver) {
  console.error("That is more than a reader should wait for.");
  process.exit(1);
}
