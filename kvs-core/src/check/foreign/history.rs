use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::event::{Datum, Function, Kind, Said};
use super::{Error, OPERATIONS_MAX};

/// A datum by its place in the history's table.
pub(super) type DatumId = u32;

/// Calls and returns of several processes, in order.
#[derive(Default)]
pub struct History {
    operations: Vec<Operation>,
    events: Vec<Event>,
    /// What each process is about.
    under_way: BTreeMap<i64, u32>,
    data: Vec<Arc<Datum>>,
    known: BTreeMap<Arc<Datum>, DatumId>,
    knows_nil: bool,
}

/// Something a process did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Who.
    pub process: i64,
    /// What.
    pub function: Function,
    /// How it ended.
    pub end: End,
    /// The line of its call.
    pub called: u64,
    /// The line of its return.
    pub returned: Option<u64>,
    pub(super) key: Option<DatumId>,
    pub(super) asked: DatumId,
    pub(super) answered: Option<DatumId>,
    pub(super) error: Option<DatumId>,
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Nobody knows: it may take effect at any time after its call, or never.
    Open,
    /// It took effect.
    Done,
    /// It did not happen.
    Failed,
    /// It happened, and had no effect.
    InVain,
}

/// A call or a return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// The operation by its place among the calls.
    pub operation: u32,
    /// Else a return.
    pub is_call: bool,
}

impl History {
    /// Everything that was called, in order.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Calls and returns, in order.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// An operation in words: `put "x" "1"`, `read → 3`.
    pub fn describe(&self, operation: &Operation) -> String {
        let mut text = String::from(operation.function.name());
        if let Some(key) = operation.key {
            text += &format!(" {}", self.datum(key));
        }
        let asked = self.datum(operation.asked);
        if *asked != Datum::Nil || operation.function == Function::Write {
            text += &format!(" {asked}");
        }
        match (operation.end, operation.answered) {
            (End::Open, _) => text += " → ?",
            (End::Failed, _) => text += " → failed",
            (End::InVain, _) => text += " → found another value",
            (End::Done, Some(answered)) if answered != operation.asked || *asked == Datum::Nil => {
                text += &format!(" → {}", self.datum(answered));
            }
            (End::Done, _) => {}
        }
        text
    }

    pub(super) fn datum(&self, id: DatumId) -> &Datum {
        self.data.get(id as usize).map_or(&Datum::Nil, |datum| datum)
    }

    pub(super) fn id(&mut self, datum: Datum) -> DatumId {
        if let Some(id) = self.known.get(&datum) {
            return *id;
        }
        // What is in a pair can be looked up, too.
        if let Datum::List(items) = &datum {
            for item in items {
                self.id(item.clone());
            }
        }
        let id = self.data();
        let datum = Arc::new(datum);
        self.data.push(datum.clone());
        self.known.insert(datum, id);
        id
    }

    pub(super) fn find(&self, datum: &Datum) -> Option<DatumId> {
        self.known.get(datum).copied()
    }

    /// How many different data there are.
    pub(super) fn data(&self) -> u32 {
        u32::try_from(self.data.len()).unwrap_or(u32::MAX)
    }

    /// In this history a read of nothing always is one.
    pub(super) fn knows_nil(&mut self) {
        self.knows_nil = true;
    }

    /// Whether a read of nothing is one even if there was something at first.
    pub(super) fn is_nil_known(&self) -> bool {
        self.knows_nil
    }

    /// Adds what a line says.
    pub(super) fn add(&mut self, said: Said, line: u64) -> Result<(), Error> {
        let Some(process) = said.process else { return Ok(()) };
        if said.kind == Kind::Invoke {
            return self.call(process, said, line);
        }
        let Some(number) = self.under_way.remove(&process) else {
            return Err(Error::new(line, format!("process {process} returns, but has not called anything")));
        };
        let answered = self.id(said.value);
        let error = said.error.map(|error| self.id(error));
        let key = said.key.map(|key| self.id(key));
        let operation = &mut self.operations[number as usize];
        let (called, function) = (operation.called, operation.function);
        if function != said.function {
            let (returns, had_called) = (said.function.name(), function.name());
            return Err(Error::new(
                line,
                format!("process {process} returns from {returns}, but called {had_called} in line {called}"),
            ));
        }
        if key.is_some() && operation.key.is_some() && key != operation.key {
            return Err(Error::new(
                line,
                format!("process {process} returns with another key than it called with in line {called}"),
            ));
        }
        operation.end = match said.kind {
            Kind::Ok => End::Done,
            Kind::Fail => End::Failed,
            Kind::InVain => End::InVain,
            Kind::Info | Kind::Invoke => End::Open,
        };
        operation.key = operation.key.or(key);
        operation.answered = Some(answered);
        operation.error = error;
        operation.returned = Some(line);
        self.events.push(Event { operation: number, is_call: false });
        Ok(())
    }

    fn call(&mut self, process: i64, said: Said, line: u64) -> Result<(), Error> {
        if self.operations.len() >= OPERATIONS_MAX {
            return Err(Error::new(line, format!("a history of more than {OPERATIONS_MAX} operations is too long")));
        }
        let number = u32::try_from(self.operations.len()).unwrap_or(u32::MAX);
        if let Some(other) = self.under_way.insert(process, number) {
            let other = self.operations[other as usize].called;
            let cause =
                format!("process {process} calls again, but has not returned from what it called in line {other}");
            return Err(Error::new(line, cause));
        }
        let operation = Operation {
            process,
            function: said.function,
            end: End::Open,
            called: line,
            returned: None,
            key: said.key.map(|key| self.id(key)),
            asked: self.id(said.value),
            answered: None,
            error: None,
        };
        self.operations.push(operation);
        self.events.push(Event { operation: number, is_call: true });
        Ok(())
    }
}
