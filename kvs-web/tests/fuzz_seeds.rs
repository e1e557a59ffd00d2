//! What fuzzers start from, and what they have found, holds; so do the same texts with their ends cut off.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

#[path = "../../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "it is a crate of its own, too")]
mod targets;

use std::path::Path;

/// Replays a folder: every file, and of small ones every beginning.
fn replay(folder: &str, target: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
    let files = std::fs::read_dir(&folder).expect("the folder is there");
    let paths = files.map(|file| file.expect("it can be listed").path());
    let mut paths: Vec<_> = paths.filter(|path| path.is_file()).collect();
    paths.sort_unstable();
    assert!(!paths.is_empty(), "{} has nothing in it", folder.display());
    for path in paths {
        println!("{}", path.display());
        let data = std::fs::read(path).expect("it can be read");
        target(&data);
        let step = (data.len() / 50).max(1);
        (0..data.len()).step_by(step).for_each(|end| target(&data[..end]));
    }
}

#[test]
fn schedules() {
    replay("fuzz/seeds/schedule", targets::schedule);
    replay("lessons", targets::schedule);
    replay("lessons/levels", targets::schedule);
}

#[test]
fn histories() {
    replay("fuzz/seeds/foreign", targets::foreign);
}

#[test]
fn links() {
    replay("fuzz/seeds/link", targets::link);
}

#[test]
fn options() {
    replay("fuzz/seeds/options", targets::options);
}
