// Fetches the parts of the program: see kvs-web/src/parts.rs.

/** Names of the parts and where they are, in the order of their numbers. Written by scripts/lib/after-build.sh; a program in one piece has none. */
const PARTS = [/*PARTS*/];
/** Beside the program, like all that is fetched here. */
const HERE = new URL("../../../", import.meta.url);
const LESSONS = "lessons.txt";
/** Whoever touches one of these will soon need more than what is shown first. */
const EXHIBITS = "kvs-zoo, #kvs-zoo-page";
const TOUCHES = ["pointerover", "pointerdown", "focusin", "keydown"];

let program;
const placed = new Set();
/** By number: a promise of the compiled part, and the part itself once it is compiled. */
const coming = new Map();
let lessons;

/** The program has started; `exports` is what it offers to its parts. */
export function begin(exports) {
  program = exports;
  if (PARTS.length > 0 && globalThis.document) for (const type of TOUCHES) document.addEventListener(type, touched, { capture: true, passive: true });
}

export function partCount() {
  return PARTS.length;
}

/** Where a worker keeps all of it for a visit without a network, nothing is saved by fetching less; and only what is expected comes from there. */
const isKept = () => globalThis.navigator?.serviceWorker?.controller?.scriptURL === new URL("sw.js", HERE).href;

/** Starts to fetch parts by their names, "lessons" among them, so that nothing has to wait for them later; resolves when they are here. */
export async function expectParts(...some) {
  const names = isKept() ? ["lessons", ...PARTS.map(([name]) => name)] : some;
  const wanted = PARTS.flatMap(([name], part) => names.includes(name) ? [compiled(part)] : []);
  if (names.includes("lessons") && lessons === undefined) wanted.push(fetched(LESSONS).then(async (answer) => { lessons = await answer.text(); }));
  await Promise.all(wanted);
}

export function expectAll() {
  return expectParts("lessons", ...PARTS.map(([name]) => name));
}

/** Returns when the part is in its place. If it was not expected, everything has to wait for it. */
export function needPart(part) {
  if (placed.has(part)) return;
  const [name, file] = PARTS[part];
  const module = coming.get(part)?.module ?? new WebAssembly.Module(fetchedNow(file));
  new WebAssembly.Instance(module, { program });
  program[`has ${name}`].value = 1;
  placed.add(part);
}

export function lessonTexts() {
  return lessons ?? new TextDecoder().decode(fetchedNow(LESSONS));
}

function compiled(part) {
  if (!coming.has(part)) {
    const one = {};
    one.done = fetched(PARTS[part][1]).then((answer) => answer.arrayBuffer()).then(WebAssembly.compile).then((module) => { one.module = module; });
    one.done.catch(() => coming.delete(part));
    coming.set(part, one);
  }
  return coming.get(part).done;
}

async function fetched(file) {
  const answer = await fetch(new URL(file, HERE));
  if (!answer.ok) throw new Error(missing(file, answer.status));
  return answer;
}

/** The bytes of a file, taken from a text of which each character is one: for bytes themselves a page may not wait. */
function fetchedNow(file) {
  const request = new XMLHttpRequest();
  request.open("GET", new URL(file, HERE), false);
  request.overrideMimeType("text/plain; charset=x-user-defined");
  let why;
  try {
    request.send();
    if (request.status === 200) return Uint8Array.from(request.responseText, (character) => character.charCodeAt(0) & 255);
    why = request.status;
  } catch {
    why = "no network";
  }
  // The program cannot go on without it: whoever shows it says so.
  const message = missing(file, why);
  globalThis.dispatchEvent(new CustomEvent("kvs-zoo:missing", { detail: message }));
  throw new Error(message);
}

const missing = (file, why) => `A part of the playground cannot be fetched (${file}: ${why}). Please load the page again.`;

function touched({ target }) {
  if (!(target instanceof Element && target.closest(EXHIBITS))) return;
  for (const type of TOUCHES) document.removeEventListener(type, touched, { capture: true });
  expectAll().catch(() => {});
}
