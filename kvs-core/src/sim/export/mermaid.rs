use alloc::format;
use alloc::string::String;
use core::fmt;

use super::loss;
use crate::process::NodeId;
use crate::server::Message;
use crate::sim::{Entry, Trace, What, describe, summarize};
use crate::time::Time;
use crate::zoo::{Architecture, Names};

/// Writes a trace as a [Mermaid](https://mermaid.js.org/) sequence diagram: clients, then servers, and what went on
/// between them.
///
/// An arrow stands where a message arrives, one with a cross where it is lost; what is still on its way at the end has
/// none. Calls, returns, crashes, marks, and what the reader did are notes. At most `entries_max` arrows and notes are
/// drawn, and a last note says how many more there are. (Mermaid itself refuses texts of more than 50 000 characters,
/// unless it is told otherwise.)
pub fn mermaid(
    out: &mut impl fmt::Write,
    architecture: &Architecture,
    trace: &Trace,
    entries_max: usize,
) -> fmt::Result {
    let names = Names::new(architecture);
    writeln!(out, "sequenceDiagram")?;
    let order = || architecture.client_ids().chain(architecture.server_ids());
    for node in order() {
        writeln!(out, "    participant {}", names.name(node))?;
    }
    let everybody = match (order().next(), order().next_back()) {
        (Some(first), Some(last)) if first != last => format!("{},{}", names.name(first), names.name(last)),
        (Some(only), _) => String::from(names.name(only)),
        (None, _) => return Ok(()),
    };
    let mut left_out = 0_usize;
    let drawn = trace.entries().iter().filter_map(|entry| Some((entry.time, draw(entry, &names)?)));
    for (place, (time, drawing)) in drawn.enumerate() {
        if place < entries_max {
            write_drawing(out, time, &drawing, &names, &everybody)?;
        } else {
            left_out += 1;
        }
    }
    if left_out > 0 {
        writeln!(out, "    Note over {everybody}: and {left_out} more")?;
    }
    Ok(())
}

/// An entry in the diagram.
enum Drawing {
    Arrow { from: NodeId, to: NodeId, text: String },
    Cross { from: NodeId, to: NodeId, text: String },
    Note { over: NodeId, text: String },
    NoteOverAll { text: String },
}

/// How an entry is drawn; None if it is not.
fn draw(entry: &Entry, names: &Names) -> Option<Drawing> {
    let says = |message: &Message| format!("{} {}", message.kind(), summarize(message));
    Some(match &entry.what {
        What::Delivered { from, to, message, .. } => Drawing::Arrow { from: *from, to: *to, text: says(message) },
        What::Lost { from, to, message, why, .. } => {
            Drawing::Cross { from: *from, to: *to, text: format!("{} ({})", says(message), loss(*why)) }
        }
        What::Marked { node, mark, .. } => Drawing::Note { over: *node, text: String::from(mark.0) },
        What::Told { node, .. } | What::Booted { node } | What::Crashed { node } => {
            let text = describe(entry, names)?;
            // The note stands over its node, which need not be named again.
            let rest = text.strip_prefix(names.name(*node)).map(|rest| rest.trim_start_matches([' ', ':']));
            Drawing::Note { over: *node, text: rest.map_or_else(|| text.clone(), String::from) }
        }
        What::Did(_) => Drawing::NoteOverAll { text: describe(entry, names)? },
        // The arrow stands where the message arrives; a call speaks for what was asked; timers and syncs are too many.
        What::Sent { .. } | What::Asked { .. } | What::Fired { .. } | What::Synced { .. } => return None,
    })
}

fn write_drawing(
    out: &mut impl fmt::Write,
    time: Time,
    drawing: &Drawing,
    names: &Names,
    everybody: &str,
) -> fmt::Result {
    let name = |node: &NodeId| names.name(*node);
    match drawing {
        Drawing::Arrow { from, to, text } => {
            writeln!(out, "    {}->>{}: {time} {}", name(from), name(to), escape(text))
        }
        Drawing::Cross { from, to, text } => {
            writeln!(out, "    {}-x{}: {time} {}", name(from), name(to), escape(text))
        }
        Drawing::Note { over, text } => writeln!(out, "    Note over {}: {time} {}", name(over), escape(text)),
        Drawing::NoteOverAll { text } => writeln!(out, "    Note over {everybody}: {time} {}", escape(text)),
    }
}

/// Writes all but letters, digits and a few harmless signs as Mermaid's entity codes: `#59;` for a semicolon.
///
/// Mermaid looks for more than line ends and semicolons: `%%` begins a comment or a directive, `$$` a formula, `wrap:`
/// an instruction, and `style…:…#` makes it drop a semicolon. None of their signs are left.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if c.is_alphanumeric() || " =,.-_(){}/?!'".contains(c) {
            escaped.push(c);
        } else {
            escaped.push_str(&format!("#{};", visible(c)));
        }
    }
    escaped
}

/// The code of a sign, or of a picture of it where the sign is none that a drawing may contain: `␊` for the end of a
/// line.
fn visible(c: char) -> u32 {
    match u32::from(c) {
        code @ 0..=0x1f => 0x2400 + code,
        0x7f => 0x2421,
        0x80..=0x9f | 0xfffe | 0xffff => 0xfffd,
        code => code,
    }
}
