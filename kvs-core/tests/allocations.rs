//! In steady state the engine allocates nothing: whatever is allocated for an event is the protocol's own.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use kvs_core::process::{Context, Event, EventOf, NodeId, Process};
use kvs_core::time::Span;
use kvs_core::world::{DiskOptions, LinkOptions, World};

/// Keeps a ball in the air with its neighbour, and a timer running, without owning anything.
#[derive(Clone)]
struct Player {
    partner: NodeId,
}

impl Process for Player {
    type Message = u64;
    type Timer = ();

    fn step(&mut self, event: EventOf<Self>, cx: &mut Context<'_, Self>) {
        match event {
            Event::Boot => {
                cx.send(self.partner, 0_u64);
                cx.set_timer((), Span::from_ms(100));
            }
            Event::Receive { from, message } => cx.send(from, message + 1),
            Event::Timer(()) => cx.set_timer((), Span::from_ms(100)),
        }
    }
}

#[test]
fn a_warm_world_allocates_nothing_per_event() {
    let players = (0..50).map(|node| Player { partner: NodeId(node ^ 1) });
    let mut world = World::new(players, 1, LinkOptions::default(), DiskOptions::default(), &mut ());
    let mut deliver = |events: u32| (0..events).for_each(|_| assert!(world.step(&mut ())));
    deliver(10_000);
    let counted = allocation_counter::measure(|| deliver(100_000));
    assert_eq!(counted.count_total, 0, "{counted:?}");
    let control = allocation_counter::measure(|| drop(std::hint::black_box(vec![1])));
    assert_eq!(control.count_total, 1, "the counter must be able to count");
}
