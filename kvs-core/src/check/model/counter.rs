use super::Model;

/// A counter that starts at 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counter;

/// An operation on a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CounterOp {
    /// So much was added (less than 0: taken away), and if the answer said so, this is the sum after it.
    Add(i64, Option<i64>),
    /// The sum that was read.
    Read(i64),
}

impl Model for Counter {
    type State = i64;
    type Op = CounterOp;

    fn initial(&self) -> i64 {
        0
    }

    fn step(&self, state: &i64, op: &CounterOp) -> Option<i64> {
        match *op {
            CounterOp::Add(amount, sum) => {
                state.checked_add(amount).filter(|after| sum.is_none_or(|sum| sum == *after))
            }
            CounterOp::Read(sum) => (*state == sum).then_some(sum),
        }
    }

    fn is_read(&self, op: &CounterOp) -> bool {
        matches!(op, CounterOp::Read(_))
    }
}
