use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use super::event::{Datum, Function};
use super::history::{End, History, Operation};
use super::{Error, edn, short};
use crate::check::linearizable::{Linearizability, NotLinearizable};
use crate::check::model::{
    Counter, CounterOp, Model, Register, RegisterOp, Seen, Store, StoreOp, Text, TextOp, TextSeen, TextState,
    Versioned, VersionedOp,
};
use crate::check::{Budget, Verdict};

/// A store that a history may be one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelName {
    /// Reads and writes.
    Register,
    /// Also compare-and-swap.
    CasRegister,
    /// Texts under keys: get, put, append, delete.
    Kv,
    /// A sum.
    Counter,
    /// Values with versions under keys.
    Versioned,
    /// Keys that can be counted and listed.
    Store,
}

impl ModelName {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Register, Self::CasRegister, Self::Kv, Self::Counter, Self::Versioned, Self::Store];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::CasRegister => "cas-register",
            Self::Kv => "kv",
            Self::Counter => "counter",
            Self::Versioned => "versioned",
            Self::Store => "store",
        }
    }

    fn functions(self) -> &'static [Function] {
        use Function::{Add, Append, Cas, Clear, Delete, Exists, Get, List, Put, Read, Set, Size, Write};
        match self {
            Self::Register => &[Read, Write],
            Self::CasRegister => &[Read, Write, Cas],
            Self::Kv => &[Get, Put, Append, Delete],
            Self::Counter => &[Read, Add],
            Self::Versioned => &[Get, Put],
            Self::Store => &[Get, Set, Put, Delete, Exists, Size, List, Clear],
        }
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ModelName {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|model| model.name() == word).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|model| model.name()).collect();
            format!("there is no model `{word}`; there are {}", names.join(", "))
        })
    }
}

/// What a history does not say by itself.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The store; without it, the one that has the operations of the history.
    pub model: Option<ModelName>,
    /// What a register keeps at first; without it, nothing.
    pub initial: Option<Datum>,
}

impl Options {
    /// The value that a register keeps at first, as EDN has it.
    pub fn parse_initial(text: &str) -> Result<Datum, String> {
        edn::value(text)
    }
}

/// Why a history is not linearizable: operations by their places among the calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Those that contradict each other.
    pub operations: Vec<u32>,
    /// Up to its return there is no order; up to the return before there is.
    pub cannot_be_placed: u32,
}

impl History {
    /// Whether it is linearizable, and as what it was judged. An operation that the model does not have is an error.
    pub fn judge(&self, options: &Options, budget: Budget) -> Result<(ModelName, Verdict<Proof>), Error> {
        let model = options.model.unwrap_or_else(|| self.guess());
        let has_initial = matches!(model, ModelName::Register | ModelName::CasRegister);
        if options.initial.is_some() && !has_initial {
            return Err(Error::new(1, format!("a {model} begins empty; only a register has an initial value")));
        }
        let verdict = match model {
            ModelName::Register | ModelName::CasRegister => {
                // A value that nobody writes has a number of its own.
                let initial = options.initial.as_ref().map(|initial| self.find(initial).unwrap_or(self.data()));
                self.search(model, Register { initial }, budget, |it, how| register(it, how, initial.is_some()))?
            }
            ModelName::Kv => {
                let mut texts = Texts::default();
                self.search(model, Text, budget, |it, how| Ok(texts.translate(it, how)))?
            }
            ModelName::Counter => self.search(model, Counter, budget, counter)?,
            ModelName::Versioned => self.search(model, Versioned, budget, versioned)?,
            ModelName::Store => self.search(model, Store, budget, store)?,
        };
        Ok((model, verdict))
    }

    fn guess(&self) -> ModelName {
        let has = |function| self.operations().iter().any(|operation| operation.function == function);
        let fits = |model: &ModelName| {
            self.operations().iter().all(|operation| model.functions().contains(&operation.function))
        };
        if has(Function::Add) {
            return ModelName::Counter;
        }
        let models = [ModelName::CasRegister, ModelName::Kv, ModelName::Store];
        // What fits none is told by the first that has the first operation.
        let first = |model: &ModelName| {
            self.operations().first().is_some_and(|operation| model.functions().contains(&operation.function))
        };
        let found = models.into_iter().find(fits).or_else(|| models.into_iter().find(first));
        found.unwrap_or(ModelName::Store)
    }

    fn search<M: Model>(
        &self,
        name: ModelName,
        model: M,
        budget: Budget,
        mut translate: impl FnMut(&Self, &Operation) -> Result<Option<M::Op>, String>,
    ) -> Result<Verdict<Proof>, Error> {
        let mut history = Linearizability::new(model);
        let mut parts = BTreeMap::new();
        // What is judged of each operation: its number among those that are, and what it did.
        let mut judged: Vec<Option<(u32, M::Op)>> = Vec::with_capacity(self.operations().len());
        let mut back = Vec::new();
        for event in self.events() {
            let operation = &self.operations()[event.operation as usize];
            if event.is_call {
                let wrong = |cause| Error::new(operation.called, cause);
                if !name.functions().contains(&operation.function) {
                    let names: Vec<&str> = name.functions().iter().map(|function| function.name()).collect();
                    let cause = format!("a {name} has no {}; it has {}", operation.function.name(), names.join(", "));
                    return Err(wrong(cause));
                }
                let op = match operation.end {
                    End::Failed if name != ModelName::Versioned => None,
                    _ => translate(self, operation).map_err(wrong)?,
                };
                let next = u32::try_from(parts.len()).unwrap_or(u32::MAX);
                judged.push(op.map(|op| {
                    // A store is looked at as a whole.
                    let key = operation.key.filter(|_| name != ModelName::Store);
                    let part = *parts.entry(key).or_insert(next);
                    back.push(event.operation);
                    (history.call(part, op.clone()), op)
                }));
            } else if let Some(Some((number, op))) = judged.get(event.operation as usize) {
                match operation.end {
                    End::Done | End::InVain | End::Failed => history.returned(*number, op.clone()),
                    End::Open if is_closed(self, operation) => history.returned_unknown(*number, op.clone()),
                    End::Open => {}
                }
            }
        }
        drop(judged);
        let whole = |number: u32| back.get(number as usize).copied().unwrap_or(number);
        Ok(history.judge(budget).map(|NotLinearizable { operations, cannot_be_placed }| Proof {
            operations: operations.into_iter().map(whole).collect(),
            cannot_be_placed: whole(cannot_be_placed),
        }))
    }
}

/// What was read, if there is an answer.
fn answer<'a>(history: &'a History, operation: &Operation) -> Option<(u32, &'a Datum)> {
    let id = operation.answered.filter(|_| operation.end == End::Done)?;
    Some((id, history.datum(id)))
}

fn register(history: &History, operation: &Operation, has_initial: bool) -> Result<Option<RegisterOp>, String> {
    let asked = history.datum(operation.asked);
    Ok(match operation.function {
        Function::Read => answer(history, operation).and_then(|(id, value)| match value {
            Datum::Nil if has_initial && !history.is_nil_known() => None,
            Datum::Nil => Some(RegisterOp::Read(Seen::Value(None))),
            _ => Some(RegisterOp::Read(Seen::Value(Some(id)))),
        }),
        Function::Write => Some(RegisterOp::Write((*asked != Datum::Nil).then_some(operation.asked))),
        _ => {
            let Datum::List(pair) = asked else { return Err(pair_wanted("cas", "[from to]", asked)) };
            let [from, to] = &pair[..] else { return Err(pair_wanted("cas", "[from to]", asked)) };
            let id = |value: &Datum| (*value != Datum::Nil).then(|| history.find(value)).flatten();
            Some(RegisterOp::Cas { from: id(from), to: id(to), worked: operation.end != End::InVain })
        }
    })
}

fn pair_wanted(function: &str, shape: &str, found: &Datum) -> String {
    format!("the value of a {function} is {shape}, not {}", short(&found.to_string()))
}

/// A text is itself; everything else is what it looks like.
fn text_of(datum: &Datum) -> Cow<'_, str> {
    match datum {
        Datum::Nil => Cow::Borrowed(""),
        Datum::Text(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// Texts that were read, by number: what is read twice is kept once.
#[derive(Default)]
struct Texts(BTreeMap<u32, TextSeen>);

impl Texts {
    fn translate(&mut self, history: &History, operation: &Operation) -> Option<TextOp> {
        let asked = text_of(history.datum(operation.asked));
        match operation.function {
            Function::Get => answer(history, operation).map(|(id, value)| {
                TextOp::Get(self.0.entry(id).or_insert_with(|| TextSeen::new(&text_of(value))).clone())
            }),
            Function::Put => Some(TextOp::Put(TextState::new(&asked))),
            Function::Append => Some(TextOp::Append(TextState::new(&asked))),
            _ => Some(TextOp::Put(TextState::EMPTY)),
        }
    }
}

fn counter(history: &History, operation: &Operation) -> Result<Option<CounterOp>, String> {
    let whole = |datum: &Datum| match datum {
        Datum::Int(number) => Ok(*number),
        other => Err(format!("a counter counts in whole numbers, not {}", short(&other.to_string()))),
    };
    Ok(match operation.function {
        Function::Add => Some(CounterOp::Add(whole(history.datum(operation.asked))?, None)),
        _ => match answer(history, operation) {
            None | Some((_, Datum::Nil)) => None,
            Some((_, sum)) => Some(CounterOp::Read(whole(sum)?)),
        },
    })
}

/// Whether an operation of which the outcome is unknown cannot take effect any more.
fn is_closed(history: &History, operation: &Operation) -> bool {
    says(history, operation, "maybe-closed")
}

/// Whether an operation ended with this error.
fn says(history: &History, operation: &Operation, word: &str) -> bool {
    let first = |datum: &Datum| matches!(datum, Datum::Other(text) | Datum::Text(text) if text == word);
    operation.error.is_some_and(|error| match history.datum(error) {
        Datum::List(items) => items.first().is_some_and(first),
        other => first(other),
    })
}

fn versioned(history: &History, operation: &Operation) -> Result<Option<VersionedOp>, String> {
    let pair = |datum: &Datum| match datum {
        Datum::List(pair) => match &pair[..] {
            [value, Datum::Int(version)] if *version >= 0 => {
                history.find(value).map(|value| (value, version.unsigned_abs())).ok_or("a value is not known".into())
            }
            _ => Err(pair_wanted("versioned operation", "[value version]", datum)),
        },
        other => Err(pair_wanted("versioned operation", "[value version]", other)),
    };
    if operation.function == Function::Get {
        return Ok(match answer(history, operation) {
            None => None,
            Some((_, Datum::Nil)) => Some(VersionedOp::Get(None)),
            Some((_, seen)) => Some(VersionedOp::Get(Some(pair(seen)?))),
        });
    }
    let (value, version) = pair(history.datum(operation.asked))?;
    Ok(match operation.end {
        End::Done | End::Open | End::InVain => {
            Some(VersionedOp::Put { value, version, stored: Some(version.saturating_add(1)) })
        }
        End::Failed if says(history, operation, "version") => Some(VersionedOp::Mismatch { version, actual: None }),
        End::Failed if says(history, operation, "no-key") => Some(VersionedOp::NoKey { version }),
        End::Failed => None,
    })
}

fn store(history: &History, operation: &Operation) -> Result<Option<StoreOp>, String> {
    let answer = answer(history, operation);
    let key = || operation.key.ok_or_else(|| format!("a {} needs a key", operation.function.name()));
    Ok(match operation.function {
        Function::Get => {
            let key = key()?;
            answer.map(|(id, value)| StoreOp::Get(key, (*value != Datum::Nil).then_some(id)))
        }
        Function::Set | Function::Put => Some(StoreOp::Set(key()?, operation.asked)),
        Function::Delete => Some(StoreOp::Delete(
            key()?,
            match answer {
                Some((_, Datum::Bool(was_there))) => Some(*was_there),
                _ => None,
            },
        )),
        Function::Exists => {
            let key = key()?;
            match answer {
                None | Some((_, Datum::Nil)) => None,
                Some((_, Datum::Bool(seen))) => Some(StoreOp::Exists(key, *seen)),
                Some((_, other)) => {
                    return Err(format!("exists answers true or false, not {}", short(&other.to_string())));
                }
            }
        }
        Function::Size => match answer {
            None | Some((_, Datum::Nil)) => None,
            Some((_, Datum::Int(seen))) if *seen >= 0 => Some(StoreOp::Size(seen.unsigned_abs())),
            Some((_, other)) => return Err(format!("size answers a number, not {}", short(&other.to_string()))),
        },
        Function::List => match answer {
            None | Some((_, Datum::Nil)) => None,
            Some((_, Datum::List(keys))) => {
                // A key that nobody named has a number that none has.
                let mut keys: Vec<u32> = keys.iter().map(|key| history.find(key).unwrap_or(history.data())).collect();
                keys.sort_unstable();
                Some(StoreOp::List(keys.into()))
            }
            Some((_, other)) => return Err(format!("list answers a list of keys, not {}", short(&other.to_string()))),
        },
        _ => Some(StoreOp::Clear),
    })
}
