/** How a run begins: the attributes of a `<kvs-zoo>`. */
export interface Start {
  /** A store of the zoo, such as "replicated". */
  exhibit?: string;
  /** What differs from its defaults: "replicas=5 loss=10%". */
  options?: string;
  seed?: number | string;
  /** A lesson that comes with the playground, such as "stale_read". */
  lesson?: string;
  /** The text of a schedule. */
  schedule?: string;
  /** A run as `link` gives it. */
  run?: string;
  /** The moment to begin with: "1.5s". */
  at?: string;
  /** How fast it plays: "1/10", "2". */
  speed?: string | number;
  autoplay?: boolean;
}

export interface State {
  exhibit: string;
  seed: string;
  /** The present, in milliseconds. */
  now: number;
  nodes: Node[];
  messages: Message[];
  /** Links that are cut, one direction each: ["R1", "R2"]. */
  cuts: [string, string][];
}

export interface Node {
  name: string;
  isServer: boolean;
  isUp: boolean;
  isPaused: boolean;
  /** Everything it knows, as words: what the inspector of the page shows. */
  state: Part;
}

/** A part of a state: its name, its value in words, its parts. */
export interface Part { label: string; value: string; children: Part[]; }

export interface Message {
  id: string;
  kind: string;
  from: string;
  to: string;
  says: string;
  where: "travelling" | "held" | "parked";
  /** When it is due, in milliseconds, if it travels. */
  due: number | null;
}

export interface Judgement {
  /** Such as "linearizable". */
  guarantee: string;
  isPromised: boolean;
  /** What has happened in this run that ends the promise. */
  endedBy: string[];
  verdict: "holds" | "broken" | "undecided";
  /** Whether a promise that stands is broken. */
  isBreach: boolean;
  why: string | null;
  /** The operations that prove it, by their places in `history()`. */
  operations: number[];
}

export interface Entry { time: number; words: string; }

export interface Operation {
  client: string;
  operation: string;
  called: number;
  /** When it ended; null if it has not by the present moment. */
  ended: number | null;
  outcome: string | null;
}

export interface Change {
  /** The present, in milliseconds. */
  now: number;
  /** The present moved. */
  time: boolean;
  /** Playing began or stopped, or the speed changed. */
  playback: boolean;
  /** What was done to the store is something else now. */
  recording: boolean;
  /** It is another run altogether. */
  run: boolean;
  isPlaying: boolean;
  /** What has happened since the last change, if time went on. */
  happened: Entry[];
}
