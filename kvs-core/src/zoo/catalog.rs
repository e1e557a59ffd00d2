//! All exhibits, in the order in which a newcomer should meet them.

use super::{Animal, Architecture, exhibits};

/// A named choice of parts, with what a card says about it.
#[derive(Clone, Copy, Debug)]
pub struct Exhibit {
    /// Which animal it is.
    pub animal: Animal,
    /// What links, schedules and examples call it.
    pub name: &'static str,
    /// What the page calls it.
    pub title: &'static str,
    /// One sentence: what it is.
    pub summary: &'static str,
    /// One sentence: what it promises.
    pub promise: &'static str,
    /// One sentence: what a newcomer should try.
    pub try_this: &'static str,
    pub(super) architecture: fn() -> Architecture,
}

impl Exhibit {
    /// Its parts, with the default options.
    pub fn architecture(&self) -> Architecture {
        (self.architecture)()
    }
}

/// All exhibits.
pub const EXHIBITS: [Exhibit; 11] = [
    exhibits::local::EXHIBIT,
    exhibits::replicated::EXHIBIT,
    exhibits::sharded::EXHIBIT,
    exhibits::sharded_replicated::EXHIBIT,
    exhibits::sharded_causal::EXHIBIT,
    exhibits::primary_backup::EXHIBIT,
    exhibits::vr::EXHIBIT,
    exhibits::raft::EXHIBIT,
    exhibits::linearizable::EXHIBIT,
    exhibits::smr::EXHIBIT,
    exhibits::versioned::EXHIBIT,
];

/// The exhibit of this name.
pub fn exhibit(name: &str) -> Option<&'static Exhibit> {
    EXHIBITS.iter().find(|exhibit| exhibit.name.eq_ignore_ascii_case(name))
}

/// The exhibit of an animal.
pub fn exhibit_of(animal: Animal) -> &'static Exhibit {
    match animal {
        Animal::Local => &EXHIBITS[0],
        Animal::Replicated => &EXHIBITS[1],
        Animal::Sharded => &EXHIBITS[2],
        Animal::ShardedReplicated => &EXHIBITS[3],
        Animal::ShardedCausal => &EXHIBITS[4],
        Animal::Raft => &EXHIBITS[7],
        Animal::Smr => &EXHIBITS[9],
        Animal::PrimaryBackup => &EXHIBITS[5],
        Animal::Linearizable => &EXHIBITS[8],
        Animal::Vr => &EXHIBITS[6],
        Animal::Versioned => &EXHIBITS[10],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exhibit_is_found_by_name_and_by_animal() {
        for known in &EXHIBITS {
            assert_eq!(exhibit(known.name).map(|found| found.animal), Some(known.animal));
            assert_eq!(exhibit_of(known.animal).name, known.name);
            assert_eq!(known.architecture().validate(), Ok(()));
        }
    }
}
