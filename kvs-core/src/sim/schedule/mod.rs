//! A schedule is text: a small line language that drives a world. Tests, lessons and shared runs speak it.
//!
//! One statement a line; `#` at the beginning of a line or after a blank begins a comment; keywords in small letters, names in any.
//!
//! ```
//! use kvs_core::sim::schedule::Schedule;
//!
//! let schedule = Schedule::parse("
//!     zoo replicated replicas=3
//!     seed 42
//!     put k=x -> R1
//!     cut R1 | R2 R3
//!     run 3s
//!     get k -> R3        expect none
//!     heal
//!     settle
//!     expect R3 k = x
//! ").expect("it makes sense");
//! assert_eq!(schedule.run(&mut ()).failure, None);
//! ```
//!
//! # The head
//!
//! | line | means |
//! |---|---|
//! | `zoo replicated replicas=5 values=lww` | the exhibit, with options of [`OPTIONS`](crate::zoo::OPTIONS); without it, `zoo replicated` |
//! | `seed 42` | what all randomness grows from; without it, 1 |
//! | `title "A stale read"` | what a lesson is called |
//! | `about "R1 is cut off, and read."` | what it is about |
//! | `level linearizable par 1 missing dedupe=on = "Requests are remembered" \| "Writes wait"` | a level: which promise a reader is to break, with how few faults it was broken, the option that is switched off and its value where it is on, and what the missing rule may be, the right one first; what follows is one way to break it |
//!
//! # Operations
//!
//! | line | means |
//! |---|---|
//! | `put k=x -> R1` | the first client begins to put `x` under `k` at R1; no time passes |
//! | `C2: get k` | client C2 begins to get `k`, wherever its routing says |
//! | `delete k -> R1` | likewise |
//! | `get k -> R3 expect none` | as above, then time passes until that operation has ended, and its outcome must be this |
//! | `put k=x -> R1 expect ok` | outcomes are `ok`, `none`, a value, several values `{x, y}`, `unknown` (a write without an answer) or `unavailable` (a read without one); a value that reads like one of these words stands in quotes |
//! | `put "a key"="" -> R1` | what is empty or has blanks or signs in it stands in quotes, with `\"`, `\\`, `\n`, `\t`, `\u{1f993}` |
//! | `mget x y` | one read of several keys; each shard is asked for its own |
//! | `getall -> A1` | what A1 keeps of its shard; `expect x = 1, y = {2, 3}`, or `expect nothing` |
//! | `put k=x @3` | put `x` under `k` if version 3 is there, with `@0` if there is no such key (only where there are versions); without, the version that the client has last read or put, `@0` if none |
//! | `put k=x @0 expect ok @1`, `get k expect x @1`, `put k=y @2 expect refused @1` | with the version that was made, read, or is there instead; without one, whichever it is. `expect unknown-closed`: it may have been done, and will not be from now on |
//! | `put k=x ttl=2s` | keep it for so long (this and what follows: only where there is a replicated state machine) |
//! | `exists k`, `keys`, `size` | what is there; `expect yes`, `expect {a, b}`, `expect 2` |
//! | `clear` | keep nothing at all |
//! | `batch { put a=1, delete b, get c }` | all of it, or nothing: `expect ok`, `expect refused`, or where there are reads `expect batch { x, none }` |
//! | `C2: subscribe k -> N1`, `C2: unsubscribe k -> N1` | C2 is told by N1 of changes of keys that begin with `k`, or no more; without a key, of all |
//! | `fill 240` | the clients put `k1` to `k240`, one after the other |
//! | `traffic every 100ms keys 5 reads 50%` | all clients invent requests; `traffic off` ends it |
//!
//! # Faults
//!
//! | line | means |
//! |---|---|
//! | `cut R1 \| R2 R3` | cut all links between the groups; two or more groups |
//! | `cut R1 -> R2 R3` | cut one direction |
//! | `heal`, `heal R1 \| R2`, `heal R1 -> R2` | heal everything, or these |
//! | `isolate R1` | cut R1 off from all other servers; clients still reach it |
//! | `crash R2`, `restart R2`, `wipe R2` | stop; start again; stop and lose the disk, too |
//! | `pause R2`, `resume R2` | stand still; go on |
//! | `clock R2 -500ms` | set its clock off |
//! | `links loss=10% latency-max=80ms` | all links from now on; `links R1 -> R2 loss=100%` or `links R1 \| R2 …`: these |
//! | `packet-loss requests=20% replies=5%` | clients drop so many requests before they leave, servers so many answers after they have served them; either may be left out (only where there are versions) |
//! | `fire GossipTick R1` | a timer runs out now |
//!
//! # Shards
//!
//! | line | means |
//! |---|---|
//! | `join D1`, `leave B1 B2` | a new view, in which these servers keep the shard they are named for, or none; all servers are told |
//! | `view A = A1 A2 \| B = B1` | a new view; with an epoch, `view 3: A = …`, which must be the next |
//! | `view A = A1 \| B = B1 -> C2 A1` | only these are told; others hear of it when they meet somebody who has |
//! | `view all = S2 S3`, `join S1`, `leave S1` | of a primary and backups with `views=external`: who is in the view; the first of them by number leads |
//! | `view all = S1 S2 S4`, `join S4`, `leave S1` | of Raft with `spares`: who shall be a member; the leader brings it about |
//! | `lost B` | what shard B kept will never come: who waits for it waits no more |
//!
//! # Messages
//!
//! A message is named by its kind, its ends, or both, and where several fit, by its place among them: `Rumor R2->R3`, `Rumor`,
//! `R2->R3`, `AeSyn *->R2 #2`.
//!
//! | line | means |
//! |---|---|
//! | `drop Rumor R2->R3` | the oldest that is on its way or held is lost; if there is none, the next that is sent |
//! | `drop next Rumor R2->R3` | the next that is sent is lost, whatever is on its way |
//! | `hold Rumor R2->R3` | all that are on their way and all that follow stand still on their link; with `#1`, that one only |
//! | `release Rumor R2->R3` | the end of a `hold` of the same: those that stand still go on; with `#1`, that one only |
//! | `deliver Rumor R2->R3` | the oldest arrives now |
//! | `duplicate Rumor R2->R3` | a copy of the oldest is sent as well |
//!
//! # Time
//!
//! | line | means |
//! |---|---|
//! | `run 200ms` | so much time passes |
//! | `step`, `step 3` | so many events happen |
//! | `at 1.5s`, `at 1.5s after 2` | on to that instant; of its events, only the first two |
//! | `settle` | on until all stores agree and no operation is under way |
//!
//! # Words
//!
//! | line | means |
//! |---|---|
//! | `say "R1 and R2 cannot hear each other."` | a caption: what a reader is told here |
//! | `ask "What does C2 read?" = "nothing" \| "x"` | a question before the next line; the first answer is the right one, and the next expectation is what shows it: there must be one before the next question |
//!
//! # Expectations
//!
//! | line | means |
//! |---|---|
//! | `expect R3 k = none` | what a read at R3 would answer, without any message |
//! | `expect agree`, `expect disagree` | whether all servers that are up hold the same |
//! | `expect R2 down`, `expect R2 up` | whether it runs |
//! | `expect C1 ok` | the outcome of the client's last operation; also `pending` |
//! | `expect mark "rumor went cold" R1` | R1 has left that mark |
//! | `expect heard C2 "k = 1" "k = 2, was 1"` | these are the last notices that C2 has had, in order; `expect heard C2 nothing`: none |
//! | `expect linearizable holds`, `expect read-your-writes broken` | the verdict up to here; judged by [`check::play`](crate::check::play) |

mod from_recording;
mod front;
mod parse;
mod print;
mod run;
mod tell;
mod tokens;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::choice::Probability;
use crate::op::{Key, Value};
use crate::process::NodeId;
use crate::routing::view::{Shard, ShardName};
use crate::server::{Call, Timer, Traffic, Watch};
use crate::sim::{Fate, Links, Pattern, Recording};
use crate::time::{Span, Time};
use crate::version::{Version, Versioned};
use crate::world::Moment;
use crate::zoo::{Architecture, Guarantee, Names, OptionError};

pub use front::{Front, Level};
pub use parse::{ParseError, ParseProblem};
pub use run::{ExpectedVerdict, Failure, Outcome, Problem, Runner, Shown, Words};

/// A world and what happens to it, as a text says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// What a lesson is called, and the like.
    pub front: Front,
    /// The parts.
    pub architecture: Architecture,
    /// What all randomness grows from.
    pub seed: u64,
    /// What happens, in order.
    pub lines: Vec<Line>,
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where it stands in the text, from 1.
    pub number: u32,
    /// What it says.
    pub statement: Statement,
}

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the module says what each statement means")]
pub enum Statement {
    Call { client: NodeId, call: Arc<Call>, expect: Option<Expected> },
    Traffic(Option<Traffic>),
    Fill(u32),
    Watch { client: NodeId, watch: Arc<Watch> },
    View { epoch: Option<u32>, shards: Vec<Shard>, to: Vec<NodeId> },
    Join(Vec<NodeId>),
    Leave(Vec<NodeId>),
    Lost(ShardName),
    Cut(Links),
    Heal(Links),
    HealAll,
    Crash(NodeId),
    Restart(NodeId),
    Wipe(NodeId),
    Pause(NodeId),
    Resume(NodeId),
    Clock { node: NodeId, offset_us: i64 },
    Links { links: Option<Links>, changes: Vec<(String, String)> },
    PacketLoss { requests: Option<Probability>, replies: Option<Probability> },
    Fire { timer: Timer, node: NodeId },
    Message { fate: Fate, pattern: Pattern, place: Option<u32> },
    DropNext(Pattern),
    Run(Span),
    Step(u32),
    At { time: Time, events: Option<u32> },
    Settle,
    Say(String),
    Ask { question: String, answers: Vec<String> },
    ExpectHeld { node: NodeId, key: Key, values: Vec<Value> },
    ExpectAgree(bool),
    ExpectUp { node: NodeId, up: bool },
    ExpectLast { client: NodeId, expected: Expected },
    ExpectMark { mark: String, node: NodeId },
    ExpectHeard { client: NodeId, notices: Vec<String> },
    ExpectVerdict { guarantee: Guarantee, holds: bool },
}

/// How an operation is to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A write is confirmed.
    Ok,
    /// A read finds these values, in order; none of them: nothing is kept.
    Values(Vec<Value>),
    /// A read finds this under these keys; of all keys, nothing under others.
    Items(Vec<(Key, Vec<Value>)>),
    /// The client does not know.
    Unknown,
    /// A read was not answered.
    Unavailable,
    /// It was refused, and has changed nothing.
    Refused,
    /// What each read of a batch has found, in order; `yes` or `no` where it asked whether something is there.
    Batch(Vec<Vec<Value>>),
    /// It has not ended.
    Pending,
    /// A write is confirmed, and has made this version.
    OkAt(Version),
    /// A read finds this value in this version.
    ValueAt(Versioned),
    /// It was refused, and this version is there.
    RefusedAt(Version),
    /// The client does not know, but nothing more can come of it.
    UnknownClosed,
}

impl Expected {
    /// Whether an operation that has ended like this has ended as expected. Who expects no version is content with any.
    pub fn is_met_by(&self, found: &Self) -> bool {
        match (self, found) {
            (Self::Ok, Self::OkAt(_)) | (Self::Refused, Self::RefusedAt(_)) => true,
            (Self::Values(values), Self::ValueAt(found)) => *values == [found.value.clone()],
            _ => self == found,
        }
    }
}

impl Schedule {
    /// Reads a schedule. All names are resolved here, so that what is wrong is found before anything happens.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse::parse(text)
    }

    /// The same on another engine, where values have versions: `memory`, `flat-file` or `embedded`. What it expects may be otherwise there.
    pub fn with_engine(&self, engine: &str) -> Result<Self, OptionError> {
        let mut schedule = self.clone();
        schedule.architecture.set("engine", engine)?;
        schedule.architecture.validate()?;
        Ok(schedule)
    }

    /// Runs it to its end, or to the first line that fails.
    pub fn run(&self, observer: &mut impl crate::world::Observer<crate::server::Node>) -> Outcome {
        let mut runner = Runner::new(self, observer);
        while runner.next_line(observer) {}
        runner.finish()
    }

    /// The schedule whose run is exactly this recording.
    pub fn from_recording(recording: &Recording) -> Self {
        from_recording::from_recording(recording, |_, _| None)
    }

    /// The same as a lesson to begin with: before everything that somebody did, words that say so.
    pub fn told(recording: &Recording, title: &str) -> Self {
        tell::told(recording, title)
    }

    /// What its nodes are called.
    pub fn names(&self) -> Names {
        Names::new(&self.architecture)
    }
}

impl Statement {
    /// Whether it says how something should be.
    pub fn expects(&self) -> bool {
        match self {
            Self::Call { expect, .. } => expect.is_some(),
            Self::ExpectHeld { .. }
            | Self::ExpectAgree(_)
            | Self::ExpectUp { .. }
            | Self::ExpectLast { .. }
            | Self::ExpectMark { .. }
            | Self::ExpectHeard { .. }
            | Self::ExpectVerdict { .. } => true,
            _ => false,
        }
    }
}

/// The line that takes a run to a moment.
fn at(moment: Moment) -> Statement {
    Statement::At { time: moment.time, events: Some(moment.events) }
}
