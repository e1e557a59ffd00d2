use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::Serialize;

use super::{kind, loss, message, node};
use crate::server::Message;
use crate::sim::{Entry, Input, Recording, Trace, What, describe, summarize};
use crate::zoo::{Names, catalog};

/// What the first line calls the format.
pub const FORMAT: &str = "kvs-zoo-trace";
/// It grows when a line comes to mean something else; a new field does not count.
pub const VERSION: u32 = 1;

/// The first line.
#[derive(Serialize)]
struct Header<'a> {
    format: &'static str,
    version: u32,
    exhibit: &'static str,
    /// A whole number of up to 64 bits: a reader that knows only floating-point numbers will round it.
    seed: u64,
    /// The names of all nodes, in order.
    nodes: Vec<&'a str>,
}

/// Every other line. What an entry does not have, its line leaves out.
#[derive(Default, Serialize)]
struct Line<'a> {
    time_us: u64,
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_us: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
    /// The message's kind, and what it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    says: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timer: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mark: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<u64>,
    /// What somebody outside did, in full; nodes are numbers here.
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<&'a Input>,
    /// The whole entry as a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

impl<'a> Line<'a> {
    fn new(entry: &'a Entry, names: &'a Names) -> Self {
        let message = message(&entry.what);
        let common = Self {
            time_us: entry.time.as_us(),
            what: kind(&entry.what),
            node: node(&entry.what).map(|node| names.name(node)),
            kind: message.map(Message::kind),
            says: message.map(summarize),
            text: describe(entry, names),
            ..Self::default()
        };
        let ends = |from, to| (Some(names.name(from)), Some(names.name(to)));
        match &entry.what {
            What::Sent { id, from, to, due, .. } => {
                let (from, to) = ends(*from, *to);
                Self { id: Some(id.0), from, to, due_us: Some(due.as_us()), ..common }
            }
            What::Lost { id, from, to, why, .. } => {
                let (from, to) = ends(*from, *to);
                Self { id: Some(id.0), from, to, why: Some(loss(*why)), ..common }
            }
            What::Delivered { id, from, to, .. } => {
                let (from, to) = ends(*from, *to);
                Self { id: Some(id.0), from, to, ..common }
            }
            What::Fired { timer, .. } => Self { timer: Some(timer.name()), ..common },
            What::Marked { mark, subject, .. } => Self { mark: Some(mark.0), subject: Some(*subject), ..common },
            What::Did(input) => Self { input: Some(input), ..common },
            What::Asked { .. }
            | What::Told { .. }
            | What::Booted { .. }
            | What::Crashed { .. }
            | What::Synced { .. } => common,
        }
    }
}

/// Writes a trace as JSON, one object a line: first a header, then an object for each entry, in order.
///
/// `what` says what an entry is: `sent`, `lost`, `delivered`, `asked`, `told`, `fired`, `booted`, `crashed`, `synced`,
/// `marked` or `did`. Times are whole microseconds. `id` is the message's number; `due_us` is when it will arrive;
/// `why` is `random`, `cut`, `down` or `dropped`.
pub fn json_lines(out: &mut impl fmt::Write, recording: &Recording, trace: &Trace) -> fmt::Result {
    let names = Names::new(&recording.architecture);
    let header = Header {
        format: FORMAT,
        version: VERSION,
        exhibit: catalog::exhibit_of(recording.architecture.animal).name,
        seed: recording.seed,
        nodes: names.iter().collect(),
    };
    write_line(out, &header)?;
    trace.entries().iter().try_for_each(|entry| write_line(out, &Line::new(entry, &names)))
}

fn write_line(out: &mut impl fmt::Write, line: &impl Serialize) -> fmt::Result {
    let text = serde_json::to_string(line).map_err(|_| fmt::Error)?;
    writeln!(out, "{text}")
}
