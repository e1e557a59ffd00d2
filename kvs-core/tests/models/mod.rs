//! Cores of protocols without all that surrounds them: states that two model checkers go through.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::hash::{Hash, Hasher};

use kvs_core::explore::exhaustive::{Space, search};
use stateright::{Checker, Model, Property};

pub(crate) mod paxos;
pub(crate) mod rabia;

/// A state that may show that a promise is broken.
pub(crate) trait Core:
    Space<Choice: Clone + fmt::Debug + PartialEq + Send + Sync + 'static> + Clone + Send + Sync + 'static
{
    fn broken(&self) -> Option<&'static str>;
}

/// What a model checker says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// In so many states nothing is broken.
    Holds { states: u64 },
    /// The nearest state in which something is broken is so many steps away.
    Broken { steps: usize, what: &'static str },
}

/// What our own search says.
pub(crate) fn ours<C: Core>(first: &C) -> Verdict {
    let first = Way { core: first.clone(), steps: 0 };
    let searched = search(first, u64::MAX, |way| way.core.broken(), &mut |_| true);
    match searched.found {
        Some((way, what)) => Verdict::Broken { steps: way.steps, what },
        None => Verdict::Holds { states: searched.states },
    }
}

/// All that a property of a state may be, in any state, and how many states there are.
pub(crate) fn all<C: Core, P: Ord>(first: &C, property: impl Fn(&C) -> P) -> (BTreeSet<P>, u64) {
    let found = RefCell::new(BTreeSet::new());
    let look = |core: &C| {
        found.borrow_mut().insert(property(core));
        None::<()>
    };
    let searched = search(first.clone(), u64::MAX, look, &mut |_| true);
    (found.into_inner(), searched.states)
}

/// A state, and how many steps led there.
#[derive(Clone)]
struct Way<C> {
    core: C,
    steps: usize,
}

impl<C: Core> Space for Way<C> {
    type Choice = C::Choice;

    fn fingerprint(&self) -> u128 {
        self.core.fingerprint()
    }

    fn choices(&self) -> Vec<C::Choice> {
        self.core.choices()
    }

    fn after(&self, choice: &C::Choice) -> Self {
        Self { core: self.core.after(choice), steps: self.steps + 1 }
    }
}

/// What `stateright` says.
pub(crate) fn theirs<C: Core>(first: &C) -> Verdict {
    let checker = Checked(first.clone()).checker().spawn_bfs().join();
    match checker.discovery("safe") {
        None => Verdict::Holds { states: checker.unique_state_count() as u64 },
        Some(path) => {
            let states = path.into_states();
            let last = states.last().and_then(|Here(core)| core.broken());
            Verdict::Broken { steps: states.len() - 1, what: last.expect("the last state shows it") }
        }
    }
}

/// A core as a model of `stateright`.
struct Checked<C>(C);

#[derive(Clone)]
struct Here<C>(C);

impl<C: Space> fmt::Debug for Here<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0.fingerprint())
    }
}

impl<C: Space> Hash for Here<C> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.0.fingerprint().hash(hasher);
    }
}

impl<C: Space> PartialEq for Here<C> {
    fn eq(&self, other: &Self) -> bool {
        self.0.fingerprint() == other.0.fingerprint()
    }
}

impl<C: Core> Model for Checked<C> {
    type State = Here<C>;
    type Action = C::Choice;

    fn init_states(&self) -> Vec<Here<C>> {
        vec![Here(self.0.clone())]
    }

    fn actions(&self, state: &Here<C>, actions: &mut Vec<C::Choice>) {
        actions.extend(state.0.choices());
    }

    fn next_state(&self, last: &Here<C>, action: C::Choice) -> Option<Here<C>> {
        Some(Here(last.0.after(&action)))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("safe", |_: &Self, Here(core): &Here<C>| core.broken().is_none())]
    }
}
