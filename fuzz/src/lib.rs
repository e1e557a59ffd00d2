//! What must hold of anything that comes from outside, whatever it is: nobody panics, and what was understood can be said again.

#![allow(clippy::panic, reason = "a panic is how a finding is reported")]

use kvs_core::check::Budget;
use kvs_core::check::foreign::{Options, Reader};
use kvs_core::server::Traffic;
use kvs_core::sim::schedule::{Line, Schedule, Statement};
use kvs_core::sim::{Input, Sim};
use kvs_core::time::{Span, Time};
use kvs_core::zoo::{Architecture, catalog};
use kvs_web::command::Command;
use kvs_web::player::Player;
use kvs_web::share;

/// How much time may pass in a run that is tried.
const TRIED: Span = Span::from_secs(20);
/// How many nodes may be in one.
const NODES_MAX: u32 = 20;
/// How often clients may invent requests.
const PERIOD_MIN: Span = Span::from_ms(10);

/// A schedule is understood the same after it was printed, and runs.
pub fn schedule(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(schedule) = Schedule::parse(text) else { return };
    let printed = schedule.to_string();
    let again = Schedule::parse(&printed).unwrap_or_else(|error| panic!("{error}\n{printed}"));
    let statements = |schedule: &Schedule| schedule.lines.iter().map(|line| line.statement.clone()).collect::<Vec<_>>();
    assert_eq!(statements(&again), statements(&schedule), "{printed}");
    assert_eq!((&again.architecture, again.seed), (&schedule.architecture, schedule.seed), "{printed}");
    if is_small(&schedule.architecture) && schedule.lines.iter().all(is_short) && schedule.lines.len() < 100 {
        let _outcome = schedule.run(&mut ());
    }
}

fn is_small(architecture: &Architecture) -> bool {
    architecture.servers.saturating_add(architecture.clients) <= NODES_MAX
}

fn is_short(line: &Line) -> bool {
    match &line.statement {
        Statement::Run(span) => *span <= TRIED,
        Statement::At { time, .. } => *time <= Time::ZERO + TRIED,
        Statement::Step(events) => *events <= 1_000,
        Statement::Traffic(Some(traffic)) => is_slow(traffic),
        _ => true,
    }
}

fn is_slow(traffic: &Traffic) -> bool {
    traffic.every >= PERIOD_MIN
}

/// A history reads the same in one piece and in many, and is judged. Its first byte says how long the pieces are.
pub fn foreign(data: &[u8]) {
    let Some((piece, text)) = data.split_first() else { return };
    let mut whole = Reader::default();
    let whole = whole.read(text).and_then(|()| whole.finish());
    let mut pieces = Reader::default();
    let pieces =
        text.chunks(usize::from(*piece).max(1)).try_for_each(|piece| pieces.read(piece)).and_then(|()| pieces.finish());
    match (whole, pieces) {
        (Ok(whole), Ok(pieces)) => {
            assert_eq!(whole.operations(), pieces.operations());
            let budget = Budget { steps: 20_000, configurations: 20_000 };
            let _verdict = whole.judge(&Options::default(), budget);
        }
        (Err(whole), Err(pieces)) => assert_eq!(whole, pieces),
        (whole, pieces) => panic!("in one piece: {:?}, in many: {:?}", whole.err(), pieces.err()),
    }
}

/// A link that is understood leads to the same run when it is made again, and the run can be looked at.
pub fn link(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok((recording, at)) = share::decode(text) else { return };
    let made = share::encode(&recording, at);
    let (again, at_again) = share::decode(&made).unwrap_or_else(|error| panic!("{error}\n{made}"));
    assert_eq!((&again, at_again), (&recording, at), "{made}");
    let is_slow = |input: &Input| if let Input::Traffic(Some(traffic)) = input { is_slow(traffic) } else { true };
    if is_small(&recording.architecture)
        && recording.inputs().len() < 200
        && recording.inputs().iter().all(|(_, input)| is_slow(input))
    {
        let mut player = Player::new(recording);
        let _refused = player.apply(Command::Seek(at.min(Time::ZERO + TRIED)));
    }
}

/// Options, `name=value` a line after the name of an exhibit, give a cluster that can be built, or a sentence.
pub fn options(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.lines();
    let Some(exhibit) = lines.next().and_then(catalog::exhibit) else { return };
    let mut architecture = exhibit.architecture();
    for (name, value) in lines.filter_map(|line| line.split_once('=')) {
        if let Err(error) = architecture.set(name, value) {
            assert!(!error.to_string().is_empty());
        }
    }
    for (option, value) in architecture.changes() {
        assert_eq!(option.kind.parse(&value.to_string()), Some(value), "{}", option.name);
    }
    if architecture.validate().is_ok() && is_small(&architecture) {
        let mut sim = Sim::new(&architecture, 1, &mut ());
        for _ in 0..200 {
            sim.step(&mut ());
        }
    }
}
