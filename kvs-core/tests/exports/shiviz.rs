//! A run as a log for ShiViz: clocks are what happened before.

use std::collections::BTreeMap;

use kvs_core::process::NodeId;
use kvs_core::sim::{Entry, Fate, Input, Trace, What, describe, export, summarize};
use kvs_core::world::{Loss, Sequence};

use super::{EVENTFUL, Run, lines, runs, said, written};

/// An event as ShiViz reads it with the regular expression `PARSER`.
struct Seen {
    host: String,
    clock: BTreeMap<String, u64>,
    time: String,
    event: String,
}

fn read_shiviz(text: &str) -> Vec<Seen> {
    let lines = lines(text);
    assert_eq!(lines.len() % 2, 0);
    lines
        .chunks(2)
        .map(|pair| {
            // What ends a line for `.` in JavaScript.
            assert!(!pair.iter().any(|line| line.contains(['\r', '\u{2028}', '\u{2029}'])), "{pair:?}");
            let (host, clock) = pair[0].split_once(' ').expect("host and clock");
            assert!(clock.starts_with('{') && clock.ends_with('}'));
            let (time, event) = pair[1].split_once(' ').expect("time and event");
            let clock = serde_json::from_str(clock).expect("a clock is JSON");
            Seen { host: host.to_owned(), clock, time: time.to_owned(), event: unescape(event) }
        })
        .collect()
}

fn unescape(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        plain.push(match (c, (c == '\\').then(|| rest.next().expect("something is escaped"))) {
            (c, None) => c,
            (_, Some('n')) => '\n',
            (_, Some('r')) => '\r',
            (_, Some('t')) => '\t',
            (_, Some('\\')) => '\\',
            (_, Some('u')) => {
                let code: String = rest.by_ref().skip(1).take_while(|c| *c != '}').collect();
                char::from_u32(u32::from_str_radix(&code, 16).expect("a number")).expect("a sign")
            }
            (_, Some(other)) => panic!("\\{other} is no escape"),
        });
    }
    plain
}

/// An entry that is an event of a node, and the other event that it depends on besides the one before on the same node.
struct Caused<'a> {
    entry: &'a Entry,
    host: NodeId,
    cause: Option<usize>,
}

/// The rules again, over the entries: who did what, and which sending a delivery comes from. A message is the same one
/// if it has the same number; where pausing has given it another, if there is only one like it.
fn caused(trace: &Trace) -> Vec<Caused<'_>> {
    let mut events: Vec<Caused<'_>> = Vec::new();
    let mut sendings: BTreeMap<Sequence, usize> = BTreeMap::new();
    let mut twin_of = None;
    for entry in trace.entries() {
        let place = events.len();
        let mut event = |host: NodeId, cause| events.push(Caused { entry, host, cause });
        match &entry.what {
            What::Sent { id, .. } if sendings.contains_key(id) => {}
            What::Sent { id, from, .. } => {
                let original = twin_of.and_then(|original| sendings.get(&original).copied());
                sendings.insert(*id, original.unwrap_or(place));
                if original.is_none() {
                    event(*from, None);
                }
            }
            What::Lost { id, from, why: Loss::Random | Loss::Cut, .. } if !sendings.contains_key(id) => {
                event(*from, None);
            }
            What::Delivered { id, from, to, message } => {
                let cause = sendings.get(id).copied().unwrap_or_else(|| {
                    let alike = |other: &Caused<'_>| match &other.entry.what {
                        What::Sent { from: f, to: t, message: m, .. } => (f, t, m) == (from, to, message),
                        _ => false,
                    };
                    let alike: Vec<_> = (0..place).filter(|place| alike(&events[*place])).collect();
                    assert_eq!(alike.len(), 1, "it is clear which message this is: {message:?}");
                    alike[0]
                });
                events.push(Caused { entry, host: *to, cause: Some(cause) });
            }
            What::Asked { node, .. }
            | What::Told { node, .. }
            | What::Fired { node, .. }
            | What::Booted { node }
            | What::Crashed { node }
            | What::Synced { node }
            | What::Marked { node, .. } => event(*node, None),
            What::Lost { .. } | What::Did(_) => {}
        }
        twin_of = match entry.what {
            What::Did(Input::Message { id, fate: Fate::Duplicate }) => Some(id),
            _ => None,
        };
    }
    events
}

#[test]
fn shiviz_clocks_are_what_happened_before_and_nothing_else() {
    for run in runs() {
        let names = run.names();
        let seen = read_shiviz(&written(|out| export::shiviz(out, &names, &run.trace)));
        let events = caused(&run.trace);
        assert_eq!(seen.len(), events.len(), "{}", run.name);
        // The past of each event, itself included, as a set.
        let words = events.len().div_ceil(64);
        let mut pasts: Vec<Vec<u64>> = Vec::new();
        let mut last_of: BTreeMap<NodeId, usize> = BTreeMap::new();
        for (place, (seen, event)) in seen.iter().zip(&events).enumerate() {
            let mut past = vec![0_u64; words];
            past[place / 64] |= 1 << (place % 64);
            for before in last_of.insert(event.host, place).into_iter().chain(event.cause) {
                past.iter_mut().zip(&pasts[before]).for_each(|(mine, theirs)| *mine |= theirs);
            }
            pasts.push(past);

            assert_eq!(seen.host, names.name(event.host), "{}", run.name);
            assert_eq!(seen.time, event.entry.time.to_string());
            match describe(event.entry, &names) {
                Some(text) => assert_eq!(seen.event, text, "{}", run.name),
                None => {
                    assert!(seen.event.starts_with(names.name(event.host)), "{}", seen.event);
                    assert!(said(&event.entry.what).is_none_or(|message| seen.event.ends_with(&summarize(message))));
                }
            }
        }
        // A clock counts, for each host, the events of that host in the past of the event. As the events of a host are
        // in a row, that is what happened before.
        for (node, name) in (0..).map(NodeId).zip(names.iter()) {
            assert!(!name.contains(char::is_whitespace));
            let mut of_host = vec![0_u64; words];
            for (place, _) in events.iter().enumerate().filter(|(_, event)| event.host == node) {
                of_host[place / 64] |= 1 << (place % 64);
            }
            let mut own = 0;
            for (seen, past) in seen.iter().zip(&pasts) {
                let known: u32 = past.iter().zip(&of_host).map(|(past, host)| (past & host).count_ones()).sum();
                let said = seen.clock.get(name).copied();
                assert_eq!(said, (known > 0).then_some(u64::from(known)), "{}: {}", run.name, seen.event);
                if seen.host == name {
                    own += 1;
                    assert_eq!(said, Some(own), "{}: the first event is 1, the next one more", run.name);
                }
            }
        }
        assert!(seen.iter().all(|seen| seen.clock.keys().all(|host| names.iter().any(|name| name == host))));
    }
}

#[test]
fn the_eventful_run_has_every_kind_of_loss_and_messages_that_come_twice() {
    let run = Run::new("eventful", EVENTFUL);
    let has = |is: &dyn Fn(&What) -> bool| run.trace.entries().iter().any(|entry| is(&entry.what));
    for loss in [Loss::Random, Loss::Cut, Loss::Down, Loss::Dropped] {
        assert!(has(&|what| matches!(what, What::Lost { why, .. } if *why == loss)), "{loss:?}");
    }
    assert!(has(&|what| matches!(what, What::Did(Input::Message { fate: Fate::Duplicate, .. }))));
    let sent = |id: &Sequence| has(&|what| matches!(what, What::Sent { id: sent, .. } if sent == id));
    for loss in [Loss::Random, Loss::Cut] {
        let is_new = |what: &What| matches!(what, What::Lost { id, why, .. } if *why == loss && !sent(id));
        assert!(has(&is_new), "{loss:?}: lost before it left");
    }
    assert!(has(&|what| matches!(what, What::Lost { id, .. } if sent(id))), "lost on its way");
}
