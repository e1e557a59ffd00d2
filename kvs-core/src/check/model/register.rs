use super::{Id, Model};

/// A register, or one key of a store: read, write, delete, compare-and-swap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Register {
    /// What it keeps at first.
    pub initial: Option<Id>,
}

/// An operation on a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterOp {
    /// What was read.
    Read(Seen),
    /// What was written; None deletes.
    Write(Option<Id>),
    /// Write `to` if `from` is there; None is nothing.
    Cas {
        /// What must be there.
        from: Option<Id>,
        /// What is there afterwards.
        to: Option<Id>,
        /// False: it ran and found another value.
        worked: bool,
    },
}

/// What a read has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// This value, or nothing.
    Value(Option<Id>),
    /// Not known: fits anything.
    Anything,
    /// What no register can be: several values at once.
    Impossible,
}

impl Model for Register {
    type State = Option<Id>;
    type Op = RegisterOp;

    fn initial(&self) -> Option<Id> {
        self.initial
    }

    fn step(&self, state: &Option<Id>, op: &RegisterOp) -> Option<Option<Id>> {
        match *op {
            RegisterOp::Read(Seen::Anything) => Some(*state),
            RegisterOp::Read(Seen::Value(value)) => (*state == value).then_some(value),
            RegisterOp::Read(Seen::Impossible) => None,
            RegisterOp::Write(value) => Some(value),
            RegisterOp::Cas { from, to, worked: true } => (*state == from).then_some(to),
            RegisterOp::Cas { from, worked: false, .. } => (*state != from).then_some(*state),
        }
    }

    fn is_read(&self, op: &RegisterOp) -> bool {
        matches!(op, RegisterOp::Read(_) | RegisterOp::Cas { worked: false, .. })
    }

    fn absorbs(&self, op: &RegisterOp, _before: &RegisterOp) -> bool {
        matches!(op, RegisterOp::Write(_))
    }

    fn helps(&self, helper: &RegisterOp, op: &RegisterOp) -> bool {
        let after = match *helper {
            RegisterOp::Write(value) => value,
            RegisterOp::Cas { to, worked: true, .. } => to,
            _ => return false,
        };
        match *op {
            RegisterOp::Read(Seen::Value(value)) => value == after,
            RegisterOp::Cas { from, worked: true, .. } => from == after,
            RegisterOp::Cas { from, worked: false, .. } => from != after,
            RegisterOp::Read(_) | RegisterOp::Write(_) => false,
        }
    }
}
