use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use crate::command::{KVData, KVOperation, KVResult, KVStoreError};
use crate::op::{KVSOperation, KVSResponse, Kept, Key, Outcome, Value};
use crate::sim::{History, Operation};
use crate::time::Time;
use crate::version::{Version, Versioned};

/// Writes a history as [Jepsen](https://jepsen.io/) and its checkers read it: EDN, one map a line, by time.
///
/// ```text
/// {:process 0, :type :invoke, :f :put, :key "k", :value "v", :time 0, :index 0}
/// {:process 0, :type :ok, :f :put, :key "k", :value "v", :time 21000000, :index 1}
/// ```
///
/// - `:f` is `:put`, `:get` or `:delete`. The `:value` of a get that has ended is `nil`, a string, or a vector of
///   several strings that were written without knowing of each other.
/// - Where there is a replicated state machine, `:f` may also be `:put-for`, `:exists` (`true` or `false`), `:keys` (a vector), `:size` (a
///   number), `:clear`, or `:batch`, whose `:value` is a vector of operations like `[:put "k" "v"]`.
/// - `:type` is `:invoke`, then `:ok`, `:fail` for what was refused, or `:info` where no answer came. An operation that goes on has only the first.
/// - A process is one session of one client. After an `:info` a client goes on under a new session, hence as another
///   process.
/// - `:time` is in nanoseconds. At one and the same instant calls come before returns wherever a process allows it, so
///   that the order of lines claims no more than the times do.
pub fn jepsen(out: &mut impl fmt::Write, history: &History) -> fmt::Result {
    let (mut processes, mut number) = (BTreeMap::new(), 0);
    let mut events = Vec::new();
    for (place, operation) in history.operations().iter().enumerate() {
        let process: &mut Process = processes.entry(operation.id.client).or_insert_with(|| {
            number += 1;
            Process::new(number - 1)
        });
        let round = process.round(operation.called);
        events.push(Event { order: (operation.called, round, false, place), process: process.number, operation });
        if let Some(ended) = &operation.ended {
            let round = process.round(ended.at);
            events.push(Event { order: (ended.at, round, true, place), process: process.number, operation });
            process.last_return = Some((ended.at, round + 1));
            if ended.outcome == Outcome::MaybeClosed {
                processes.remove(&operation.id.client);
            }
        }
    }
    events.sort_unstable_by_key(|event| event.order);
    events.iter().enumerate().try_for_each(|(index, event)| event.write(out, index))
}

/// A session of a client.
struct Process {
    /// From 0, in the order of first calls.
    number: usize,
    /// When it last had an answer, and how many it had at that instant.
    last_return: Option<(Time, u32)>,
}

impl Process {
    fn new(number: usize) -> Self {
        Self { number, last_return: None }
    }

    /// How many answers at this very instant come before what it does now.
    fn round(&self, now: Time) -> u32 {
        self.last_return.filter(|(at, _)| *at == now).map_or(0, |(_, returns)| returns)
    }
}

/// A call or a return.
struct Event<'a> {
    /// Time, round, whether it is a return, place among the operations.
    order: (Time, u32, bool, usize),
    process: usize,
    operation: &'a Operation,
}

impl Event<'_> {
    fn write(&self, out: &mut impl fmt::Write, index: usize) -> fmt::Result {
        let (time, _, is_return, _) = self.order;
        let outcome = self.operation.ended.as_ref().filter(|_| is_return).map(|ended| &ended.outcome);
        let kind = match outcome {
            None => "invoke",
            Some(Outcome::Ok(response)) if response.refusal().is_some() => "fail",
            Some(Outcome::Ok(_)) => "ok",
            Some(Outcome::Maybe | Outcome::MaybeClosed) => "info",
            Some(Outcome::Unavailable) => "fail",
        };
        let op = self.operation.op();
        let (f, asked) = match op {
            KVSOperation::Put(_, value) | KVSOperation::PutIf(_, value, _) => ("put", core::slice::from_ref(value)),
            KVSOperation::Get(_) => ("get", &[][..]),
            KVSOperation::Delete(_) => ("delete", &[][..]),
            KVSOperation::MGet(_) => ("mget", &[][..]),
            KVSOperation::GetAll => ("getall", &[][..]),
            KVSOperation::PutFor(_, value, _) => ("put-for", core::slice::from_ref(value)),
            KVSOperation::Exists(_) => ("exists", &[][..]),
            KVSOperation::ListKeys => ("keys", &[][..]),
            KVSOperation::Clear => ("clear", &[][..]),
            KVSOperation::Size => ("size", &[][..]),
            KVSOperation::Batch(_) => ("batch", &[][..]),
        };
        let values = match outcome {
            Some(Outcome::Ok(KVSResponse::GetResult { values, .. })) => values,
            _ => asked,
        };
        let response = match outcome {
            Some(Outcome::Ok(response)) => Some(response),
            _ => None,
        };
        write!(out, "{{:process {}, :type :{kind}, :f :{f}, ", self.process)?;
        if let Some(key) = op.key() {
            out.write_str(":key ")?;
            write_string(out, key.as_str())?;
            out.write_str(", :value ")?;
            match response {
                Some(KVSResponse::Exists(is_there)) => write!(out, "{is_there}")?,
                Some(KVSResponse::GetAt(Versioned { value, version })) => write_versioned(out, value, *version)?,
                _ => match op {
                    KVSOperation::PutIf(_, value, version) => write_versioned(out, value, *version)?,
                    _ => write_values(out, values)?,
                },
            }
            if let Some(error) = outcome.and_then(error) {
                write!(out, ", :error :{error}")?;
            }
        } else if op.is_command() {
            out.write_str(":key nil, :value ")?;
            write_command(out, op, response)?;
        } else {
            let items = match outcome {
                Some(Outcome::Ok(result)) => result.items(),
                _ => &[],
            };
            out.write_str(":key nil, :value {")?;
            for (place, Kept { key, values, .. }) in items.iter().enumerate() {
                out.write_str(if place == 0 { "" } else { ", " })?;
                write_string(out, key.as_str())?;
                out.write_str(" ")?;
                write_values(out, values)?;
            }
            out.write_str("}")?;
        }
        // Microseconds of 64 bits are more nanoseconds than 64 bits hold.
        writeln!(out, ", :time {}, :index {index}}}", u128::from(time.as_us()) * 1_000)
    }
}

/// Why a put with a version was refused, or how much is known of it, in the words that `check::foreign` reads.
fn error(outcome: &Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::MaybeClosed => Some("maybe-closed"),
        Outcome::Ok(KVSResponse::Refused(KVStoreError::KeyNotFound)) => Some("no-key"),
        Outcome::Ok(KVSResponse::Refused(KVStoreError::KeyAlreadyExists | KVStoreError::VersionMismatch { .. })) => {
            Some("version")
        }
        _ => None,
    }
}

/// Writes `["x" 3]`. A version of a later generation is no number.
fn write_versioned(out: &mut impl fmt::Write, value: &Value, version: Version) -> fmt::Result {
    out.write_str("[")?;
    write_string(out, value.as_str())?;
    if version == Version::new(version.number) {
        return write!(out, " {}]", version.number);
    }
    write!(out, " \"{version}\"]")
}

/// Writes what an operation on all keys, or a batch, asks for or is answered: `nil`, `3`, `["a" "b"]`, `[[:put "a" "1"] [:get "b" nil]]`.
fn write_command(out: &mut impl fmt::Write, op: &KVSOperation, response: Option<&KVSResponse>) -> fmt::Result {
    match (op, response) {
        (_, Some(KVSResponse::Size(size))) => write!(out, "{size}"),
        (_, Some(KVSResponse::Keys(keys))) => write_keys(out, keys),
        (KVSOperation::Batch(commands), response) => {
            let results = match response {
                Some(KVSResponse::Batch(results)) => &results[..],
                _ => &[],
            };
            out.write_str("[")?;
            for (place, command) in commands.iter().enumerate() {
                out.write_str(if place == 0 { "" } else { " " })?;
                write_micro_operation(out, command, results.get(place))?;
            }
            out.write_str("]")
        }
        _ => out.write_str("nil"),
    }
}

fn write_keys(out: &mut impl fmt::Write, keys: &[Key]) -> fmt::Result {
    out.write_str("[")?;
    for (place, key) in keys.iter().enumerate() {
        out.write_str(if place == 0 { "" } else { " " })?;
        write_string(out, key.as_str())?;
    }
    out.write_str("]")
}

/// Writes a command of a batch as a vector: what it does, its key, and its value.
fn write_micro_operation(out: &mut impl fmt::Write, command: &KVOperation, result: Option<&KVResult>) -> fmt::Result {
    let f = match command {
        KVOperation::Set { .. } => "put",
        KVOperation::Get(_) => "get",
        KVOperation::Delete(_) => "delete",
        KVOperation::Exists(_) => "exists",
        KVOperation::ListKeys => "keys",
        KVOperation::Clear => "clear",
        KVOperation::Size => "size",
        KVOperation::Tick => "tick",
    };
    write!(out, "[:{f} ")?;
    match command.key() {
        Some(key) => write_string(out, key.as_str())?,
        None => out.write_str("nil")?,
    }
    out.write_str(" ")?;
    match (command, result) {
        (KVOperation::Set { value, .. }, _) | (_, Some(KVResult::Success(KVData::Value(value)))) => {
            write_string(out, value.as_str())?;
        }
        (_, Some(KVResult::Success(KVData::Answer(answer)))) => write!(out, "{answer}")?,
        (_, Some(KVResult::Success(KVData::Count(count)))) => write!(out, "{count}")?,
        (_, Some(KVResult::Success(KVData::Keys(keys)))) => write_keys(out, keys)?,
        _ => out.write_str("nil")?,
    }
    out.write_str("]")
}

fn write_values(out: &mut impl fmt::Write, values: &[Value]) -> fmt::Result {
    match values {
        [] => out.write_str("nil"),
        [value] => write_string(out, value.as_str()),
        [first, rest @ ..] => {
            out.write_str("[")?;
            write_string(out, first.as_str())?;
            for value in rest {
                out.write_str(" ")?;
                write_string(out, value.as_str())?;
            }
            out.write_str("]")
        }
    }
}

/// Writes a string as EDN has it.
fn write_string(out: &mut impl fmt::Write, text: &str) -> fmt::Result {
    out.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' => out.write_str("\\\""),
            '\\' => out.write_str("\\\\"),
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            '\t' => out.write_str("\\t"),
            // Some readers end a line here.
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => write!(out, "\\u{:04x}", u32::from(c)),
            c => out.write_char(c),
        }?;
    }
    out.write_str("\"")
}
