use alloc::vec;

use super::*;
use crate::process::{Context, EventOf};

/// Wants to be woken after a while, and after a longer one whenever it hears something.
#[derive(Clone, Default)]
struct Sleeper {
    woken: u32,
}

impl Process for Sleeper {
    type Message = ();
    type Timer = u8;

    fn step(&mut self, event: EventOf<Self>, cx: &mut Context<'_, Self>) {
        match event {
            Event::Boot if cx.me() == NodeId(0) => cx.send(NodeId(1), ()),
            Event::Boot => cx.set_timer(1, Span::from_ms(100)),
            Event::Receive { .. } => cx.set_timer(1, Span::from_secs(10)),
            Event::Timer(_) => self.woken += 1,
        }
    }
}

/// A world in which node 1 is paused, has a timer that ran out meanwhile, and then hears something by hand.
fn paused_and_told() -> World<Sleeper> {
    let mut world = World::new(vec![Sleeper::default(); 2], 1, LinkOptions::default(), DiskOptions::default(), &mut ());
    let (letter, ..) = world.letters()[0];
    assert!(world.pause(NodeId(1)) && world.hold_message(letter));
    world.advance_to(Time::from_us(200_000), &mut ());
    assert!(world.deliver_message(letter, &mut ()));
    world
}

#[test]
fn a_timer_that_ran_out_during_a_pause_and_was_set_anew_runs_out_once() {
    let mut world = paused_and_told();
    assert!(world.resume(NodeId(1)));
    world.advance_to(Time::from_us(1_000_000), &mut ());
    assert_eq!(world.node(NodeId(1)).woken, 0);
    world.advance_to(Time::from_us(20_000_000), &mut ());
    assert_eq!(world.node(NodeId(1)).woken, 1);
}

#[test]
fn no_timer_outlives_a_crash() {
    let mut world = paused_and_told();
    assert!(world.resume(NodeId(1)) && world.crash(NodeId(1), &mut ()));
    assert!(world.timers(NodeId(1)).is_empty());
    world.advance_to(Time::from_us(20_000_000), &mut ());
    assert_eq!(world.node(NodeId(1)).woken, 0);
}
