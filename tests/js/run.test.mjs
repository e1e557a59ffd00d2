// The package as a script uses it: plain JavaScript, no page. `node --test tests/js` after `scripts/package`.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";
import { test } from "node:test";

const folder = resolve(process.env.KVS_ZOO_PACKAGE ?? "target/package");
const { default: init, Run, attributes } = await import(pathToFileURL(`${folder}/playground.js`));
await init({ module_or_path: await readFile(`${folder}/playground_bg.wasm`) });

const held = (run, server) => JSON.stringify(run.state().nodes.find(({ name }) => name === server).state);

test("a run is made, changed, sought and read", () => {
  const run = new Run({ exhibit: "replicated", seed: 42, options: "replicas=3" });
  assert.equal(run.now, 0);
  run.input("put color=red -> R1; run 5ms");
  assert.equal(run.now, 5);
  const state = run.state();
  assert.deepEqual(state.nodes.map(({ name }) => name), ["R1", "R2", "R3", "C1", "C2"]);
  assert.equal(state.seed, "42");
  assert.equal(state.messages.length, 1);
  assert.deepEqual([state.messages[0].from, state.messages[0].to, state.messages[0].where], ["C1", "R1", "travelling"]);
  assert.ok(!held(run, "R1").includes("red"));
  run.seek(20_000);
  assert.ok(held(run, "R1").includes("red") && held(run, "R3").includes("red"));
  const [put] = run.history();
  assert.deepEqual([put.client, put.outcome, put.ended > put.called], ["C1", "ok", true]);
  run.seek(0);
  assert.equal(run.history().length, 1, "it is called at once");
  assert.equal(run.history()[0].ended, null);
});

test("verdicts name the operations that break a guarantee", () => {
  const run = new Run({ lesson: "stale_read" });
  assert.ok(run.verdicts().every(({ verdict }) => verdict !== "broken"), "nothing has been read yet");
  run.seek(20_000);
  const verdict = run.verdicts().find(({ guarantee }) => guarantee === "linearizable");
  assert.deepEqual([verdict.verdict, verdict.isPromised, verdict.isBreach], ["broken", false, false]);
  assert.ok(verdict.operations.length > 0 && verdict.why.length > 0);
  const history = run.history();
  assert.ok(verdict.operations.every((place) => history[place]));
});

test("listeners hear what changes, and what has happened", () => {
  const run = new Run();
  const heard = [];
  const number = run.subscribe((change) => heard.push(change));
  run.input("put x=1 -> R1");
  assert.deepEqual([heard[0].recording, heard[0].now], [true, 0]);
  run.seek(1000);
  assert.ok(heard.at(-1).happened.some(({ words }) => words.includes("R1 receives")));
  assert.equal(heard.flatMap(({ happened }) => happened).length, run.trace().length, "everything is told once");
  run.unsubscribe(number);
  run.stepBack();
  assert.equal(heard.length, 2);
});

test("a link and a schedule bring the run back, and undo takes a step back in what was done", () => {
  const run = new Run({ seed: "18446744073709551615" });
  run.input("cut R1 | R2 R3");
  run.input("put x=1 -> R1; run 2s");
  for (const again of [new Run({ run: run.link }), new Run({ schedule: run.schedule, at: "2s" })]) {
    assert.equal(again.link, run.link);
    assert.deepEqual(again.state(), run.state());
  }
  assert.equal(run.state().cuts.length, 4);
  run.undo();
  run.undo();
  assert.equal(run.state().cuts.length, 0);
  run.redo();
  assert.equal(run.state().cuts.length, 4);
});

test("a picture is SVG", () => {
  const svg = new Run({ exhibit: "raft" }).svg(640, 400);
  assert.match(svg, /^<svg .*viewBox="0 0 .*<\/svg>$/s);
  assert.ok(svg.includes('data-node="S1"'));
});

test("what makes no sense is thrown as one sentence, and changes nothing", () => {
  const run = new Run({ seed: 3 });
  const before = run.link;
  const cases = [
    [() => new Run({ exhibit: "elephant" }), /There is no store `elephant` in the zoo/],
    [() => new Run({ colour: "red" }), /There is no `colour` here/],
    [() => new Run({ seed: [1] }), /`seed` must be a text, a number or true or false/],
    [() => run.load({ options: "replicas=9000" }), /from 1 to 1000/],
    [() => run.input("jump"), /Line 1, column 1: expected a statement/],
    [() => run.input("crash R9"), /Line 1, column 7/],
    [() => run.seek(-1), /from 0 to a day/],
    [() => run.seek(Number.NaN), /from 0 to a day/],
    [() => run.light("elephant"), /`elephant` is no node, link or message/],
    [() => run.svg(1, 1), /from 100 to 10000 pixels/],
  ];
  for (const [act, sentence] of cases) assert.throws(act, (error) => error instanceof Error && sentence.test(error.message), String(act));
  assert.equal(run.link, before);
});

test("what an author may write is listed", () => {
  assert.ok(["exhibit", "lesson", "seed", "run", "autoplay"].every((name) => attributes().includes(name)));
});
