use super::{Next, found};
use crate::op::{KVSOperation, KVSResponse, Key, Outcome, Value};
use crate::version::Version;

/// A lock is a key whose value says who holds it: nothing, or an empty text, if nobody does.
///
/// It is as good as its tokens: who holds the lock must be told from its value, so a token is used once. Where all write the same, two may
/// both find "their" token there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    key: Key,
    token: Value,
    wants: Wants,
    /// Whether a put is under way, or else a read.
    puts: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wants {
    ToHold,
    ToLetGo,
}

/// How a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grip {
    /// It is held under the token.
    Held,
    /// Somebody else holds it.
    Busy,
    /// It is not held under the token any more.
    Released,
}

impl Lock {
    /// A lock, and a token that nobody uses a second time and that is not empty.
    pub fn new(key: &Key, token: &Value) -> Self {
        Self { key: key.clone(), token: token.clone(), wants: Wants::ToHold, puts: false }
    }

    /// What to ask first to hold it.
    pub fn acquire(&mut self) -> KVSOperation {
        self.wants = Wants::ToHold;
        self.read()
    }

    /// What to ask first to let go of it.
    pub fn release(&mut self) -> KVSOperation {
        self.wants = Wants::ToLetGo;
        self.read()
    }

    fn read(&mut self) -> KVSOperation {
        self.puts = false;
        KVSOperation::Get(self.key.clone())
    }

    /// What to do after what was asked last has ended.
    pub fn after(&mut self, outcome: &Outcome) -> Next<Grip> {
        if self.puts {
            return match (outcome, self.wants) {
                (Outcome::Ok(KVSResponse::PutAt(_)), Wants::ToHold) => Next::Done(Grip::Held),
                (Outcome::Ok(KVSResponse::PutAt(_)), Wants::ToLetGo) => Next::Done(Grip::Released),
                _ => Next::Ask(self.read()),
            };
        }
        let Some((versioned, version)) = found(outcome) else { return Next::Ask(self.read()) };
        let holder = versioned.map(|versioned| &versioned.value).filter(|value| !value.as_str().is_empty());
        let is_mine = holder == Some(&self.token);
        match (self.wants, holder) {
            (Wants::ToHold, None) => self.put(self.token.clone(), version),
            (Wants::ToHold, Some(_)) => Next::Done(if is_mine { Grip::Held } else { Grip::Busy }),
            (Wants::ToLetGo, Some(_)) if is_mine => match Value::new("") {
                Ok(nobody) => self.put(nobody, version),
                Err(_) => Next::Done(Grip::Held),
            },
            (Wants::ToLetGo, _) => Next::Done(Grip::Released),
        }
    }

    fn put(&mut self, value: Value, version: Version) -> Next<Grip> {
        self.puts = true;
        Next::Ask(KVSOperation::PutIf(self.key.clone(), value, version))
    }
}
