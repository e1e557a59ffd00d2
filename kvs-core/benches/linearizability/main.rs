//! Our checker of linearizability beside those of `stateright` and `todc-utils`, on the same histories.
//!
//! Each history is judged in a process of its own, which is stopped after [`PATIENCE`]: some never end. A time is the median of as many
//! repetitions as fit into a tenth of a second, from the events to the verdict. Where one gives up on all histories of a length, it is
//! not asked about longer ones. A verdict that differs from another one ends the benchmark.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]
#![allow(clippy::disallowed_types, reason = "it measures time")]

mod checkers;
mod histories;

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use histories::Recipe;
use kvs_core::check::Budget;

const PATIENCE: Duration = Duration::from_secs(10);
const REPEAT_FOR: Duration = Duration::from_millis(100);
const CHECKERS: [&str; 3] = ["ours", "stateright", "todc-utils"];
const CLIENTS: [u32; 4] = [2, 5, 10, 20];
const OPERATIONS: [u32; 4] = [50, 200, 1_000, 5_000];
const SEEDS: u64 = 3;
/// Where a child finds what to do.
const ORDER: &str = "KVS_BENCH_ORDER";

/// What came of judging a history: whether it is linearizable, and how long that took.
type Answer = Option<(bool, Duration)>;

fn main() {
    if let Ok(order) = std::env::var(ORDER) {
        return obey(&order);
    }
    // Of what `cargo bench` and `cargo test` say, only a filter matters: they say it to all benchmarks.
    if std::env::args().skip(1).any(|word| word == "--test" || word == "--list") {
        return;
    }
    one_register();
    many_keys();
}

/// All three on a register.
fn one_register() {
    println!(
        "{:>7} {:>10} {:>8} {:>14} {:>14} {:>14}",
        "clients", "operations", "", CHECKERS[0], CHECKERS[1], CHECKERS[2]
    );
    let mut ratios = Vec::new();
    for clients in CLIENTS {
        for is_legal in [true, false] {
            let mut has_given_up = [false; CHECKERS.len()];
            for operations in OPERATIONS {
                let recipes = (1..=SEEDS).map(|seed| Recipe { clients, keys: 1, operations, is_legal, seed });
                let rows: Vec<_> = recipes.map(|recipe| judge_by_all(recipe, has_given_up)).collect();
                let column = |at: usize| rows.iter().map(|row| row[at].map(|(_, took)| took)).collect::<Vec<_>>();
                for (at, has_given_up) in has_given_up.iter_mut().enumerate() {
                    *has_given_up |= column(at).iter().all(Option::is_none);
                }
                let cells: Vec<_> = (0..CHECKERS.len()).map(|at| format!("{:>14}", cell(median(column(at))))).collect();
                let kind = if is_legal { "legal" } else { "illegal" };
                println!("{clients:>7} {operations:>10} {kind:>8} {}", cells.join(" "));
                ratios.extend(rows.iter().map(|row| ratio(row)));
            }
        }
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "the fastest of the others takes {:.0} times as long on the median history, {:.1} times on the one that suits it best",
        ratios[ratios.len() / 2],
        ratios[0]
    );
}

/// Of one history: verdicts that do not agree end it all, and so does ours if it gives up where another answers.
fn judge_by_all(recipe: Recipe, has_given_up: [bool; CHECKERS.len()]) -> Vec<Answer> {
    let answers: Vec<Answer> = CHECKERS
        .iter()
        .zip(has_given_up)
        .map(|(checker, given_up)| if given_up { None } else { ask(checker, recipe) })
        .collect();
    let mut verdicts = answers.iter().flatten().map(|(verdict, _)| verdict);
    let first = verdicts.next();
    assert!(verdicts.all(|verdict| Some(verdict) == first), "{recipe:?}: {answers:?}");
    assert!(answers[0].is_some() || first.is_none(), "ours gives up on {recipe:?}");
    answers
}

/// How many times as long as ours the fastest of the others took. Infinite if none has answered.
fn ratio(row: &[Answer]) -> f64 {
    let [Some((_, ours)), others @ ..] = row else { return 1.0 };
    let fastest = others.iter().flatten().map(|(_, took)| took).min();
    fastest.map_or(f64::INFINITY, |fastest| fastest.as_secs_f64() / ours.as_secs_f64())
}

/// Ours alone, as the histories of real stores are: 2,000 operations of 50 clients on 10 keys.
fn many_keys() {
    for is_legal in [true, false] {
        let recipe = |seed| Recipe { clients: 50, keys: 10, operations: 2_000, is_legal, seed };
        let times: Vec<_> = (1..=20).map(|seed| ask("ours", recipe(seed)).map(|(_, took)| took)).collect();
        let worst = times.iter().max_by_key(|took| took.unwrap_or(PATIENCE)).copied().flatten();
        let kind = if is_legal { "legal" } else { "illegal" };
        println!(
            "50 clients, 10 keys, 2000 operations, {kind}: median {}, worst of {} {}",
            cell(median(times.clone())),
            times.len(),
            cell(worst)
        );
    }
}

fn cell(took: Option<Duration>) -> String {
    took.map_or_else(|| "gave up".into(), |took| format!("{:.3} ms", took.as_secs_f64() * 1e3))
}

/// The median, if at least half have answered.
fn median(mut times: Vec<Option<Duration>>) -> Option<Duration> {
    times.sort_by_key(|took| took.unwrap_or(Duration::MAX));
    times[times.len() / 2]
}

/// Has a child judge a history. None if it takes too long, or dies of it.
fn ask(checker: &str, recipe: Recipe) -> Answer {
    let Recipe { clients, keys, operations, is_legal, seed } = recipe;
    let order = format!("{checker} {clients} {keys} {operations} {is_legal} {seed}");
    let this = std::env::current_exe().expect("there is a program");
    let mut child = Command::new(this)
        .env(ORDER, order)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts once more");
    let began = Instant::now();
    while child.try_wait().expect("the child is ours").is_none() {
        if began.elapsed() > PATIENCE {
            child.kill().expect("the child is ours");
            let _status = child.wait();
            return None;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output().expect("the child is ours");
    let text = String::from_utf8(output.stdout).ok()?;
    let (verdict, nanoseconds) = text.trim().split_once(' ')?;
    Some((verdict.parse().ok()?, Duration::from_nanos(nanoseconds.parse().ok()?)))
}

/// What a child does.
fn obey(order: &str) {
    let [checker, clients, keys, operations, is_legal, seed] = order.split(' ').collect::<Vec<_>>()[..] else {
        panic!("not an order: {order}")
    };
    let number = |text: &str| text.parse().expect("a number");
    let recipe = Recipe {
        clients: number(clients),
        keys: number(keys),
        operations: number(operations),
        is_legal: is_legal == "true",
        seed: number(seed).into(),
    };
    let history = recipe.history();
    let judge: BTreeMap<&str, fn(&[histories::Event]) -> bool> = BTreeMap::from([
        ("ours", (|history| checkers::ours(history, Budget::PATIENT).expect("it is decided")) as fn(&[_]) -> bool),
        ("stateright", checkers::stateright),
        ("todc-utils", checkers::todc),
    ]);
    // Others take a step deeper into the stack with every operation.
    let child = std::thread::Builder::new().stack_size(1 << 30).spawn({
        let judge = judge[checker];
        move || {
            let (began, mut times) = (Instant::now(), Vec::new());
            loop {
                let start = Instant::now();
                let verdict = judge(&history);
                times.push(start.elapsed());
                if began.elapsed() > REPEAT_FOR {
                    times.sort_unstable();
                    println!("{verdict} {}", times[times.len() / 2].as_nanos());
                    return;
                }
            }
        }
    });
    child.expect("there is memory for a stack").join().expect("it judges");
}
