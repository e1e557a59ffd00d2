//! Looks for a run that breaks a promise: `cargo run --release -p kvs-core --example hunt -- [OPTION…] EXHIBIT [NAME=VALUE…]`.
//!
//! Lives random worlds, on all cores, until an invariant or a claim breaks, makes that run as small as it gets, and prints it as a
//! schedule: `hunt local dedupe=off duplication=25% >found.kvs`, then `run_schedule found.kvs`. The same question has the same answer,
//! however many cores there are: the world of the lowest seed.
//!
//! Exits with 0 if nothing broke, 1 if something did, 2 if the question makes no sense.

use std::error::Error;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use kvs_core::explore::exhaustive::{Bounds, explore};
use kvs_core::explore::{Breach, Faults, Finding, Hunt, Workload, shrink};
use kvs_core::process::NodeId;
use kvs_core::server::Call;
use kvs_core::sim::schedule::{Line, Schedule, Statement};

const HELP: &str = "hunt [OPTION…] EXHIBIT [NAME=VALUE…], or hunt [OPTION…] FILE.kvs: the cluster of a schedule

  --worlds N       how many random worlds to live (10000)
  --seed N         the first of them (1)
  --threads N      how many at a time (one a core)
  --faults LIST    which faults they may have, or none:
                   crashes,wipes,cuts,pauses,clocks,fates,links,views (a journal is not asked to survive wipes)
  --moves N        how many things happen in each, at least (40)
  --keys N         how many keys there are (2)
  --reads N%       how many of the operations are reads (40%)
  --deletes N%     how many of the writes are deletes (10%)
  --claims-only    watch what clients are told, not the inside
  --keep           print the run as it was found

  --exhaustive     every order in which messages can arrive, instead of random worlds; asks for what FILE.kvs asks for,
                   and leaves out all else that happens there
  --drops N, --duplicates N, --crashes N, --timers N
                   how many of these may happen on the way (0 each)
  --states N       how many states to look at (1000000)
";

/// What to look for, and where.
struct Question {
    hunt: Hunt,
    first: u64,
    worlds: u64,
    threads: usize,
    is_kept: bool,
    exhaustive: Option<Exhaustive>,
}

struct Exhaustive {
    calls: Vec<(NodeId, Call)>,
    bounds: Bounds,
}

fn main() -> ExitCode {
    let question = match parse() {
        Ok(question) => question,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let found = match &question.exhaustive {
        Some(exhaustive) => every_order(&question.hunt, exhaustive),
        None => random_worlds(&question),
    };
    let Some(found) = found else { return ExitCode::SUCCESS };
    print(&if question.is_kept { found } else { smallest(&found) });
    ExitCode::from(1)
}

fn parse() -> Result<Question, Box<dyn Error>> {
    use lexopt::prelude::{Long, Short, Value, ValueExt};
    let (mut faults, mut workload, mut watches_inside) = (None, Workload::default(), true);
    let (mut worlds, mut first, mut is_kept, mut is_exhaustive) = (10_000, 1, false, false);
    let mut threads = thread::available_parallelism().map_or(1, usize::from);
    let mut bounds = Bounds::default();
    let mut cluster = Vec::new();
    let mut words = lexopt::Parser::from_env();
    while let Some(word) = words.next()? {
        match word {
            Long("worlds") => worlds = words.value()?.parse()?,
            Long("seed") => first = words.value()?.parse()?,
            Long("threads") => threads = words.value()?.parse::<usize>()?.max(1),
            Long("faults") => faults = Some(words.value()?.parse_with(parse_faults)?),
            Long("moves") => workload.moves = words.value()?.parse()?,
            Long("keys") => workload.keys = words.value()?.parse()?,
            Long("reads") => workload.reads_percent = words.value()?.parse_with(parse_percent)?,
            Long("deletes") => workload.deletes_percent = words.value()?.parse_with(parse_percent)?,
            Long("claims-only") => watches_inside = false,
            Long("keep") => is_kept = true,
            Long("exhaustive") => is_exhaustive = true,
            Long("drops") => bounds.drops = words.value()?.parse()?,
            Long("duplicates") => bounds.duplicates = words.value()?.parse()?,
            Long("crashes") => bounds.crashes = words.value()?.parse()?,
            Long("timers") => bounds.timers = words.value()?.parse()?,
            Long("states") => bounds.states = words.value()?.parse()?,
            Long("help") | Short('h') => {
                print!("{HELP}");
                std::process::exit(0);
            }
            Value(word) => cluster.push(word.string()?),
            other => return Err(format!("{}\n\n{HELP}", other.unexpected()).into()),
        }
    }
    let file = cluster.first().filter(|word| word.ends_with(".kvs"));
    let schedule = match (file, cluster.len()) {
        (_, 0) => return Err(format!("which store?\n\n{HELP}").into()),
        (Some(file), 1) => {
            let text = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
            Schedule::parse(&text).map_err(|error| format!("{file}: {error}"))?
        }
        (Some(file), _) => return Err(format!("{file} says by itself what its cluster is like").into()),
        (None, _) => {
            Schedule::parse(&format!("zoo {}", cluster.join(" "))).map_err(|error| error.problem.to_string())?
        }
    };
    let exhaustive = is_exhaustive.then(|| calls(&schedule)).transpose()?.map(|calls| Exhaustive { calls, bounds });
    let usual = Hunt::new(schedule.architecture);
    let hunt = Hunt { faults: faults.unwrap_or(usual.faults), workload, watches_inside, ..usual };
    Ok(Question { hunt, first, worlds, threads, is_kept, exhaustive })
}

fn parse_faults(text: &str) -> Result<Faults, String> {
    let mut faults = Faults::NONE;
    for name in text.split(',').filter(|name| *name != "none") {
        *match name {
            "crashes" => &mut faults.crashes,
            "wipes" => &mut faults.wipes,
            "cuts" => &mut faults.cuts,
            "pauses" => &mut faults.pauses,
            "clocks" => &mut faults.clocks,
            "fates" => &mut faults.fates,
            "links" => &mut faults.links,
            "views" => &mut faults.views,
            _ => return Err(format!("there are no faults of the kind `{name}`")),
        } = true;
    }
    Ok(faults)
}

fn parse_percent(text: &str) -> Result<u32, String> {
    let number = text.strip_suffix('%').unwrap_or(text).parse().ok().filter(|percent| *percent <= 100);
    number.ok_or_else(|| format!("expected a percentage from 0% to 100%, not `{text}`"))
}

/// What the clients of a schedule ask for.
fn calls(schedule: &Schedule) -> Result<Vec<(NodeId, Call)>, &'static str> {
    let call = |line: &Line| match &line.statement {
        Statement::Call { client, call, .. } => Some((*client, Call::clone(call))),
        _ => None,
    };
    let calls: Vec<_> = schedule.lines.iter().filter_map(call).collect();
    if calls.is_empty() {
        Err("--exhaustive needs a schedule FILE.kvs in which somebody asks for something")
    } else {
        Ok(calls)
    }
}

fn bar(length: u64, style: &str) -> ProgressBar {
    let bar = ProgressBar::new(length);
    // What is wrong with a style is seen when it is written, in the test.
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// The finding of the lowest seed.
fn random_worlds(question: &Question) -> Option<Finding> {
    let Question { hunt, first, worlds, threads, .. } = question;
    let end = first.saturating_add(*worlds);
    let bar = bar(*worlds, "{wide_bar} {human_pos} of {human_len} worlds, {per_sec}, {eta} left");
    let next = AtomicU64::new(*first);
    let lowest: Mutex<Option<(u64, Finding)>> = Mutex::new(None);
    let lowest_seed = AtomicU64::new(end);
    thread::scope(|scope| {
        for _ in 0..*threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    // What comes after a finding cannot be the first any more; all that comes before is lived to its end.
                    if seed >= lowest_seed.load(Ordering::Relaxed) {
                        return;
                    }
                    let Some(finding) = hunt.world(seed) else {
                        bar.inc(1);
                        continue;
                    };
                    let mut lowest = lowest.lock().unwrap_or_else(PoisonError::into_inner);
                    if lowest.as_ref().is_none_or(|(known, _)| seed < *known) {
                        *lowest = Some((seed, finding));
                        lowest_seed.fetch_min(seed, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let took = bar.elapsed();
    bar.finish_and_clear();
    let found = lowest.into_inner().unwrap_or_else(PoisonError::into_inner);
    let lived = found.as_ref().map_or(*worlds, |(seed, _)| seed - first + 1);
    let each_second = lived as f64 / took.as_secs_f64().max(1e-3);
    let verdict = if found.is_some() { "the last of them breaks a promise" } else { "nothing is broken" };
    eprintln!("{lived} worlds in {took:.1?}, {each_second:.0} a second: {verdict}");
    found.map(|(_, finding)| finding)
}

fn every_order(hunt: &Hunt, Exhaustive { calls, bounds }: &Exhaustive) -> Option<Finding> {
    let bar = bar(bounds.states, "{spinner} {human_pos} states, {per_sec}");
    let explored = explore(&hunt.architecture, calls, *bounds, &mut |states| {
        bar.set_position(states);
        true
    });
    bar.finish_and_clear();
    let extent = match (&explored.finding, explored.is_complete) {
        (Some(_), _) => "until a promise is broken, by one of the shortest ways",
        (None, true) => "these are all, and nothing is broken",
        (None, false) => "there are more, and nothing is broken so far",
    };
    let (states, steps, deepest) = (explored.states, explored.steps, explored.deepest);
    eprintln!("{states} distinct states, {steps} ways from one to another, at most {deepest} steps deep: {extent}");
    explored.finding
}

fn smallest(found: &Finding) -> Finding {
    let bar = bar(0, "{spinner} {pos} attempts to make it smaller, {msg}");
    let small = shrink(found, &mut |progress| {
        bar.set_position(progress.tried);
        bar.set_message(progress.doing.clone());
        true
    });
    bar.finish_and_clear();
    let inputs = |finding: &Finding| finding.recording.inputs().len();
    eprintln!("{} things were done in it; {} are enough", inputs(found), inputs(&small));
    small
}

/// As a schedule that ends at the moment at which the promise is broken, and expects that.
fn print(finding: &Finding) {
    let mut schedule = Schedule::from_recording(&finding.recording);
    let end = Statement::At { time: finding.at, events: None };
    schedule.lines.push(Line { number: 0, statement: end });
    if let Breach::Claim(guarantee, _) = finding.breach {
        let statement = Statement::ExpectVerdict { guarantee, holds: false };
        schedule.lines.push(Line { number: 0, statement });
    }
    println!("# At {}: {}", finding.at, finding.breach);
    print!("{schedule}");
}
