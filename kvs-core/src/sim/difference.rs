use super::{Entry, What};
use crate::time::Time;

/// Where two stories part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference<'a> {
    /// When.
    pub time: Time,
    /// What happens then in the one; None if nothing does.
    pub one: Option<&'a Entry>,
    /// What happens then in the other.
    pub other: Option<&'a Entry>,
}

/// The first thing that happens in one story and not in the other. Numbers of messages do not count: one message more, and all that
/// are sent later have other ones. Nor does when a message is due: it counts when it arrives.
pub fn first_difference<'a>(one: &'a [Entry], other: &'a [Entry]) -> Option<Difference<'a>> {
    let same = one.iter().zip(other).take_while(|(one, other)| says_the_same(one, other)).count();
    let (mut one, mut other) = (one.get(same), other.get(same));
    let time = one.into_iter().chain(other).map(|entry| entry.time).min()?;
    // What the other story tells next, but later, is no part of this moment.
    one = one.filter(|entry| entry.time == time);
    other = other.filter(|entry| entry.time == time);
    Some(Difference { time, one, other })
}

fn says_the_same(one: &Entry, other: &Entry) -> bool {
    one.time == other.time
        && match (&one.what, &other.what) {
            (
                What::Sent { from, to, message, .. },
                What::Sent { from: other_from, to: other_to, message: other_message, .. },
            )
            | (
                What::Delivered { from, to, message, .. },
                What::Delivered { from: other_from, to: other_to, message: other_message, .. },
            ) => (from, to, message) == (other_from, other_to, other_message),
            (
                What::Lost { from, to, message, why, .. },
                What::Lost { from: other_from, to: other_to, message: other_message, why: other_why, .. },
            ) => (from, to, message, why) == (other_from, other_to, other_message, other_why),
            (one, other) => one == other,
        }
}
