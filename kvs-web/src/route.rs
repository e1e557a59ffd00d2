//! Where an address leads: its fragment, parsed at the door.
//!
//! | fragment | leads to |
//! |---|---|
//! | nothing | the front page |
//! | `lessons`, `levels` | the pages that list them |
//! | `lesson/stale_read` | a lesson, at its first words |
//! | `level/twice_told` | a level of the broken zoo, at its beginning |
//! | `storm`, `storm?weather=cable&store=raft&…` | stores side by side, as [`StormLink`] writes it |
//! | `replicated`, `replicated?seed=42&…` | an exhibit, or a run of one, as [`share`](crate::share) writes it |
//!
//! A new kind of page is a variant of [`Route`], a line in [`Route::parse`] and an arm in [`Root`](crate::root::Root).

use std::rc::Rc;

use crate::compare::{StormError, StormLink};
use crate::embed::{EmbedError, Start};
use crate::panels::shelf::Shelf;
use crate::share::ShareError;

/// What is shown.
#[derive(Clone, Debug, PartialEq)]
pub enum Route {
    /// The front page: the map of the zoo.
    Front,
    /// The page of lessons, or of levels.
    Shelf(Shelf),
    /// A run of a store, with what a lesson says beside it, if it is one.
    Run(Rc<Start>),
    /// The same storm over several stores, side by side.
    Storm(Rc<StormLink>),
}

/// An address that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// It names a run that cannot be shown.
    #[error(transparent)]
    Run(#[from] ShareError),
    /// It names a lesson that there is not.
    #[error("There is no lesson `{0}` here. All that there are stand under Lessons, and here is a fresh run.")]
    Lesson(String),
    /// It names a level that there is not.
    #[error("There is no level `{0}` here. All that there are stand in the broken zoo, and here is a fresh run.")]
    Level(String),
    /// The lesson is there, and cannot be shown.
    #[error("This lesson cannot be shown: {0}. So here is a fresh run instead.")]
    Told(String),
    /// It names a storm that cannot be shown.
    #[error(transparent)]
    Storm(#[from] StormError),
}

impl Route {
    /// Reads the fragment of an address, without `#`. Nothing in it is trusted.
    pub fn parse(fragment: &str) -> Result<Self, RouteError> {
        if fragment.is_empty() {
            return Ok(Self::Front);
        }
        match fragment {
            "lessons" => return Ok(Self::Shelf(Shelf::Lessons)),
            "levels" => return Ok(Self::Shelf(Shelf::Levels)),
            _ => {}
        }
        if let Some(name) = fragment.strip_prefix("level/") {
            let start = Start::level(name).ok_or_else(|| RouteError::Level(name.chars().take(40).collect()))?;
            return Ok(Self::Run(Rc::new(start)));
        }
        if let Some(name) = fragment.strip_prefix("lesson/") {
            let start = Start::parse([("lesson", name)]).map_err(|error| match error {
                EmbedError::Lesson(name) => RouteError::Lesson(name),
                other => RouteError::Told(other.to_string()),
            });
            return Ok(Self::Run(Rc::new(start?)));
        }
        if StormLink::is_one(fragment) {
            return Ok(Self::Storm(Rc::new(StormLink::decode(fragment)?)));
        }
        Ok(Self::Run(Rc::new(Start::link(fragment)?)))
    }

    /// What is shown in the place of what cannot be shown.
    pub fn fallback(error: &RouteError) -> Self {
        match error {
            RouteError::Storm(_) => Self::Storm(Rc::default()),
            RouteError::Run(_) | RouteError::Lesson(_) | RouteError::Level(_) | RouteError::Told(_) => {
                Self::Run(Rc::default())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kvs_core::time::Time;
    use kvs_core::zoo::Animal;
    use proptest::prelude::*;

    fn run(fragment: &str) -> Start {
        match Route::parse(fragment) {
            Ok(Route::Run(start)) => (*start).clone(),
            other => panic!("{fragment} leads to {other:?}"),
        }
    }

    #[test]
    fn nothing_leads_to_the_front_page() {
        assert_eq!(Route::parse(""), Ok(Route::Front));
    }

    #[test]
    fn a_name_leads_to_an_exhibit_and_a_link_to_its_run() {
        let start = run("raft");
        assert_eq!((start.recording.architecture.animal, start.at), (Animal::Raft, Time::ZERO));
        let start = run("replicated?replicas=5&at=1.5s");
        assert_eq!((start.recording.architecture.servers, start.at), (5, Time::from_us(1_500_000)));
    }

    #[test]
    fn a_lesson_has_an_address_with_either_kind_of_dash() {
        for fragment in ["lesson/stale_read", "lesson/stale-read"] {
            let start = run(fragment);
            let lesson = start.lesson.expect("words");
            assert_eq!((start.recording.architecture.animal, start.at), (Animal::Replicated, lesson.moment()));
        }
    }

    #[test]
    fn lessons_and_levels_have_pages_and_a_level_begins_with_nothing_done() {
        assert_eq!(Route::parse("lessons"), Ok(Route::Shelf(Shelf::Lessons)));
        assert_eq!(Route::parse("levels"), Ok(Route::Shelf(Shelf::Levels)));
        let start = run("level/twice-told");
        assert_eq!(start.level.map(|level| level.file), Some("twice_told"));
        assert!(start.recording.inputs().is_empty() && start.lesson.is_none());
        let one_way = run("lesson/twice_told");
        assert!(one_way.level.is_none() && one_way.lesson.is_some_and(|lesson| lesson.file == Some("twice_told")));
    }

    #[test]
    fn a_storm_has_an_address_and_so_has_what_stands_in_for_one() {
        let expected = Route::Storm(Rc::new(StormLink::default()));
        assert_eq!(Route::parse("storm").as_ref(), Ok(&expected));
        let error = Route::parse("storm?weather=hail").expect_err("there is no such weather");
        assert!(error.to_string().contains("(hail)"), "{error}");
        assert_eq!(Route::fallback(&error), expected);
    }

    #[test]
    fn says_in_one_sentence_what_is_wrong() {
        for (fragment, words) in [
            ("elephant", "names a store that is not in the zoo (elephant)"),
            ("replicated?run=AAAA", "This link is damaged"),
            ("lesson/nothing", "There is no lesson `nothing`"),
            ("lesson/", "There is no lesson ``"),
            ("level/nothing", "There is no level `nothing`"),
            ("?", "names a store that is not in the zoo"),
        ] {
            let sentence = Route::parse(fragment).expect_err(fragment).to_string();
            assert!(sentence.contains(words) && sentence.contains("fresh run"), "{sentence}");
        }
    }

    proptest! {
        #[test]
        fn anything_may_stand_in_the_address(text in "\\PC{0,80}") {
            let _parsed = Route::parse(&text);
            let _parsed = Route::parse(&format!("lesson/{text}"));
            let _parsed = Route::parse(&format!("level/{text}"));
        }
    }
}
