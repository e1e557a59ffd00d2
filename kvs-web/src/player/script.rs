//! Statements of a schedule, done to a run at its present: what an author's words and a page's scripts ask for.

use kvs_core::check::play;
use kvs_core::process::NodeId;
use kvs_core::sim::schedule::{Line, Schedule, Statement};
use kvs_core::sim::{Pattern, Recording};
use kvs_core::time::Time;

use super::Player;
use crate::command::Command;

/// The line that stands before the statements of a text, for the present; after it there can be no head.
const PRESENT: &str = "at 0s\n";

/// What a text does to a run at its present, as one command. Statements stand on lines of their own, or with `;` between them.
pub fn command(player: &Player, text: &str) -> Result<Command, String> {
    let (recording, end) = continued(player, &lines(text))?;
    let is_news = recording.inputs().len() > player.inputs_done();
    Ok(if is_news { Command::Continue(Box::new(recording), end) } else { Command::Seek(end) })
}

/// The run up to its present, and on as a text says.
fn continued(player: &Player, text: &str) -> Result<(Recording, Time), String> {
    let moment = player.world().moment();
    let mut past = player.recording().clone();
    past.swap_tail(player.inputs_done(), Vec::new());
    let mut schedule = Schedule::from_recording(&past);
    let (first, new) = parsed(player, text)?;
    schedule.lines.iter_mut().for_each(|line| line.number = 0);
    let present = Statement::At { time: moment.time, events: Some(moment.events) };
    schedule.lines.push(Line { number: 0, statement: present });
    schedule.lines.extend(new);
    let outcome = play(&schedule, &mut ());
    match outcome.failure {
        None => Ok((outcome.recording, outcome.end)),
        Some(failure) if failure.line < first => Err(format!("this run cannot go on: {}", failure.problem)),
        Some(failure) => Err(format!("line {}: {}", failure.line - first + 1, failure.problem)),
    }
}

/// The statements of a text, and the number of its first line.
fn parsed(player: &Player, text: &str) -> Result<(u32, Vec<Line>), String> {
    let recording = player.recording();
    let head = Schedule::from_recording(&Recording::new(recording.architecture.clone(), recording.seed));
    let head = head.to_string() + PRESENT;
    let first = u32::try_from(head.lines().count()).unwrap_or(u32::MAX).saturating_add(1);
    let schedule = Schedule::parse(&(head + text)).map_err(|error| {
        format!("line {}, column {}: {}", error.line.saturating_sub(first) + 1, error.column, error.problem)
    })?;
    Ok((first, schedule.lines.into_iter().skip(1).collect()))
}

/// A text whose statements stand on lines of their own; `;` within quotes is no end of one.
fn lines(text: &str) -> String {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let line = |character| {
        let ends = character == ';' && !is_quoted;
        is_quoted ^= character == '"' && !is_escaped;
        is_escaped = character == '\\' && !is_escaped;
        // A quotation does not go on in the next line, whatever the parser says to that.
        is_quoted &= character != '\n';
        if ends { '\n' } else { character }
    };
    text.chars().map(line).collect()
}

/// Something in the picture that words speak of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Lit {
    /// Nothing.
    #[default]
    Nothing,
    /// A node: `R1`.
    Node(NodeId),
    /// A link, the lower number first: `R1-R2`.
    Link(NodeId, NodeId),
    /// The messages of a pattern: `Rumor`, `Rumor R1->R2`.
    Messages(Pattern),
}

/// What a text names in a run's picture.
pub fn lit(player: &Player, text: &str) -> Result<Lit, String> {
    let (names, text) = (player.names(), text.trim());
    if text.is_empty() {
        return Ok(Lit::Nothing);
    }
    if let Some(node) = names.node(text) {
        return Ok(Lit::Node(node));
    }
    let ends = text.split_once('-').and_then(|(a, b)| Some((names.node(a.trim())?, names.node(b.trim())?)));
    if let Some((a, b)) = ends {
        return Ok(Lit::Link(a.min(b), a.max(b)));
    }
    // A pattern is what stands after the word that holds it.
    match parsed(player, &format!("hold {text}")) {
        Ok((_, lines)) => match lines.into_iter().next().map(|line| line.statement) {
            Some(Statement::Message { pattern, place: None, .. }) => Ok(Lit::Messages(pattern)),
            _ => Err(format!("`{text}` is no node, link or message of this store")),
        },
        Err(_) => Err(format!("`{text}` is no node, link or message of this store")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kvs_core::zoo::catalog::EXHIBITS;

    fn player() -> Player {
        Player::new(Recording::new(EXHIBITS[1].architecture(), 7))
    }

    fn did(player: &mut Player, text: &str) {
        let command = command(player, text).expect("it makes sense");
        let _changes = player.apply(command).expect("it is done");
    }

    #[test]
    fn a_text_goes_on_from_the_present_and_can_be_undone() {
        let mut player = player();
        did(&mut player, "put k=x -> R1; run 40ms");
        let (now, before) = (player.now(), player.recording().clone());
        assert_eq!((before.inputs().len(), now), (1, Time::from_us(40_000)));
        did(&mut player, "cut R1 | R2 R3\nrun 1s\nget k -> R3 expect none");
        assert_eq!(player.recording().inputs().len(), 3);
        assert!(player.now() >= now + kvs_core::time::Span::from_secs(1));
        let _changes = player.apply(Command::Undo).expect("an undo");
        assert_eq!(player.recording(), &before);
    }

    #[test]
    fn it_goes_on_in_the_middle_of_an_instant_and_forgets_what_was_to_come() {
        let mut player = player();
        did(&mut player, "put k=x -> R1; run 40ms; crash R2; run 1s");
        for _ in 0..3 {
            let _changes = player.apply(Command::StepBack).expect("a step");
        }
        let (moment, progress) = (player.world().moment(), player.progress());
        did(&mut player, "crash R3");
        assert_eq!((player.recording().inputs().last().expect("a crash").0, player.progress()), (moment, progress + 1));
    }

    #[test]
    fn time_alone_changes_no_recording() {
        let mut player = player();
        assert_eq!(command(&player, "run 2s"), Ok(Command::Seek(Time::from_us(2_000_000))));
        did(&mut player, "");
        assert_eq!(player.now(), Time::ZERO);
    }

    #[test]
    fn says_in_one_sentence_what_is_wrong() {
        let player = player();
        let cases = [
            ("put k=x; jump R1", "line 2, column 2: expected a statement"),
            ("zoo local", "line 1, column 1: `zoo`, `seed`, `title`"),
            ("crash R9", "line 1, column 7"),
            ("put k=\"a;b\" -> R1; expect R1 k = none; deliver Rumor", "line 3: no such message"),
            ("get k -> R1 expect z", "line 1: expected z, found none"),
        ];
        for (text, words) in cases {
            let sentence = command(&player, text).expect_err(text);
            assert!(sentence.contains(words), "{text}: {sentence}");
        }
    }

    #[test]
    fn words_name_what_is_in_the_picture() {
        let player = player();
        assert_eq!(lit(&player, " r2 "), Ok(Lit::Node(NodeId(1))));
        assert_eq!(lit(&player, "R3-R1"), Ok(Lit::Link(NodeId(0), NodeId(2))));
        let Ok(Lit::Messages(pattern)) = lit(&player, "Rumor R1->R2") else { panic!("a pattern") };
        assert_eq!((pattern.from, pattern.to), (Some(NodeId(0)), Some(NodeId(1))));
        assert_eq!(lit(&player, ""), Ok(Lit::Nothing));
        for wrong in ["R9", "elephant", "R1-R9", "Rumor; crash R1", "Rumor #1"] {
            assert!(lit(&player, wrong).expect_err(wrong).contains(wrong));
        }
    }
}
