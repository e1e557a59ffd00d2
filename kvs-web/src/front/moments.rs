//! What the card of each store shows first: a moment at which something is going on.

use kvs_core::sim::schedule::Schedule;

use crate::player::Player;

/// By the name of a store: how it comes to that moment.
const MOMENTS: [(&str, &str); 11] = [
    ("local", "put x=1 expect ok\ntraffic every 300ms\nrun 420ms"),
    ("replicated", "put x=1 expect ok\ncut R1 | R2\ntraffic every 400ms\nrun 560ms"),
    ("sharded", "fill 12\nrun 900ms\ntraffic every 300ms\njoin S4\nrun 130ms"),
    ("sharded-replicated", "put x=1 expect ok\ntraffic every 300ms\nrun 620ms"),
    ("sharded-causal", "cut B1 | B2\nput x=1 expect ok\ntraffic every 400ms\nrun 450ms"),
    ("primary-backup", "put x=1 expect ok\ntraffic every 300ms\nrun 480ms"),
    ("vr", "put x=1 expect ok\ntraffic every 300ms\nrun 470ms"),
    ("raft", "put x=1 expect ok\ntraffic every 300ms\nrun 480ms"),
    ("linearizable", "put x=1 expect ok\ntraffic every 300ms\nrun 500ms"),
    ("smr", "put x=1 expect ok\ntraffic every 400ms\nrun 450ms"),
    ("versioned", "put x=1 @0 expect ok\ntraffic every 300ms\nrun 430ms"),
];

/// A run of the store of this name, at its moment; None if there is no such store.
pub fn moment(name: &str) -> Option<Player> {
    let (_, text) = MOMENTS.iter().find(|(store, _)| *store == name)?;
    // A question has just left, so that something moves.
    let schedule = Schedule::parse(&format!("zoo {name}\n{text}\nC2: get x\nrun 2ms")).ok()?;
    let outcome = schedule.run(&mut ());
    Some(Player::at(outcome.recording, outcome.end))
}

#[cfg(test)]
mod tests {
    use super::super::picture::SIZE;
    use super::*;
    use crate::stage::to_svg_string;
    use kvs_core::zoo::catalog::EXHIBITS;

    #[test]
    fn every_store_has_a_moment_at_which_something_is_on_its_way() {
        for exhibit in &EXHIBITS {
            let player = moment(exhibit.name).unwrap_or_else(|| panic!("{}: no moment", exhibit.name));
            assert_eq!(player.architecture().animal, exhibit.animal);
            assert!(!player.world().letters().is_empty(), "{}: nothing moves", exhibit.name);
            assert!(!player.history().operations().is_empty(), "{}: nobody has asked", exhibit.name);
        }
    }

    /// `KVS_BLESS=1 cargo test -p kvs-web moments` draws them anew. Look at them before you commit them.
    #[test]
    fn the_stills_are_of_these_moments() {
        let (width, height) = SIZE;
        let pictures = EXHIBITS.iter().map(|exhibit| {
            let player = moment(exhibit.name).unwrap_or_else(|| panic!("{}: no moment", exhibit.name));
            to_svg_string(&player, width, height) + "\n"
        });
        let pictures: String = pictures.collect();
        assert_eq!(pictures.lines().count(), EXHIBITS.len(), "one a line");
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/front/pictures.txt");
        if std::env::var_os("KVS_BLESS").is_some() {
            std::fs::write(file, &pictures).expect("it is written");
        }
        assert!(std::fs::read_to_string(file).is_ok_and(|known| known == pictures), "the stills look different");
    }
}
