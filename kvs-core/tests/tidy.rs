//! The rules of the house: a room leans only on floors below, every file is lived in, and nothing comes in by another door.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use std::fs;
use std::path::{Path, PathBuf};

/// The floor of each room.
const FLOORS: [(&str, u32); 20] = [
    ("process", 0),
    ("time", 0),
    ("choice", 0),
    ("disk", 0),
    ("world", 0),
    ("op", 0),
    ("command", 0),
    ("lattice", 0),
    ("request", 0),
    ("version", 0),
    ("quorum", 0),
    ("routing", 1),
    ("ordering", 1),
    ("storage", 1),
    ("replication", 1),
    ("server", 2),
    ("zoo", 3),
    ("sim", 4),
    ("check", 5),
    ("explore", 6),
];

fn floor(room: &str) -> Option<u32> {
    FLOORS.iter().find(|(name, _)| *name == room).map(|(_, floor)| *floor)
}

/// Every source file of the crate with its path from `src` and its text.
fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).expect("text");
                files.push((path.strip_prefix(&root).expect("below src").to_owned(), text));
            }
        }
    }
    assert!(files.len() > 40, "the sources are found");
    files
}

fn room(path: &Path) -> String {
    let first = path.iter().next().expect("a file has a name").to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// What a file is made of besides its tests and comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//"))
}

#[test]
fn rooms_lean_on_lower_floors_only() {
    for (path, text) in sources() {
        let here = room(&path);
        if here == "lib" {
            continue;
        }
        let my_floor = floor(&here).unwrap_or_else(|| panic!("{here} stands on no floor: add it to the table"));
        for line in code(&text) {
            assert!(!line.contains("crate::{"), "{}: one `use` for each room, or this test sees none", path.display());
            for used in line.split("crate::").skip(1) {
                let there: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let Some(floor) = floor(&there) else { continue };
                let is_below = floor < my_floor || there == here || (floor == my_floor && my_floor <= 1);
                assert!(is_below, "{}: {here} (floor {my_floor}) leans on {there} (floor {floor})", path.display());
            }
        }
    }
}

#[test]
fn every_file_is_a_module_of_somebody() {
    let files = sources();
    for (path, _) in &files {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if name == "lib" {
            continue;
        }
        let (module, parent) = match (name.as_str(), path.parent().expect("below src")) {
            ("mod", folder) => {
                (folder.file_name().expect("a folder").to_string_lossy().into_owned(), folder.parent().expect("src"))
            }
            (_, folder) => (name.clone(), folder),
        };
        let home = if parent == Path::new("") { PathBuf::from("lib.rs") } else { parent.join("mod.rs") };
        let text = &files
            .iter()
            .find(|(other, _)| *other == home)
            .unwrap_or_else(|| panic!("{} has no {}", path.display(), home.display()))
            .1;
        assert!(text.contains(&format!("mod {module};")), "{} is not a module of {}", path.display(), home.display());
    }
}

#[test]
fn nothing_comes_in_by_another_door_and_no_file_is_endless() {
    const BANNED: [&str; 10] =
        ["HashMap", "HashSet", "std::", "SystemTime", "Instant", "f32", "f64", "todo!", "unimplemented!", "println!"];
    // The one door to a real directory, behind the feature `std`.
    let door = Path::new("storage/engine/directory.rs");
    for (path, text) in sources() {
        for (number, line) in (1..).zip(code(&text)) {
            let banned = BANNED.iter().find(|word| line.contains(**word) && (path != door || **word != "std::"));
            assert!(banned.is_none(), "{}:{number}: {} has no place here", path.display(), banned.unwrap_or(&""));
        }
        let lines = text.lines().count();
        assert!(lines <= 860, "{} has {lines} lines: does it have one reason to exist?", path.display());
    }
}

#[test]
fn every_mark_is_told_by_a_test_or_a_lesson() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |folder: PathBuf| {
        let files = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        files.filter(|path| path.is_file()).map(|path| fs::read_to_string(path).expect("text")).collect::<String>()
    };
    let stories = read(root.join("tests")) + &read(root.join("../lessons"));
    let mut marks = 0;
    for (path, text) in sources() {
        for line in text.lines().filter(|line| line.contains(": Mark = Mark(")) {
            let name = line.trim_start_matches("pub const ").split(':').next().expect("a name");
            let words = line.split('"').nth(1).expect("its words");
            assert!(stories.contains(name) || stories.contains(words), "{}: no test tells of {name}", path.display());
            marks += 1;
        }
    }
    assert!(marks >= 7, "the marks are found");
}
