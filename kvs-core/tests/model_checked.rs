//! The cores of Multi-Paxos and of replicas without a leader, gone through exhaustively by two model checkers: our own and `stateright`.
//! With all rules nothing is broken, and both count the same states; without one of them both find the same, equally soon.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

mod models;

use kvs_core::ordering::paxos::{Adopts, Safety};
use kvs_core::ordering::rabia::{AgreeOn, Coin, RabiaOptions, WithoutMajority};
use kvs_core::quorum::Counted;
use models::paxos::{Agreeing, Left};
use models::rabia::Slot;
use models::{Core, Verdict, ours, theirs};

/// Both say so.
fn both(name: &str, first: &impl Core) -> Verdict {
    let verdict = ours(first);
    println!("{name}: {verdict:?}");
    assert_eq!(verdict, theirs(first), "{name}");
    verdict
}

fn holds(name: &str, first: &impl Core, states_min: u64) {
    match both(name, first) {
        Verdict::Holds { states } => {
            assert!(states >= states_min, "{name}: {states} states are too few to mean anything");
        }
        Verdict::Broken { .. } => panic!("{name}: broken"),
    }
}

fn breaks(name: &str, first: &impl Core, expected: &[&str]) {
    match both(name, first) {
        Verdict::Broken { what, .. } => assert!(expected.contains(&what), "{name}: {what}"),
        Verdict::Holds { states } => panic!("{name}: not found in {states} states"),
    }
}

// ---- Multi-Paxos

const L2: Left = Left { elections: [0, 1], duplicates: 0, crashes: 0 };
const L1: Left = Left { elections: [1, 0], duplicates: 0, crashes: 0 };
const BOTH: Left = Left { elections: [1, 1], duplicates: 0, crashes: 0 };

/// A second proposer takes over at any moment while the first is at work, or after it has crashed.
#[test]
fn what_is_chosen_stays_chosen_when_another_takes_over() {
    holds("L2 takes over", &Agreeing::while_l1_leads(Safety::default(), L2).without_votes(), 100);
    holds("L1 is gone", &Agreeing::after_l1_has_crashed(Safety::default(), L2, false), 100);
}

#[test]
#[ignore = "takes many minutes"]
fn what_is_chosen_stays_chosen_when_votes_come_back_at_any_time() {
    holds("L2 takes over, and votes come back", &Agreeing::while_l1_leads(Safety::default(), L2), 1_000);
}

/// The first has been heard by one acceptor only, and has forgotten that; then both would like to lead.
#[test]
#[ignore = "takes many minutes"]
fn what_is_chosen_stays_chosen_when_two_would_like_to_lead() {
    holds("both elect", &Agreeing::after_l1_has_crashed(Safety::default(), BOTH, false), 1_000);
}

#[test]
fn votes_are_counted_by_voter() {
    let left = Left { elections: [0, 0], duplicates: 1, crashes: 0 };
    let careless = Safety { counted: Counted::Messages, ..Safety::default() };
    holds("a duplicate", &Agreeing::while_l1_leads(Safety::default(), left), 30);
    breaks("a duplicate counts", &Agreeing::while_l1_leads(careless, left), &["decided, and not chosen"]);
}

#[test]
fn votes_count_in_their_own_ballot() {
    let careless = Safety { votes_by_ballot: false, ..Safety::default() };
    holds("an old vote", &Agreeing::after_l1_has_crashed(Safety::default(), L1, true), 100);
    breaks("an old vote counts", &Agreeing::after_l1_has_crashed(careless, L1, true), &["decided, and not chosen"]);
}

#[test]
fn a_new_leader_adopts_the_newest() {
    let careless = Safety { adopts: Adopts::Any, ..Safety::default() };
    breaks(
        "any command is adopted",
        &Agreeing::after_l1_has_crashed(careless, BOTH, false),
        &["something else than what is chosen"],
    );
}

#[test]
fn no_ballot_is_used_twice() {
    let careless = Safety { ballots_persist: false, ..Safety::default() };
    holds("L1 comes back", &Agreeing::after_l1_has_crashed(Safety::default(), L1, false), 100);
    breaks(
        "a ballot is used twice",
        &Agreeing::after_l1_has_crashed(careless, L1, false),
        &["two commands by one ballot"],
    );
}

#[test]
fn acceptors_remember() {
    let left = Left { crashes: 1, ..L2 };
    let careless = Safety { acceptors_persist: false, ..Safety::default() };
    breaks("an acceptor forgets", &Agreeing::while_l1_leads(careless, left), &["something else than what is chosen"]);
}

// ---- replicas without a leader

const PHASES: u32 = 2;

/// The coin is tossed at the end of a phase: what it shows in the last one is not seen any more.
#[test]
fn replicas_agree_whatever_the_coin_shows() {
    for coin in [false, true] {
        for proposed in [[1, 1, 1], [1, 1, 2]] {
            let slot = Slot::new(RabiaOptions::default(), proposed, &[coin], PHASES, 0);
            holds(&format!("{proposed:?}, the coin shows {coin}"), &slot, 100);
        }
    }
    // As long as it shows 0, two who have heard a majority for 1 may remain two.
    let slot = Slot::new(RabiaOptions::default(), [1, 1, 2], &[false, false], PHASES + 1, 0);
    holds("three phases, the coin shows 0 twice", &slot, 10_000);
}

/// A private coin alone costs time, not agreement.
#[test]
fn a_coin_of_ones_own_breaks_nothing_unless_votes_are_random_too() {
    let private = RabiaOptions { coin: Coin::Private, ..RabiaOptions::default() };
    holds("private coins", &Slot::new(private.clone(), [1, 1, 2], &[], PHASES, 0), 100);
    let random = RabiaOptions { without_majority: WithoutMajority::Random, ..private };
    breaks(
        "private coins and random votes",
        &Slot::new(random, [1, 1, 2], &[], PHASES, 0),
        &["votes for both in one phase", "two decisions"],
    );
}

#[test]
fn a_decision_is_about_a_request() {
    let bit = RabiaOptions { agree_on: AgreeOn::Bit, ..RabiaOptions::default() };
    breaks("only the bit", &Slot::new(bit, [1, 1, 2], &[], PHASES, 0), &["a request that no majority has proposed"]);
}

#[test]
fn replicas_remember_what_they_have_said() {
    holds("a crash", &Slot::new(RabiaOptions::default(), [1, 1, 2], &[true], 1, 1), 100);
    let forgetful = RabiaOptions { persists_votes: false, ..RabiaOptions::default() };
    breaks(
        "a crash is forgotten",
        &Slot::new(forgetful, [1, 1, 2], &[true], 2, 1),
        &["votes for both in one phase", "two decisions", "two requests"],
    );
}
