//! Checkers of linearizability, ours and others', each from events to a verdict.

use std::collections::BTreeMap;

use kvs_core::check::linearizable::Linearizability;
use kvs_core::check::model::{Register, RegisterOp, Seen};
use kvs_core::check::{Budget, Verdict};

use super::histories::{Event, Op};

/// Ours. Of any number of keys. None is undecided.
pub(crate) fn ours(history: &[Event], budget: Budget) -> Option<bool> {
    let mut check = Linearizability::new(Register { initial: Some(0) });
    let mut open = BTreeMap::new();
    for Event { client, key, op, is_call } in history {
        let op = match *op {
            Op::Write(value) => RegisterOp::Write(Some(value)),
            Op::Read(value) => RegisterOp::Read(Seen::Value(Some(value))),
        };
        if *is_call {
            open.insert(*client, check.call(*key, op));
        } else {
            check.returned(open[client], op);
        }
    }
    match check.judge(budget) {
        Verdict::Holds => Some(true),
        Verdict::Broken(_) => Some(false),
        Verdict::Undecided(_) => None,
    }
}

/// The one of `stateright`. Of one key.
pub(crate) fn stateright(history: &[Event]) -> bool {
    use stateright::semantics::register::{Register, RegisterOp, RegisterRet};
    use stateright::semantics::{ConsistencyTester, LinearizabilityTester};
    let mut tester = LinearizabilityTester::new(Register(0_u32));
    for Event { client, op, is_call, .. } in history {
        let done = match (*is_call, *op) {
            (true, Op::Write(value)) => tester.on_invoke(*client, RegisterOp::Write(value)),
            (true, Op::Read(_)) => tester.on_invoke(*client, RegisterOp::Read),
            (false, Op::Write(_)) => tester.on_return(*client, RegisterRet::WriteOk),
            (false, Op::Read(value)) => tester.on_return(*client, RegisterRet::ReadOk(value)),
        };
        done.expect("clients do one thing after the other");
    }
    tester.is_consistent()
}

/// The one of `todc-utils`. Of one key.
pub(crate) fn todc(history: &[Event]) -> bool {
    use todc_utils::linearizability::WGLChecker;
    use todc_utils::linearizability::history::{Action, History};
    use todc_utils::specifications::register::{RegisterOperation, RegisterSpecification};
    let action = |Event { client, op, is_call, .. }: &Event| {
        let op = match *op {
            Op::Write(value) => RegisterOperation::Write(value),
            // What an answer will be is not known when it is called for.
            Op::Read(value) => RegisterOperation::Read((!is_call).then_some(value)),
        };
        (*client as usize, if *is_call { Action::Call(op) } else { Action::Response(op) })
    };
    let history = History::from_actions(history.iter().map(action).collect());
    WGLChecker::<RegisterSpecification<u32>>::is_linearizable(history)
}
