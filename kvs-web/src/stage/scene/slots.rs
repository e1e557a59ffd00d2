//! The log of a node that puts requests in order: a cell for each slot.

use kvs_core::ordering::{Glance, Slot, SlotState};

use super::text::{breadth, clip};
use crate::stage::markup::{Element, element};

/// A cell's width and height, and how far one is from the next.
const CELL: (f64, f64) = (14.5, 14.5);
const STEP: f64 = 16.5;

/// What a node is at the moment and by which ballot, in so many characters; a star is whom others follow. Of one whose voice does not
/// count, only that is said.
pub(super) fn badge(glance: &Glance, room: usize) -> String {
    if !glance.is_member() {
        return clip(glance.role, room);
    }
    let star = if glance.leads { "★ " } else { "" };
    let all = [
        format!("{star}{} {}", glance.role, glance.ballot),
        format!("{star}{}", glance.ballot),
        format!("{star}{}", glance.role),
    ];
    let fits = |text: &&String| breadth(text.trim_end()) <= room && text.trim_end() != star.trim_end();
    all.iter().find(fits).map_or_else(|| clip(&all[0], room), |text| text.trim_end().to_owned())
}

/// The same and the log, in words.
pub(super) fn in_words(glance: &Glance) -> String {
    let by = if glance.ballot.is_empty() { String::new() } else { format!(", {}", glance.ballot) };
    let mut words = format!("It is {}{by}.", glance.role);
    if !glance.slots.is_empty() {
        let slots: Vec<String> = glance.slots.iter().map(slot_in_words).collect();
        words.push_str(&format!(" Its log: {}.", slots.join("; ")));
    }
    words
}

fn slot_in_words(slot: &Slot) -> String {
    let Slot { number, command, ballot, state } = slot;
    let by = if ballot.is_empty() { String::new() } else { format!(" under {ballot}") };
    match state {
        SlotState::Hole => format!("slot {number} is not known"),
        _ if command.is_empty() => format!("slot {number}, {}{by}", word(*state)),
        _ => format!("slot {number}: {command}, {}{by}", word(*state)),
    }
}

fn word(state: SlotState) -> &'static str {
    match state {
        SlotState::Hole => "hole",
        SlotState::Proposed => "proposed",
        SlotState::Accepted => "accepted",
        SlotState::Chosen => "chosen",
        SlotState::Applied => "applied",
    }
}

/// The newest slots that there is room for, in a row.
pub(super) fn strip(glance: &Glance, left: f64, top: f64, width: f64) -> Option<Element> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few")]
    let room = (((width + STEP - CELL.0) / STEP) as usize).min(Glance::SLOTS_MAX);
    let skipped = glance.slots.len().saturating_sub(room);
    let slots = glance.slots.get(skipped..).filter(|slots| !slots.is_empty())?;
    let cells = slots.iter().enumerate().map(|(place, slot)| {
        let x = left + STEP * place as f64;
        let class = format!("slot {}", word(slot.state));
        // Two digits are read at a glance; the whole number is in the words.
        let number = if slot.state == SlotState::Hole { String::from("·") } else { (slot.number % 100).to_string() };
        let cell = element("rect").at("x", x).at("y", top).at("width", CELL.0).at("height", CELL.1).at("rx", 3.0);
        let number = element("text").text(&number).with("text-anchor", "middle");
        element("g")
            .key(slot.number.to_string())
            .with("class", class)
            .child(element("title").text(slot_in_words(slot)))
            .child(cell)
            .child(number.at("x", x + CELL.0 / 2.0).at("y", top + CELL.1 - 4.0))
    });
    Some(element("g").key("log").with("class", "log").with("aria-hidden", "true").children(cells.collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glance(leads: bool) -> Glance {
        let slot = |number, state| Slot { number, command: "put k=x".into(), ballot: "2.1".into(), state };
        let slots = vec![slot(1, SlotState::Applied), slot(2, SlotState::Hole), slot(3, SlotState::Accepted)];
        Glance { role: "leader", leads, ballot: "2.1".into(), slots }
    }

    #[test]
    fn a_badge_says_as_much_as_there_is_room_for() {
        assert_eq!(badge(&glance(true), 20), "★ leader 2.1");
        assert_eq!(badge(&glance(true), 6), "★ 2.1");
        assert_eq!(badge(&glance(false), 3), "2.1");
        assert_eq!(badge(&Glance { role: Glance::LEARNER, ..glance(false) }, 20), "learner");
    }

    #[test]
    fn a_log_is_told_in_words() {
        let words = "It is leader, 2.1. Its log: slot 1: put k=x, applied under 2.1; slot 2 is not known; \
                     slot 3: put k=x, accepted under 2.1.";
        assert_eq!(in_words(&glance(true)), words);
    }

    #[test]
    fn the_newest_slots_are_shown_where_not_all_have_room() {
        let mut shown = String::new();
        strip(&glance(true), 0.0, 0.0, 2.0 * STEP).expect("there are slots").print(&mut shown);
        assert!(!shown.contains("slot applied") && shown.contains("slot hole") && shown.contains("slot accepted"));
    }
}
