//! The lessons and levels of the zoo: the files in `lessons/`, each a text that a reader plays, an author embeds and a test replays.

use std::sync::OnceLock;

use kvs_core::sim::schedule::{Level, Schedule, Statement};
use kvs_core::zoo::{Animal, catalog};

/// How many there are, known before anything is read.
pub mod count {
    include!(concat!(env!("OUT_DIR"), "/counts.rs"));
}

/// All files, each below a line with its name. The page keeps them beside the program, so that a reader waits for them only if she wants them.
#[cfg(not(feature = "lessons-apart"))]
fn texts() -> &'static str {
    include_str!(concat!(env!("OUT_DIR"), "/lessons.txt"))
}

#[cfg(feature = "lessons-apart")]
fn texts() -> &'static str {
    static TEXTS: OnceLock<String> = OnceLock::new();
    TEXTS.get_or_init(crate::parts::lesson_texts)
}

/// A lesson.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LessonText {
    /// The name of its file, without the ending.
    pub file: &'static str,
    /// The schedule.
    pub text: &'static str,
    /// Its title; that of a file that does not say one, or cannot be read, is the file's name.
    pub title: String,
    /// What it is about.
    pub about: String,
    /// The store that it is about; None if it cannot be read.
    pub store: Option<Animal>,
    /// How many captions and questions it has.
    pub words: u32,
    /// What is to be broken, if it is a level.
    pub level: Option<Level>,
    /// What is wrong in the file.
    pub trouble: Option<String>,
}

impl LessonText {
    fn new(file: &'static str, text: &'static str) -> Self {
        let nothing = Self {
            file,
            text,
            title: file.replace('_', " "),
            about: String::new(),
            store: None,
            words: 0,
            level: None,
            trouble: None,
        };
        match Schedule::parse(text) {
            Err(error) => Self { trouble: Some(error.to_string()), ..nothing },
            Ok(schedule) => {
                let words = schedule.lines.iter();
                let words =
                    words.filter(|line| matches!(line.statement, Statement::Say(_) | Statement::Ask { .. })).count();
                Self {
                    title: schedule.front.title.unwrap_or(nothing.title),
                    about: schedule.front.about.unwrap_or_default(),
                    store: Some(schedule.architecture.animal),
                    words: u32::try_from(words).unwrap_or(u32::MAX),
                    level: schedule.front.level,
                    ..nothing
                }
            }
        }
    }
}

/// The files of a shelf.
fn read(shelf: &str) -> Vec<LessonText> {
    let files =
        texts().split("\n=== ").filter_map(|entry| entry.strip_prefix(shelf)?.strip_prefix('/')?.split_once('\n'));
    files.map(|(file, text)| LessonText::new(file, text)).collect()
}

/// All lessons; those of one store in the order in which a newcomer should meet them.
pub fn lessons() -> &'static [LessonText] {
    static ALL: OnceLock<Vec<LessonText>> = OnceLock::new();
    ALL.get_or_init(|| read("lessons"))
}

/// All levels of the broken zoo, the easier ones first.
pub fn levels() -> &'static [LessonText] {
    static ALL: OnceLock<Vec<LessonText>> = OnceLock::new();
    ALL.get_or_init(|| read("levels"))
}

/// The lesson in a file, by its name, with `-` or `_` between words. A level is one, too: it shows one way to break it.
pub fn lesson(name: &str) -> Option<&'static LessonText> {
    named(lessons(), name).or_else(|| level(name))
}

/// The level in a file, likewise.
pub fn level(name: &str) -> Option<&'static LessonText> {
    named(levels(), name)
}

fn named(all: &'static [LessonText], name: &str) -> Option<&'static LessonText> {
    let name = name.replace('-', "_");
    all.iter().find(|lesson| lesson.file == name)
}

/// The lessons of each store that has some, in the order of the stores: the title of the store, and the lessons. In the end, under no
/// store's title, those that cannot be read.
pub fn by_store() -> impl Iterator<Item = (&'static str, Vec<&'static LessonText>)> {
    let of = |store: Option<Animal>| lessons().iter().filter(|lesson| lesson.store == store).collect::<Vec<_>>();
    let unread = ("To be mended", of(None));
    let shelves = catalog::EXHIBITS.iter().map(move |exhibit| (exhibit.title, of(Some(exhibit.animal))));
    shelves.chain([unread]).filter(|(_, lessons)| !lessons.is_empty())
}

/// What comes after a lesson: the next of its store; None after the last.
pub fn after(file: &str) -> Option<&'static LessonText> {
    let shelf = by_store().map(|(_, shelf)| shelf).find(|shelf| shelf.iter().any(|lesson| lesson.file == file))?;
    let place = shelf.iter().position(|lesson| lesson.file == file)?;
    shelf.get(place + 1).copied()
}

/// What comes after a level; None after the last.
pub fn after_level(file: &str) -> Option<&'static LessonText> {
    let place = levels().iter().position(|level| level.file == file)?;
    levels().get(place + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_on_the_list_can_be_read_and_has_a_title_of_its_own() {
        for (folder, all) in [("lessons", lessons()), ("lessons/levels", levels())] {
            let path = format!("{}/../{folder}", env!("CARGO_MANIFEST_DIR"));
            let list = std::fs::read_to_string(format!("{path}/order.txt")).expect("the order");
            let listed: Vec<&str> = list.lines().filter(|line| !line.starts_with('#')).collect();
            let files: Vec<&str> = all.iter().map(|lesson| lesson.file).collect();
            assert_eq!(listed, files, "{folder}/order.txt names each file once");
            assert!(all.iter().all(|lesson| lesson.trouble.is_none() && !lesson.about.is_empty()));
            let mut titles: Vec<&str> = all.iter().map(|lesson| lesson.title.as_str()).collect();
            titles.sort_unstable();
            titles.dedup();
            assert_eq!(titles.len(), all.len());
        }
        assert!(levels().iter().all(|lesson| lesson.level.is_some()));
    }

    #[test]
    fn every_store_has_three_and_every_lesson_a_store() {
        let shelves: Vec<_> = by_store().collect();
        assert_eq!(shelves.iter().map(|(_, lessons)| lessons.len()).sum::<usize>(), lessons().len());
        assert_eq!(shelves.len(), catalog::EXHIBITS.len());
        assert!(shelves.iter().all(|(_, lessons)| lessons.len() >= 3));
    }

    #[test]
    fn a_file_that_cannot_be_read_says_where() {
        let lesson = LessonText::new("new_one", "title \"New\"\nzoo local\nputt x=1");
        let trouble = lesson.trouble.expect("it is wrong");
        assert!(trouble.starts_with("line 3, column 1: expected a statement"), "{trouble}");
        assert_eq!(lesson.title, "new one");
    }

    #[test]
    fn after_a_lesson_comes_the_next_of_its_store() {
        assert_eq!(after("stale_read").map(|lesson| lesson.file), Some("two_siblings"));
        let (_, last) = by_store().next().expect("a shelf");
        assert_eq!(after(last.last().expect("a lesson").file), None);
        assert_eq!(after("nothing"), None);
        assert_eq!(after_level("said_and_forgotten").map(|level| level.file), Some("twice_told"));
        assert_eq!(after_level(levels().last().expect("a level").file), None);
    }
}
