// Which functions of a program are called in which scene.
import { chapter, show } from "../browser.mjs";
import { CHAPTER, scenes } from "./scenes.mjs";

const PATIENCE_MS = 180_000;
/** A scene lasts so long, and so many frames: a busy machine takes longer for them. */
const LASTS = { ms: 3000, frames: 120 };

/** By the name of a function: the set of shows in which it was called. */
export async function watch({ binaryen, browser, dist, program, bytes }) {
  const { noting, names } = withNotes(binaryen, bytes);
  const called = new Map(names.map((name) => [name, new Set()]));
  const waiting = new Set(scenes.keys());
  // All of them in sight, or they would stand still.
  const frames = scenes.map(({ url, width }, scene) => `<div style="display:inline-block;width:380px;height:290px">
    <iframe name="${scene}" src="${url.replaceAll("&", "&amp;")}" style="width:${width}px;height:${width * 0.75}px;transform:scale(${380 / width});transform-origin:0 0;border:0"></iframe></div>`);
  await show({
    browser,
    folder: dist,
    pages: {
      "/": ["text/html", frames.join("")],
      // Three of a kind: what only a second one calls is needed as much.
      ...chapter(CHAPTER, "Array(3).fill([...new URLSearchParams(location.search)])"),
      "/playground.js": ["text/javascript", teller(program, names.length)],
      [`/${program}_bg.wasm`]: ["application/wasm", noting],
    },
    heard({ searchParams }, notes) {
      const scene = Number(searchParams.get("scene"));
      names.forEach((name, index) => { if (notes[index] === "1") called.get(name).add(scenes[scene].show); });
      waiting.delete(scene);
      return waiting.size === 0;
    },
    patienceMs: PATIENCE_MS,
    unheard: () => `parts: nothing was heard of ${[...waiting].map((scene) => scenes[scene].url).join(", ")}`,
  });
  return called;
}

/** The program with a global for each function, which is 1 once that function has been called. */
function withNotes(binaryen, bytes) {
  const module = binaryen.readBinary(bytes);
  const references = Array.from({ length: module.getNumFunctions() }, (_, index) => module.getFunctionByIndex(index));
  const names = [];
  for (const reference of references) {
    const { name, module: from, body, results } = binaryen.getFunctionInfo(reference);
    if (from) continue;
    const note = `called ${names.length}`;
    module.addGlobal(note, binaryen.i32, true, module.i32.const(0));
    module.addGlobalExport(note, note);
    binaryen.Function.setBody(reference, module.block(null, [module.global.set(note, module.i32.const(1)), body], results));
    names.push(name);
  }
  const noting = Buffer.from(module.emitBinary());
  module.dispose();
  return { noting, names };
}

/** Stands where the page expects the module that starts the program; tells in the end what was called. */
const teller = (program, functions) => `
import start from "./${program}.js";
export * from "./${program}.js";
export const expectParts = async () => {};
const scene = ${JSON.stringify(scenes)}[Number(window.name)];
export default async () => {
  const exports = await start({ module_or_path: new URL("./${program}_bg.wasm", import.meta.url) });
  const since = performance.now();
  let frames = 0;
  const tell = () => fetch("/?scene=" + window.name, { method: "POST", body: Array.from({ length: ${functions} }, (_, index) => exports["called " + index].value).join("") });
  (function frame() {
    frames += 1;
    if (scene.click && frames === 20) document.querySelector(scene.click).click();
    // What every page goes through sooner or later.
    if (frames === 60) { dispatchEvent(new Event("resize")); document.dispatchEvent(new Event("visibilitychange")); }
    if (frames >= ${LASTS.frames} && performance.now() - since >= ${LASTS.ms}) tell();
    else requestAnimationFrame(frame);
  })();
};`;
