//! What is written in the picture, and how it finds room.

use kvs_core::op::Value;
use kvs_core::server::Server;
use kvs_core::storage::Storage;

/// How broad a text is, in characters of a typewriter; those of East Asia and emoji take two.
pub(super) fn breadth(text: &str) -> usize {
    text.chars().map(breadth_of).sum()
}

fn breadth_of(character: char) -> usize {
    match character as u32 {
        0x300..=0x36f | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x2069 | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe4f
        | 0xff00..=0xff60
        | 0x1f300..=0x1faff
        | 0x20000.. => 2,
        _ => 1,
    }
}

/// A text cut off where the room ends. Which way it runs is its own affair, not that of what stands around it.
pub(super) fn clip(text: &str, room: usize) -> String {
    let is_plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let mut clipped = if breadth(text) <= room { String::from(text) } else { shortened(text, room) };
    if !is_plain {
        // First strong isolate … pop directional isolate.
        clipped = format!("\u{2068}{clipped}\u{2069}");
    }
    clipped
}

fn shortened(text: &str, room: usize) -> String {
    let mut left = room.saturating_sub(1);
    let mut kept: String = text
        .chars()
        .take_while(|&character| {
            let breadth = breadth_of(character);
            let fits = breadth <= left;
            left = left.saturating_sub(breadth);
            fits
        })
        .collect();
    kept.push('…');
    kept
}

/// `none`, `v`, or `{v, w}`.
pub fn value_text(values: &[Value]) -> String {
    match values {
        [] => "none".into(),
        [value] => value.to_string(),
        several => format!("{{{}}}", several.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// As many lines as there is room for; the last one says how many more there are.
pub(super) fn fit(lines: &[String], room: usize) -> Vec<String> {
    if lines.len() <= room {
        return lines.to_vec();
    }
    let kept = room.saturating_sub(1);
    let mut fitted = lines[..kept].to_vec();
    fitted.push(format!("+ {} more", lines.len() - kept));
    fitted
}

/// `key = value` for each key that a server holds something under.
pub fn held_by(server: &Server) -> Vec<String> {
    match server.storage() {
        Storage::Core(core) => core.iter().map(|(key, value)| format!("{key} = {value}")).collect(),
        Storage::Smr(store) => {
            store.state().data.iter().map(|(key, entry)| format!("{key} = {}", entry.value)).collect()
        }
        Storage::Versioned(store) => store.iter().map(|(key, versioned)| format!("{key} = {versioned}")).collect(),
        Storage::Lattice(store) => {
            let entries = store.iter().map(|(key, stored)| (key, stored.values()));
            let held = entries.filter(|(_, values)| !values.is_empty());
            held.map(|(key, values)| format!("{key} = {}", value_text(&values))).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_clipped_by_its_breadth() {
        assert_eq!(clip("abcdef", 6), "abcdef");
        assert_eq!(clip("abcdefg", 6), "abcde…");
        assert_eq!(clip("日本語", 4), "\u{2068}日…\u{2069}");
        assert_eq!(breadth("e\u{301}"), 1);
        assert_eq!(clip("", 0), "");
    }

    #[test]
    fn lines_that_do_not_fit_are_counted() {
        let lines: Vec<String> = ["a", "b", "c"].map(String::from).into();
        assert_eq!(fit(&lines, 3), lines);
        assert_eq!(fit(&lines, 2), ["a", "+ 2 more"]);
        assert_eq!(fit(&lines, 1), ["+ 3 more"]);
    }
}
