//! A level while somebody plays it: whether she has broken the promise, with how many faults, and which rule she says is missing.

use kvs_core::check::{Attempt, Budget, Judge, Standing};
use kvs_core::sim::schedule::{Level, Schedule};
use kvs_core::sim::{FaultKind, Recording};
use kvs_core::time::Time;
use kvs_core::zoo::Architecture;

use crate::lessons::LessonText;
use crate::player::Player;
use crate::progress::LevelMark;

/// A level and what has come of it.
pub struct Challenge {
    /// Its file.
    pub text: &'static LessonText,
    /// What is to be broken.
    pub level: Level,
    broken: Architecture,
    seed: u64,
    whole: Architecture,
    judge: Judge,
    /// Which of the two stores the judge judges.
    judges_whole: bool,
    attempt: Attempt,
    won: Option<Won>,
    guesses: Vec<usize>,
}

/// A run that has broken the promise.
#[derive(Clone, Debug, PartialEq)]
pub struct Won {
    /// The run.
    pub recording: Recording,
    /// When it was broken.
    pub at: Time,
    /// With which faults.
    pub faults: Vec<FaultKind>,
    /// Why, in a sentence.
    pub why: String,
}

/// What a reader looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scene {
    /// The store that misses a rule.
    Broken,
    /// The same with the rule on.
    Whole,
    /// Another store.
    Elsewhere,
}

impl Challenge {
    /// A level at its beginning; None if the file is none.
    pub fn new(text: &'static LessonText) -> Option<Self> {
        let Schedule { front, architecture, seed, .. } = Schedule::parse(text.text).ok()?;
        let level = front.level?;
        let whole = level.with_rule(&architecture);
        let judge = Judge::new(&architecture);
        let attempt = Attempt { faults: Vec::new(), standing: Standing::Kept };
        let (judges_whole, won, guesses) = (false, None, Vec::new());
        Some(Self { text, level, broken: architecture, seed, whole, judge, judges_whole, attempt, won, guesses })
    }

    /// The store at its beginning: what the reader starts with.
    pub fn beginning(&self) -> Recording {
        Recording::new(self.broken.clone(), self.seed)
    }

    /// Which store is played.
    pub fn scene(&self, player: &Player) -> Scene {
        match player.architecture() {
            played if *played == self.broken => Scene::Broken,
            played if *played == self.whole => Scene::Whole,
            _ => Scene::Elsewhere,
        }
    }

    /// Judges the run up to its present. True if it has just broken the promise.
    pub fn follow(&mut self, player: &Player) -> bool {
        let scene = self.scene(player);
        if scene == Scene::Elsewhere {
            return false;
        }
        if self.judges_whole != (scene == Scene::Whole) {
            self.judges_whole = scene == Scene::Whole;
            self.judge = Judge::new(player.architecture());
        }
        self.attempt = Attempt::new(&self.level, &mut self.judge, &player.run(), Budget::GLANCE);
        if scene == Scene::Whole {
            return false;
        }
        if player.inputs_done() == 0 {
            self.won = None;
        }
        let Standing::Broken(why) = &self.attempt.standing else { return false };
        if self.won.is_some() {
            return false;
        }
        let mut recording = player.recording().clone();
        recording.swap_tail(player.inputs_done(), Vec::new());
        self.won = Some(Won { recording, at: player.now(), faults: self.attempt.faults.clone(), why: why.clone() });
        true
    }

    /// How the run stands that is played.
    pub fn attempt(&self) -> &Attempt {
        &self.attempt
    }

    /// The run that has broken it.
    pub fn won(&self) -> Option<&Won> {
        self.won.as_ref()
    }

    /// The same run with the rule on, and when it was broken without.
    pub fn with_rule(&self) -> Option<(Recording, Time)> {
        let won = self.won.as_ref()?;
        let mut recording = Recording::new(self.whole.clone(), won.recording.seed);
        recording.swap_tail(0, won.recording.inputs().to_vec());
        Some((recording, won.at))
    }

    /// Says which rule is missing, by its place.
    pub fn guess(&mut self, place: usize) {
        if place < self.level.rules.len() && !self.is_named() && !self.guesses.contains(&place) {
            self.guesses.push(place);
        }
    }

    /// What was said so far.
    pub fn guesses(&self) -> &[usize] {
        &self.guesses
    }

    /// Whether the missing rule was named.
    pub fn is_named(&self) -> bool {
        self.guesses.contains(&0)
    }

    /// What there is to remember of it.
    pub fn mark(&self) -> Option<LevelMark> {
        let faults = self.won.as_ref()?.faults.len();
        Some(LevelMark { faults: u32::try_from(faults).unwrap_or(u32::MAX), named: self.is_named() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;
    use crate::lessons::{level, levels};
    use crate::player::script;
    use kvs_core::zoo::Animal;

    fn begun(name: &str) -> (Challenge, Player) {
        let challenge = Challenge::new(level(name).expect("a level")).expect("a level");
        let player = Player::new(challenge.beginning());
        (challenge, player)
    }

    fn did(player: &mut Player, text: &str) {
        let command = script::command(player, text).expect("it makes sense");
        let _changes = player.apply(command).expect("it is done");
    }

    #[test]
    fn a_level_is_won_named_and_seen_with_its_rule() {
        let (mut challenge, mut player) = begun("said_and_forgotten");
        assert!(!challenge.follow(&player) && challenge.won().is_none() && challenge.with_rule().is_none());
        did(&mut player, "C1: put x=1 expect ok");
        assert!(!challenge.follow(&player));
        assert_eq!(challenge.attempt().standing, Standing::Kept);
        did(&mut player, "crash S1; restart S1; run 1s; C2: get x expect none");
        assert!(challenge.follow(&player), "{:?}", challenge.attempt());
        assert!(!challenge.follow(&player), "it is won once");
        assert_eq!(challenge.won().expect("won").faults, [FaultKind::Crash]);
        challenge.guess(2);
        challenge.guess(9);
        assert!(!challenge.is_named());
        challenge.guess(0);
        challenge.guess(1);
        assert_eq!((challenge.guesses(), challenge.mark()), (&[2, 0][..], Some(LevelMark { faults: 1, named: true })));
        let (recording, at) = challenge.with_rule().expect("the same run");
        let mut player = Player::new(recording);
        let _changes = player.apply(Command::Seek(at)).expect("an instant");
        assert_eq!(challenge.scene(&player), Scene::Whole);
        assert!(!challenge.follow(&player));
        assert_eq!(challenge.attempt().standing, Standing::Kept);
        assert!(challenge.won().is_some(), "what was won stays won");
    }

    #[test]
    fn a_fresh_run_is_another_attempt_and_another_store_is_none() {
        let (mut challenge, mut player) = begun("said_and_forgotten");
        did(&mut player, "put x=1 expect ok; crash S1; restart S1; run 1s; get x expect none");
        assert!(challenge.follow(&player));
        let _changes = player.apply(Command::Restart).expect("a restart");
        assert!(!challenge.follow(&player));
        assert!(challenge.won().is_none() && challenge.attempt().faults.is_empty());
        let _changes = player.apply(Command::Choose(Animal::Raft)).expect("another store");
        assert_eq!(challenge.scene(&player), Scene::Elsewhere);
        assert!(!challenge.follow(&player));
    }

    #[test]
    fn every_level_begins_with_its_promise_kept() {
        for text in levels() {
            let mut challenge = Challenge::new(text).expect("a level");
            let player = Player::new(challenge.beginning());
            assert!(!challenge.follow(&player) && challenge.scene(&player) == Scene::Broken, "{}", text.file);
        }
    }
}
