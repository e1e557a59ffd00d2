//! The cores of Multi-Paxos and of replicas without a leader, gone through exhaustively by two model checkers: our own and `stateright`.
//! With all rules nothing is broken, and both count the same states; without one of them both find the same, equally soon.
//!
//! The largest models of Multi-Paxos are reduced: what cannot matter any more is left out of their states. That this changes nothing that
//! may come out is seen where the whole model is small enough to be gone through, too.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

mod models;

use std::collections::{BTreeMap, BTreeSet};

use kvs_core::ordering::paxos::{Adopts, Safety};
use kvs_core::ordering::rabia::{AgreeOn, Coin, RabiaOptions, WithoutMajority};
use kvs_core::quorum::Counted;
use models::paxos::{Agreeing, Chosen, Decided, Left};
use models::rabia::Slot;
use models::{Core, Verdict, all, ours, theirs};

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

/// A reduced model shows it as well as the whole one.
fn both_break(name: &str, first: &Agreeing, expected: &[&str]) {
    breaks(name, first, expected);
    breaks(&format!("{name}, reduced"), &first.clone().reduced(), expected);
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
    let safety = Safety::default;
    holds("L2 takes over, votes are lost", &Agreeing::while_l1_leads(safety(), L2).without_votes(), 700);
    holds("L1 is gone", &Agreeing::after_l1_has_crashed(safety(), L2, false), 100);
    holds("five acceptors, votes are lost", &Agreeing::while_l1_leads_many(2, safety(), L2).without_votes(), 30_000);
    holds("five acceptors", &Agreeing::while_l1_leads_many(2, safety(), L2).reduced(), 7_000);
}

/// Here nothing is left out.
#[test]
fn what_is_chosen_stays_chosen_when_votes_come_back_at_any_time() {
    holds("L2 takes over", &Agreeing::while_l1_leads(Safety::default(), L2), 100_000);
}

/// The first has been heard by one acceptor only, and has forgotten that; then both would like to lead.
#[test]
fn what_is_chosen_stays_chosen_when_two_would_like_to_lead() {
    holds("both elect", &Agreeing::after_l1_has_crashed(Safety::default(), BOTH, true).reduced(), 60_000);
}

/// The first finds out that it was overtaken, or not, and tries again.
#[test]
fn what_is_chosen_stays_chosen_when_a_leader_is_overtaken_and_tries_again() {
    holds("L1 leads, and both elect", &Agreeing::while_l1_leads(Safety::default(), BOTH).reduced(), 150_000);
}

/// What may be chosen by which ballots, and with each what may be said to be.
fn outcomes(model: &Agreeing) -> (BTreeMap<Chosen, BTreeSet<Decided>>, u64) {
    let (outcomes, states) = all(model, Agreeing::outcome);
    let mut decided: BTreeMap<Chosen, BTreeSet<Decided>> = BTreeMap::new();
    for outcome in outcomes {
        decided.entry(outcome.chosen).or_default().extend(outcome.decided);
    }
    (decided, states)
}

/// What the reduced models leave out changes nothing that may come out.
#[test]
fn what_cannot_matter_may_be_left_out() {
    let takes_over = Agreeing::while_l1_leads(Safety::default(), L2);
    whole_and_reduced("L2 takes over, votes are lost", &takes_over.clone().without_votes());
    whole_and_reduced("L2 takes over", &takes_over);
    whole_and_reduced("an old vote", &Agreeing::after_l1_has_crashed(Safety::default(), L1, true));
}

/// Of 1,660,241 states 65,975 are left.
#[test]
#[ignore = "takes a minute and 1 GB: cargo test -p kvs-core --test model_checked -- --ignored"]
fn what_cannot_matter_may_be_left_out_when_two_would_like_to_lead() {
    whole_and_reduced("both elect, votes are lost", &Agreeing::after_l1_has_crashed(Safety::default(), BOTH, false));
}

fn whole_and_reduced(name: &str, model: &Agreeing) {
    let (found, states) = outcomes(&model.clone().reduced());
    let (expected, states_of_all) = outcomes(model);
    println!("{name}: {} outcomes, {states} states of {states_of_all}", found.len());
    assert_eq!(found, expected, "{name}");
    assert!(found.len() > 2 && states < states_of_all, "{name}");
}

#[test]
fn votes_are_counted_by_voter() {
    let left = Left { elections: [0, 0], duplicates: 1, crashes: 0 };
    let careless = Safety { counted: Counted::Messages, ..Safety::default() };
    holds("a duplicate", &Agreeing::while_l1_leads(Safety::default(), left), 30);
    let taken_over = Agreeing::while_l1_leads(Safety::default(), Left { elections: [0, 1], ..left });
    holds("a duplicate, and L2 takes over", &taken_over.without_votes(), 9_000);
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
    both_break(
        "any command is adopted",
        &Agreeing::after_l1_has_crashed(careless, BOTH, false),
        &["something else than what is chosen"],
    );
}

#[test]
fn no_ballot_is_used_twice() {
    let careless = Safety { ballots_persist: false, ..Safety::default() };
    holds("L1 comes back", &Agreeing::after_l1_has_crashed(Safety::default(), L1, false), 100);
    both_break(
        "a ballot is used twice",
        &Agreeing::after_l1_has_crashed(careless, L1, false),
        &["two commands by one ballot"],
    );
}

#[test]
fn acceptors_remember() {
    let left = Left { crashes: 1, ..L2 };
    let careless = Safety { acceptors_persist: false, ..Safety::default() };
    holds("an acceptor crashes", &Agreeing::while_l1_leads(Safety::default(), left).without_votes(), 1_000);
    both_break(
        "an acceptor forgets",
        &Agreeing::while_l1_leads(careless, left),
        &["something else than what is chosen"],
    );
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
