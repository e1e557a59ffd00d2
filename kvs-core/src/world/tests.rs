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

/// Writes two files, syncs one of them, and tells of both.
#[derive(Clone, Default)]
struct Writer;

impl Process for Writer {
    type Message = &'static str;
    type Timer = ();

    fn step(&mut self, event: EventOf<Self>, cx: &mut Context<'_, Self>) {
        if event == Event::Boot && cx.me() == NodeId(0) && cx.incarnation() == 0 {
            cx.disk().append("forgotten", b"it was never synced");
            cx.when_synced().send(NodeId(1), "forgotten");
            cx.disk().append("synced", b"it was");
            cx.disk().sync("synced");
            cx.disk().append("later", b"nor was this");
            cx.when_synced().send(NodeId(1), "synced");
        }
    }
}

#[test]
fn a_letter_waits_for_what_was_synced_and_for_nothing_else() {
    let disks =
        DiskOptions { sync_latency: Span::from_ms(5), write_back: Span::from_secs(1), ..DiskOptions::default() };
    let mut world = World::new(vec![Writer; 2], 1, LinkOptions::default(), disks, &mut ());
    let waiting = |world: &World<Writer>| {
        let letters = world.letters();
        let parked = letters.iter().filter(|(_, whereabouts, _)| *whereabouts == Whereabouts::Parked);
        parked.map(|(_, _, letter)| letter.message).collect::<Vec<_>>()
    };
    assert_eq!(waiting(&world), ["synced"]);
    world.advance_to(Time::from_us(5_000), &mut ());
    assert_eq!(waiting(&world), [""; 0]);
    assert!(world.crash(NodeId(0), &mut ()));
    let disk = world.disk(NodeId(0));
    assert_eq!((disk.read("synced"), disk.read("later")), (Some(&b"it was"[..]), None));
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
