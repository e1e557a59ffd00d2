//! What must hold in a world, and whether it does.
//!
//! [`invariants`] look at the inside after every step. Checks of what clients were told (linearizability and its weaker kin) stand
//! beside them, one file a question.

pub mod invariants;
