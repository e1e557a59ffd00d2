// What readers see first, and which part of the program each of it belongs to.

/** The page that shows an exhibit as a chapter does; see `watch.mjs`. */
export const CHAPTER = "kvs-parts-chapter";

const exhibit = (name, attributes) => `${CHAPTER}.html?${new URLSearchParams({ exhibit: name, seed: 42, ...attributes })}`;
const page = (hash) => `index.html${hash}`;

const STORES = ["local", "replicated", "sharded", "sharded-causal", "raft", "linearizable", "smr", "primary-backup", "versioned"];
const PAGES = ["#replicated", "#raft", "#sharded", "#lesson/hello", "#lesson/stale_read"];
const WIDTHS = [1200, 400];

export const scenes = [
  ...WIDTHS.map((width) => ({ show: "front", url: page(""), width })),
  ...WIDTHS.map((width) => ({ show: "exhibit", url: exhibit("replicated"), width })),
  ...WIDTHS.map((width) => ({ show: "page", url: page("#replicated"), width })),
  ...STORES.map((name) => ({ show: "play", url: exhibit(name, { autoplay: "" }), width: 700 })),
  ...PAGES.map((hash) => ({ show: "panels", url: page(hash), width: 1200, click: "[data-testid=play]" })),
];

/** The parts that come when they are needed, in the order of their numbers. Who needs which is in `embed/page.js` and `embed/kvs-zoo.js`. */
export const PARTS = ["pages", "front", "exhibit", "shared", "page", "play", "panels", "rest"];

/** Shows whose common part is always there. */
export const EVERYWHERE = ["front", "exhibit"];

/** The part for a function that was called in these shows. */
export function partOf(shows) {
  const isIn = (...names) => names.some((name) => shows.has(name));
  // What the front page shares with chapters is always there.
  if (isIn("front")) return isIn("exhibit", "play") ? "" : isIn("page", "panels") ? "pages" : "front";
  if (isIn("exhibit")) return "exhibit";
  if (isIn("page")) return isIn("play") ? "shared" : "page";
  return ["play", "panels"].find((name) => shows.has(name)) ?? "rest";
}
