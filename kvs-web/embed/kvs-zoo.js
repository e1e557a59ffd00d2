// <kvs-zoo exhibit="replicated" lesson="stale_read" seed="42">what readers without scripts see</kvs-zoo>
//
// The program behind it is fetched once a page, when the first exhibit comes near the window. Until then, in print, and
// where something fails, an exhibit shows what its author has put between its tags.

const HERE = new URL(".", import.meta.url);
/** How far below or above the window an exhibit begins to load. */
const NEAR = "400px";
/** What an exhibit may have besides attributes of its own: those of any element. */
const COMMON = /^(id|class|style|title|lang|dir|hidden|slot|role|part|tabindex|translate|inert|data-.*|aria-.*|on.*)$/;

const program = () => import(new URL("playground.js", HERE).href);

/** Fetches what an exhibit needs at once of a program in parts. What is not expected comes when it is needed, and then everything waits. */
async function expectParts({ exhibit = "replicated", seed, ...more }) {
  const isPlain = exhibit === "replicated" && Object.keys(more).length === 0;
  const parts = ["exhibit", ...(isPlain ? [] : ["shared", "play"]), ...("lesson" in more ? ["lessons"] : [])];
  await program().then((module) => module.expectParts?.(...parts)).catch(() => {});
}

let loading;
/** The module of the program, started. */
export function playground() {
  loading ??= program()
    .then(async (module) => (await module.default(), module))
    .catch((error) => {
      // The next exhibit, or the next attempt, tries again.
      loading = undefined;
      throw error;
    });
  return loading;
}

const near = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) if (isIntersecting) target.load().catch(() => {});
}, { rootMargin: NEAR });
const sight = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) target.run?.inSight(isIntersecting);
});
const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) target.run?.resized();
});

export class KvsZoo extends HTMLElement {
  /** The run: see `Run` in playground.d.ts. Undefined until the exhibit is loaded. */
  run;
  #loaded;
  #root;
  #hasFailed = false;
  #isChanging = false;

  static observedAttributes = ["exhibit", "options", "seed", "lesson", "schedule", "run", "at", "speed", "autoplay", "src"];

  connectedCallback() {
    if (!this.shadowRoot) this.#furnish();
    near.observe(this);
    sight.observe(this);
    sizes.observe(this);
    if (this.run) this.#show();
  }

  disconnectedCallback() {
    near.unobserve(this);
    sight.unobserve(this);
    sizes.unobserve(this);
    this.run?.unmount();
  }

  /** Other attributes: another run. Several that change together are one change. */
  attributeChangedCallback() {
    if (this.#isChanging || !(this.run || this.#hasFailed)) return;
    this.#isChanging = true;
    queueMicrotask(async () => {
      this.#isChanging = false;
      if (!this.run) return this.load().catch(() => {});
      try {
        this.run.load(await this.#start());
        this.shadowRoot.querySelector(".trouble").hidden = true;
      } catch (error) {
        this.#say(error);
      }
    });
  }

  /** Loads the exhibit now, wherever it is; resolves with its run. */
  load() {
    this.#loaded ??= this.#begin().catch((error) => {
      this.#loaded = undefined;
      this.#say(error);
      throw error;
    });
    return this.#loaded;
  }

  #furnish() {
    const shadow = this.attachShadow({ mode: "open" });
    const style = document.createElement("link");
    style.rel = "stylesheet";
    style.href = new URL("kvs-zoo.css", HERE).href;
    this.styled = new Promise((done) => { style.onload = style.onerror = done; });
    const still = document.createElement("div");
    still.className = "still";
    still.append(document.createElement("slot"));
    const trouble = document.createElement("p");
    trouble.className = "trouble";
    trouble.setAttribute("role", "status");
    trouble.dataset.testid = "trouble";
    trouble.hidden = true;
    this.#root = document.createElement("div");
    this.#root.className = "root";
    shadow.append(style, trouble, still, this.#root);
    // The book's own keys, such as arrows that turn pages, are not meant while the keyboard is in an exhibit.
    for (const type of ["keydown", "keyup", "keypress"]) this.addEventListener(type, (event) => event.stopPropagation());
  }

  async #begin() {
    this.setAttribute("aria-busy", "true");
    try {
      const start = await this.#start();
      const [module] = await Promise.all([playground(), expectParts(start), this.styled]);
      const run = new module.Run(start);
      run.subscribe((change) => this.dispatchEvent(new CustomEvent("kvs-zoo:change", { detail: change, bubbles: true })));
      this.run = run;
      if (this.isConnected) this.#show();
      this.dispatchEvent(new CustomEvent("kvs-zoo:load", { bubbles: true }));
      return run;
    } finally {
      this.removeAttribute("aria-busy");
    }
  }

  /** Its attributes as options of a run. */
  async #start() {
    const start = {};
    for (const { name, value } of this.attributes) {
      if (name !== "src" && name !== "theme" && !COMMON.test(name)) start[name] = value;
    }
    if (this.hasAttribute("src")) {
      const answer = await fetch(new URL(this.getAttribute("src"), document.baseURI));
      if (!answer.ok) throw new Error(`The schedule ${this.getAttribute("src")} cannot be fetched (${answer.status}).`);
      start.schedule = await answer.text();
    }
    // A reader who wants less to move is not surprised by what moves by itself.
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) delete start.autoplay;
    return start;
  }

  #show() {
    this.#root.parentNode.querySelector(".trouble").hidden = true;
    this.run.mount(this.#root, new URL("index.html", HERE).href);
    this.toggleAttribute("data-live", true);
    this.toggleAttribute("data-failed", false);
    // Where the author has put nothing between the tags, print shows what is on the screen.
    this.toggleAttribute("data-still", this.textContent.trim() !== "" || this.firstElementChild !== null);
    const box = this.getBoundingClientRect();
    this.run.inSight(box.bottom > 0 && box.top < innerHeight);
  }

  /** Says why it does not go on. */
  stop(why) {
    if (this.run) this.#say(new Error(why));
  }

  #say(error) {
    this.#hasFailed = true;
    this.toggleAttribute("data-failed", true);
    const trouble = this.shadowRoot.querySelector(".trouble");
    trouble.textContent = error?.message || String(error);
    trouble.hidden = false;
    this.dispatchEvent(new CustomEvent("kvs-zoo:error", { detail: trouble.textContent, bubbles: true }));
  }
}

customElements.define("kvs-zoo", KvsZoo);

// The program has stopped in the middle of something: no exhibit of this page goes on.
addEventListener("kvs-zoo:missing", ({ detail }) => {
  for (const exhibit of document.querySelectorAll("kvs-zoo")) exhibit.stop(detail);
});

// ---- words of the chapter: <span data-kvs-light="R1">, <button data-kvs-do="cut R1 | R2 R3">

const WORDS = "[data-kvs-light], [data-kvs-do], [data-kvs-seek], [data-kvs-play], [data-kvs-pause]";

/** The exhibit that words are about: the one they name by `data-kvs-for`, or else the last one before them, or the first. */
function exhibitOf(words) {
  const name = words.closest("[data-kvs-for]")?.dataset.kvsFor;
  if (name) return document.getElementById(name);
  const all = [...document.querySelectorAll("kvs-zoo")];
  return all.findLast((each) => each.compareDocumentPosition(words) & Node.DOCUMENT_POSITION_FOLLOWING) ?? all[0];
}

async function light(words, isOn) {
  const exhibit = exhibitOf(words);
  // Passing over a word loads nothing.
  if (!exhibit?.run) return;
  attempt(words, () => exhibit.run.light(isOn ? words.dataset.kvsLight : undefined));
}

async function act(words) {
  const exhibit = exhibitOf(words);
  if (!exhibit) return;
  const run = await exhibit.load();
  const { kvsDo, kvsSeek, kvsPlay, kvsPause } = words.dataset;
  attempt(words, () => {
    if (kvsSeek !== undefined) run.seek(milliseconds(kvsSeek));
    if (kvsDo !== undefined) run.input(kvsDo);
    if (kvsPlay !== undefined) run.play();
    if (kvsPause !== undefined) run.pause();
  });
  exhibit.scrollIntoView({ block: "nearest" });
}

/** What an author got wrong is said where they look for it, and where a test finds it. */
function attempt(words, act) {
  try {
    act();
    delete words.dataset.kvsTrouble;
  } catch (error) {
    words.dataset.kvsTrouble = error.message;
    console.error(`kvs-zoo: ${error.message}`, words);
  }
}

/** "1.5s" or "200ms". */
function milliseconds(text) {
  const [, number, unit] = /^([0-9.]+)\s*(ms|s)$/.exec(text.trim()) ?? [];
  return Number(number) * (unit === "s" ? 1000 : 1);
}

const wordsOf = (event) => event.target instanceof Element ? event.target.closest(WORDS) : null;
const isLit = (words) => words?.dataset.kvsLight !== undefined;
const drives = (words) => words && ["kvsDo", "kvsSeek", "kvsPlay", "kvsPause"].some((name) => words.dataset[name] !== undefined);

for (const [type, isOn] of [["pointerover", true], ["pointerout", false], ["focusin", true], ["focusout", false]]) {
  document.addEventListener(type, (event) => {
    const words = wordsOf(event);
    if (isLit(words)) light(words, isOn);
  });
}
document.addEventListener("click", (event) => {
  const words = wordsOf(event);
  if (drives(words)) act(words).catch(() => {});
});
// Words that are no button get a button's manners.
document.addEventListener("keydown", (event) => {
  const words = wordsOf(event);
  if (!drives(words) || words.matches("button, a, summary") || ![" ", "Enter"].includes(event.key)) return;
  event.preventDefault();
  act(words).catch(() => {});
});
function teach() {
  for (const words of document.querySelectorAll(WORDS)) {
    if (words.matches("button, a, summary, [tabindex]")) continue;
    words.tabIndex = 0;
    if (drives(words)) words.setAttribute("role", "button");
  }
}
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", teach);
else teach();
