//! What the worker does for the page.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use kvs_core::check::foreign::Reader;
use kvs_core::explore::first_breach;
use kvs_core::explore::survey::Weather;
use kvs_core::sim::Recording;
use kvs_core::time::Time;
use kvs_core::zoo::catalog;
use kvs_web::share;
use kvs_web::work::search::search;
use kvs_web::work::survey::{FIELDS, NoField, survey};
use kvs_web::work::{Judge, Measured, Report, Search, Survey};

fn run(name: &str, options: &[(&str, &str)]) -> String {
    let mut architecture = catalog::exhibit(name).expect("it is in the catalogue").architecture();
    for (name, value) in options {
        architecture.set(name, value).unwrap_or_else(|error| panic!("{error}"));
    }
    share::encode(&Recording::new(architecture, 1), Time::ZERO)
}

fn reports(order: &Search) -> Vec<Report> {
    let mut reports = Vec::new();
    search(order, &mut |report| reports.push(report));
    reports
}

#[test]
fn a_search_reports_its_progress_and_the_smallest_run_it_found() {
    let run = run("local", &[("dedupe", "off"), ("duplication", "25%"), ("journal", "off")]);
    for watches_inside in [true, false] {
        let mut reports = reports(&Search { run: run.clone(), seed: 1, worlds: 500, watches_inside });
        let Some(Report::Found(found)) = reports.pop() else { panic!("nothing was found") };
        let searching = reports.iter().filter(|report| matches!(report, Report::Searching(_))).count();
        assert_eq!(searching + 1, found.worlds as usize);
        assert!(reports.iter().any(|report| matches!(report, Report::Shrinking { .. })));
        assert!(found.inputs < found.inputs_before, "{found:?}");

        // It plays, up to the moment at which it breaks.
        let (recording, at) = share::decode(&found.run).expect("it is one of ours");
        let breach = first_breach(&recording, at, watches_inside).expect("it breaks").breach;
        assert_eq!((breach.name(), breach.what()), (found.name.as_str(), found.what.as_str()));
    }
}

#[test]
fn a_search_that_finds_nothing_says_how_far_it_looked() {
    let order = Search { run: run("replicated", &[]), seed: 7, worlds: 5, watches_inside: true };
    assert_eq!(
        reports(&order),
        [1, 2, 3, 4, 5].map(Report::Searching).into_iter().chain([Report::Nothing(5)]).collect::<Vec<_>>()
    );
}

#[test]
fn what_is_no_run_is_refused() {
    let order = Search { run: "paxos?v=1".into(), seed: 1, worlds: 5, watches_inside: true };
    assert!(matches!(&reports(&order)[..], [Report::Refused(why)] if why.contains("paxos")));
}

fn judge(text: &str, judge: &Judge) -> Result<kvs_web::work::Judged, String> {
    let mut reader = Reader::default();
    reader.read(text.as_bytes()).expect("it is a history");
    judge.judge(&reader.finish().expect("it is a history"))
}

/// Writes one after the other, each read, and at the end a read of one that was overwritten.
fn stale(operations: u32) -> String {
    let mut text = String::new();
    let mut add = |process: u32, f: &str, asked: &str, answered: u32| {
        text += &format!("{{:process {process} :type :invoke :f :{f} :value {asked}}}\n");
        text += &format!("{{:process {process} :type :ok :f :{f} :value {answered}}}\n");
    };
    for value in 1..=operations {
        add(0, "write", &value.to_string(), value);
        add(1, "read", "nil", value);
    }
    add(2, "read", "nil", operations - 1);
    text
}

#[test]
fn a_history_that_is_not_linearizable_is_drawn_around_its_proof() {
    let judged = judge(&stale(400), &Judge::default()).expect("it is judged");
    assert_eq!(judged.holds, Some(false));
    assert!(judged.what.contains("marked operations contradict each other"), "{}", judged.what);
    let proof: Vec<_> = judged.bars.iter().filter(|bar| bar.proves).map(|bar| bar.label.as_str()).collect();
    assert!(proof.contains(&"read → 399") && proof.len() <= 3, "{proof:?}");
    assert_eq!(judged.bars.len() + judged.left_out as usize, 801);
    assert!(judged.bars.len() < 100);
    assert!(judged.bars.windows(2).all(|pair| pair[0].from < pair[1].from));
}

#[test]
fn a_history_that_holds_is_drawn_from_its_beginning() {
    let good = stale(3).lines().take(12).map(|line| format!("{line}\n")).collect::<String>();
    let judged =
        judge(&good, &Judge { model: Some("register".into()), initial: Some(" ".into()) }).expect("it is judged");
    assert_eq!((judged.holds, judged.bars.len(), judged.left_out), (Some(true), 6, 0));
    assert!(judged.what.contains("all 6 operations"), "{}", judged.what);
}

#[test]
fn a_model_that_there_is_not_is_refused_with_a_sentence() {
    let refused = judge(&stale(1), &Judge { model: Some("queue".into()), initial: None });
    assert!(refused.is_err_and(|why| why.contains("queue")));
}

#[test]
fn a_survey_reports_every_store_in_every_weather_with_a_run_that_can_be_opened() {
    let mut measured = Vec::new();
    survey(Survey { seed: 1 }, &mut |report| match report {
        Report::Surveyed(field) => measured.push(field),
        other => panic!("{other:?}"),
    });
    assert_eq!(measured.len(), FIELDS);
    for field in &measured {
        let (recording, at) = share::decode(&field.run).expect("it is one of ours");
        assert_eq!(Some(recording.architecture.animal), field.animal());
        assert_eq!(at, Time::from_us(5_000_000));
        assert_eq!(field.served.len(), if field.weather() == Some(Weather::Cut) { 2 } else { 1 });
    }
    let mut pairs: Vec<_> = measured.iter().map(|field| (&field.store, field.weather)).collect();
    pairs.sort();
    pairs.dedup();
    assert_eq!(pairs.len(), FIELDS);
    is_what_the_page_shows(&measured);
}

/// What the front page shows before anything has been lived on it.
const SURVEYED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/front/surveyed.txt");

/// `KVS_BLESS=1 cargo test -p kvs-web --test work` writes it anew. Look at the front page before you commit it.
fn is_what_the_page_shows(measured: &[Measured]) {
    let text: String = measured.iter().map(|field| format!("{field}\n")).collect();
    if std::env::var_os("KVS_BLESS").is_some() {
        std::fs::write(SURVEYED, &text).expect("it is written");
    }
    assert!(std::fs::read_to_string(SURVEYED).is_ok_and(|known| known == text), "the survey has another result");
    for field in measured {
        assert_eq!(field.to_string().parse(), Ok(field.clone()));
    }
}

#[test]
fn a_line_that_is_no_field_of_a_survey_is_refused() {
    for line in
        ["", "raft 0", "raft 0 0 true ? 1 ? raft 1", "raft 0 0 true ? 1 ? raft 1/x", "raft 0 0 maybe ? 1 ? raft"]
    {
        assert_eq!(line.parse::<Measured>(), Err(NoField), "{line}");
    }
}
