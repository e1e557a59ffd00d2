//! A run as the text of a lesson: what its author writes better words into.

use kvs_core::check::{Budget, Judge, Verdict};
use kvs_core::sim::schedule::{Line, Schedule, Statement};

use crate::player::Player;

/// The run up to its present, with a caption before everything that was done, and in the end how what was promised stands.
pub fn lesson(player: &Player, title: &str) -> String {
    let mut past = player.recording().clone();
    past.swap_tail(player.inputs_done(), Vec::new());
    let mut schedule = Schedule::told(&past, title);
    let present = Statement::At { time: player.now(), events: None };
    let statements = [present].into_iter().chain(verdicts(player));
    schedule.lines.extend(statements.map(|statement| Line { number: 0, statement }));
    schedule.to_string()
}

/// The promises that no other promise implies, as the judge sees them now; of what it has not decided nothing is said.
fn verdicts(player: &Player) -> Vec<Statement> {
    let judgements = Judge::new(player.architecture()).judge(&player.run(), Budget::LIVE);
    let promised = || judgements.iter().filter(|judgement| judgement.claim.is_some());
    let is_own = |guarantee| promised().all(|other| !other.guarantee.implied().contains(&guarantee));
    let own = promised().filter(|judgement| is_own(judgement.guarantee));
    let expected = own.filter_map(|judgement| {
        let holds = match judgement.verdict {
            Verdict::Holds => true,
            Verdict::Broken(_) => false,
            Verdict::Undecided(_) => return None,
        };
        Some(Statement::ExpectVerdict { guarantee: judgement.guarantee, holds })
    });
    expected.collect()
}

/// The name of a file for a lesson of this title: small letters, digits, and `_` for what is between them.
pub fn file_name(title: &str) -> String {
    const LONGEST: usize = 40;
    let words = title.split(|character: char| !character.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name: String = words.collect::<Vec<_>>().join("_").to_ascii_lowercase().chars().take(LONGEST).collect();
    let name = name.trim_end_matches('_');
    format!("{}.kvs", if name.is_empty() { "lesson" } else { name })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::player::script;
    use kvs_core::check::play;
    use kvs_core::sim::Recording;
    use kvs_core::time::Time;
    use kvs_core::zoo::catalog;

    #[test]
    fn what_was_done_up_to_now_is_a_lesson_that_holds() {
        let architecture = catalog::exhibit("local").expect("a store").architecture();
        let mut player = Player::new(Recording::new(architecture, 3));
        for text in ["C1: put x=1 expect ok", "drop next Response; run 40ms; C2: get x; run 3s", "crash S1; run 1s"] {
            let command = script::command(&player, text).expect("it makes sense");
            let _changes = player.apply(command).expect("it is done");
        }
        // What lies after the present is not told.
        let _changes = player.apply(Command::Seek(Time::from_us(2_500_000))).expect("an instant");
        let text = lesson(&player, "Lost \"and\" found");
        let schedule = Schedule::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(schedule.front.title.as_deref(), Some("Lost \"and\" found"));
        let outcome = play(&schedule, &mut ());
        assert_eq!((outcome.failure, outcome.end), (None, player.now()), "{text}");
        assert_eq!(outcome.recording.inputs(), &player.recording().inputs()[..player.inputs_done()]);
        assert!(text.contains("say \"C1 asks: put x=1.\"") && text.contains("expect linearizable holds"), "{text}");
        assert!(!text.contains("crash"), "{text}");
    }

    #[test]
    fn a_file_is_called_as_its_lesson() {
        assert_eq!(file_name("Two siblings, again!"), "two_siblings_again.kvs");
        assert_eq!(file_name("../../etc"), "etc.kvs");
        assert_eq!(file_name("שלום"), "lesson.kvs");
        assert_eq!(file_name(&"long ".repeat(30)).len(), "long_long_long_long_long_long_long_long.kvs".len());
    }
}
