//! What became of a run, in words: the rows below its picture.

use kvs_core::check::{Judgement, Verdict};
use kvs_core::explore::Figures;
use kvs_core::time::Span;
use kvs_core::zoo::Guarantee;

/// How a row is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// A figure, no more.
    Plain,
    /// As one would wish.
    Fine,
    /// Not so.
    Trouble,
}

/// A line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What tests and scripts call it.
    pub name: &'static str,
    /// What it is about.
    pub label: &'static str,
    /// What the parts of the value are, where that does not speak for itself.
    pub note: &'static str,
    /// What it says.
    pub value: String,
    /// One sentence: what that means.
    pub help: &'static str,
    /// How it is meant.
    pub tone: Tone,
}

/// All rows, always the same ones in the same order.
pub fn rows(figures: &Figures) -> Vec<Row> {
    let row = |name, (label, note), (value, tone): (String, Tone), help| Row { name, label, note, value, help, tone };
    let judgements = &figures.judgements;
    vec![
        row("promises", ("Promises", ""), promises(judgements), "What the store claims, and whether this run kept it."),
        row("linearizable", ("Linearizable", ""), linearizable(judgements), Guarantee::Linearizability.meaning()),
        row(
            "answered",
            ("Answered", ""),
            answered(figures),
            "Failed has had no effect; unknown may have had one, and the client cannot tell.",
        ),
        row(
            "waited",
            ("Wait", "half · 95 % · 99 %"),
            waited(figures),
            "How long half of all answers took at most, 95 of 100, and 99 of 100, since somebody asked.",
        ),
        row(
            "stale",
            ("Stale reads", ""),
            stale(figures),
            "Reads of a value that an acknowledged write had replaced before they began, and for how long at worst.",
        ),
        row(
            "messages",
            ("Messages", ""),
            messages(figures),
            "All that were sent, whatever for, by the number of operations.",
        ),
    ]
}

fn promises(judgements: &[Judgement]) -> (String, Tone) {
    let titles = |which: fn(&Judgement) -> bool| -> Vec<&str> {
        let promised = judgements.iter().filter(|judgement| judgement.claim.is_some() && which(judgement));
        promised.map(|judgement| judgement.guarantee.title()).collect()
    };
    let broken = titles(Judgement::is_breach);
    if let Some((first, rest)) = broken.split_first() {
        let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
        return (format!("✕ broken: {first}{more}"), Tone::Trouble);
    }
    let ended = titles(|judgement| !judgement.ended_by.is_empty()).len();
    let all = titles(|_| true).len();
    match ended {
        0 => ("✓ kept".into(), Tone::Fine),
        _ if ended == all => ("– ended by the faults".into(), Tone::Plain),
        _ => (format!("✓ kept, but the faults ended {ended} of {all}"), Tone::Fine),
    }
}

fn linearizable(judgements: &[Judgement]) -> (String, Tone) {
    let judgement = judgements.iter().find(|judgement| judgement.guarantee == Guarantee::Linearizability);
    match judgement.map(|judgement| &judgement.verdict) {
        Some(Verdict::Holds) => ("✓ yes".into(), Tone::Fine),
        Some(Verdict::Broken(_)) => ("✕ no".into(), Tone::Trouble),
        Some(Verdict::Undecided(_)) | None => ("… not decided".into(), Tone::Plain),
    }
}

fn answered(figures: &Figures) -> (String, Tone) {
    let mut text = format!("{} of {}", figures.answered, figures.asked);
    for (count, word) in [(figures.failed, "failed"), (figures.unknown, "unknown"), (figures.open(), "open")] {
        if count > 0 {
            text.push_str(&format!(", {count} {word}"));
        }
    }
    (text, Tone::Plain)
}

fn waited(figures: &Figures) -> (String, Tone) {
    let text = figures.latency.map_or_else(
        || String::from("nobody was answered"),
        |latency| [latency.p50, latency.p95, latency.p99].map(span_words).join(" · "),
    );
    (text, Tone::Plain)
}

fn stale(figures: &Figures) -> (String, Tone) {
    match figures.stale {
        0 if figures.reads == 0 => ("no reads".into(), Tone::Plain),
        0 => (format!("none of {}", figures.reads), Tone::Plain),
        some => (format!("{some} of {}, up to {} old", figures.reads, span_words(figures.staleness)), Tone::Plain),
    }
}

fn messages(figures: &Figures) -> (String, Tone) {
    let each = figures.tenths_of_messages_an_operation();
    let text = each.map_or_else(
        || format!("{}", figures.messages),
        |tenths| format!("{}.{} an operation", tenths / 10, tenths % 10),
    );
    (text, Tone::Plain)
}

/// A span as people say it: in milliseconds below a second, then in seconds with one decimal.
pub fn span_words(span: Span) -> String {
    let ms = span.as_us() / 1_000;
    if ms < 1_000 { format!("{ms} ms") } else { format!("{}.{} s", ms / 1_000, ms % 1_000 / 100) }
}
