//! A run as a Mermaid diagram: what arrives and what is lost.

use kvs_core::op::Outcome;
use kvs_core::process::NodeId;
use kvs_core::server::Message;
use kvs_core::sim::{What, describe, export, summarize};
use kvs_core::time::Time;
use kvs_core::zoo::Names;

use super::{Run, lines, runs, written};

#[derive(Debug, PartialEq, Eq)]
struct Drawn {
    shape: &'static str,
    ends: Vec<String>,
    text: String,
}

/// Reads a line below the head, as strictly as can be: `A->>B: …`, `A-xB: …`, `Note over A: …`, `Note over A,B: …`.
fn read_mermaid(line: &str, names: &Names) -> Drawn {
    let line = line.strip_prefix("    ").expect("it is indented");
    let (head, text) = line.split_once(": ").expect("a text");
    let (shape, ends): (_, Vec<&str>) = if let Some(over) = head.strip_prefix("Note over ") {
        ("note", over.split(',').collect())
    } else if let Some((from, to)) = head.split_once("->>") {
        ("arrow", vec![from, to])
    } else {
        let (from, to) = head.split_once("-x").expect("an arrow or a note");
        ("cross", vec![from, to])
    };
    assert!(ends.iter().all(|end| names.iter().any(|name| name == *end)), "{line}");
    Drawn { shape, ends: ends.into_iter().map(String::from).collect(), text: decode(text) }
}

/// Reads entity codes; every other sign must be harmless.
fn decode(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c == '#' {
            let (code, after) = rest.split_once(';').expect("a code ends");
            assert!(code.bytes().all(|digit| digit.is_ascii_digit()), "{text}");
            plain.push(char::from_u32(code.parse().expect("a number")).expect("a sign"));
            rest = after;
        } else {
            assert!(!c.is_control() && !";:\"<>%$&\\`*[]|~^@+\u{2028}\u{2029}".contains(c), "{text}");
            assert!(c.is_ascii() || c.is_alphanumeric(), "{text}");
            plain.push(c);
        }
    }
    plain
}

/// What a reader of the diagram sees of a text: signs that no drawing can contain are shown by their pictures.
fn visible(text: &str) -> String {
    let pictures = [('\n', '␊'), ('\t', '␉'), ('\u{7}', '␇'), ('\u{0}', '␀'), ('\u{7f}', '␡'), ('\u{85}', '\u{fffd}')];
    pictures.iter().fold(text.to_owned(), |text, (sign, picture)| text.replace(*sign, &picture.to_string()))
}

fn expected_in_mermaid(run: &Run) -> Vec<Drawn> {
    let names = run.names();
    let name = |node: &NodeId| names.name(*node).to_owned();
    let all: Vec<String> = {
        let (servers, clients): (Vec<&str>, Vec<&str>) = names.iter().partition(|name| !name.starts_with('C'));
        vec![clients[0].to_owned(), servers[servers.len() - 1].to_owned()]
    };
    let mut drawn = Vec::new();
    for entry in run.trace.entries() {
        let (shape, ends, text) = match &entry.what {
            What::Delivered { from, to, message, .. } => {
                ("arrow", vec![name(from), name(to)], format!("{} {}", message.kind(), summarize(message)))
            }
            What::Lost { from, to, message, why, .. } => {
                let why = format!("{why:?}").to_lowercase();
                ("cross", vec![name(from), name(to)], format!("{} {} ({why})", message.kind(), summarize(message)))
            }
            What::Told { node, message: Message::Called(request) } => {
                ("note", vec![name(node)], format!("calls {}", request.op))
            }
            What::Told { node, message: Message::Returned(returned) } => {
                let verb = match &returned.outcome {
                    Outcome::Ok(response) if response.refusal().is_some() => "is told:",
                    Outcome::Ok(response) if response.is_confirmation() => "returns:",
                    Outcome::Ok(_) => "reads",
                    Outcome::Maybe | Outcome::MaybeClosed | Outcome::Unavailable => "returns:",
                };
                ("note", vec![name(node)], format!("{verb} {}", returned.outcome))
            }
            What::Told { node, message: Message::Noticed(noticed) } => {
                ("note", vec![name(node)], format!("hears from {}: {}", name(&noticed.server), noticed.notice))
            }
            What::Booted { node } if entry.time > Time::ZERO => {
                ("note", vec![name(node)], String::from("starts again"))
            }
            What::Crashed { node } => ("note", vec![name(node)], String::from("crashes")),
            What::Marked { node, mark, .. } => ("note", vec![name(node)], mark.0.to_owned()),
            What::Did(_) => match describe(entry, &names) {
                Some(text) => ("note", all.clone(), text),
                None => continue,
            },
            _ => continue,
        };
        drawn.push(Drawn { shape, ends, text: visible(&format!("{} {text}", entry.time)) });
    }
    drawn
}

#[test]
fn mermaid_draws_what_arrives_and_what_is_lost_in_a_strict_grammar() {
    for run in runs() {
        let names = run.names();
        let architecture = &run.recording.architecture;
        let whole = written(|out| export::mermaid(out, architecture, &run.trace, usize::MAX));
        let (mut participants, servers): (Vec<_>, Vec<_>) = names.iter().partition(|name| name.starts_with('C'));
        participants.extend(servers);
        let mut head = vec![String::from("sequenceDiagram")];
        head.extend(participants.iter().map(|name| format!("    participant {name}")));

        let expected = expected_in_mermaid(&run);
        let read = |text: &str| {
            let lines = lines(text);
            assert_eq!(lines[..head.len()], head[..], "{}", run.name);
            lines[head.len()..].iter().map(|line| read_mermaid(line, &names)).collect::<Vec<_>>()
        };
        assert_eq!(read(&whole), expected, "{}", run.name);
        let total = expected.len();
        for entries_max in [0, 1, total / 2, total.saturating_sub(1), total] {
            let mut part = read(&written(|out| export::mermaid(out, architecture, &run.trace, entries_max)));
            if entries_max < total {
                let last = part.pop().expect("a last note");
                let ends = vec![participants[0].to_owned(), participants[participants.len() - 1].to_owned()];
                let text = format!("and {} more", total - entries_max);
                assert_eq!(last, Drawn { shape: "note", ends, text }, "{}", run.name);
            }
            assert_eq!(part[..], expected[..entries_max.min(total)], "{}", run.name);
        }
    }
}
