use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::{Next, found};
use crate::op::{KVSOperation, Key, Outcome, Value};
use crate::version::Version;

/// One addition to a counter.
///
/// The counter's value is the sum, and of each client that has added the number of its last addition: `7 C1:3 C2:1`. So a client that does
/// not know whether its put was applied reads, and knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    key: Key,
    client: String,
    addition: u32,
    amount: i64,
    /// Whether a put is under way, or else a read.
    puts: bool,
}

impl Counter {
    /// The `addition`-th addition of a client, whose name has neither blanks nor colons.
    pub fn add(key: &Key, client: &str, addition: u32, amount: i64) -> Self {
        Self { key: key.clone(), client: client.into(), addition, amount, puts: false }
    }

    /// What to ask first.
    pub fn begin(&mut self) -> KVSOperation {
        self.puts = false;
        KVSOperation::Get(self.key.clone())
    }

    /// What to do after what was asked last has ended. Done with the sum that the addition has led to, or a later one; with None if what is
    /// there is no counter, or too many have added to it.
    pub fn after(&mut self, outcome: &Outcome) -> Next<Option<i64>> {
        if self.puts {
            // Whatever has come of it: the value says it.
            return Next::Ask(self.begin());
        }
        let Some((versioned, version)) = found(outcome) else { return Next::Ask(self.begin()) };
        let Some(mut count) = Count::read(versioned.map_or("0", |versioned| versioned.value.as_str())) else {
            return Next::Done(None);
        };
        if count.last_of(&self.client) >= self.addition {
            return Next::Done(Some(count.sum));
        }
        count.add(&self.client, self.addition, self.amount);
        match Value::new(&count.to_string()) {
            Ok(value) => Next::Ask(self.put(value, version)),
            Err(_) => Next::Done(None),
        }
    }

    fn put(&mut self, value: Value, version: Version) -> KVSOperation {
        self.puts = true;
        KVSOperation::PutIf(self.key.clone(), value, version)
    }
}

/// The sum that a counter's value says; None if it is no counter.
pub fn sum(value: &Value) -> Option<i64> {
    Count::read(value.as_str()).map(|count| count.sum)
}

/// What a counter's value says.
struct Count {
    sum: i64,
    last: Vec<(String, u32)>,
}

impl Count {
    fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let sum = words.next()?.parse().ok()?;
        let last = words.map(|word| {
            let (client, addition) = word.split_once(':')?;
            Some((String::from(client), addition.parse().ok()?))
        });
        Some(Self { sum, last: last.collect::<Option<_>>()? })
    }

    fn last_of(&self, client: &str) -> u32 {
        self.last.iter().find(|(name, _)| name == client).map_or(0, |(_, addition)| *addition)
    }

    fn add(&mut self, client: &str, addition: u32, amount: i64) {
        self.sum = self.sum.saturating_add(amount);
        match self.last.iter_mut().find(|(name, _)| name == client) {
            Some((_, last)) => *last = addition,
            None => self.last.push((client.into(), addition)),
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sum, last } = self;
        sum.fmt(f)?;
        last.iter().try_for_each(|(client, addition)| write!(f, " {client}:{addition}"))
    }
}
