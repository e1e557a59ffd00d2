import type { Change, Run } from "./playground.js";

/** The module of the program, started; fetched once a page. */
export function playground(): Promise<typeof import("./playground.js")>;

/** `<kvs-zoo exhibit="replicated" lesson="stale_read" seed="42">`; its attributes are those of `Start`, `src` and `theme`. */
export class KvsZoo extends HTMLElement {
  /** Undefined until the exhibit is loaded. */
  run: Run | undefined;
  /** Loads it now, wherever it is. */
  load(): Promise<Run>;
}

declare global {
  interface HTMLElementTagNameMap { "kvs-zoo": KvsZoo; }
  interface HTMLElementEventMap {
    "kvs-zoo:load": CustomEvent<void>;
    "kvs-zoo:change": CustomEvent<Change>;
    "kvs-zoo:error": CustomEvent<string>;
  }
}
