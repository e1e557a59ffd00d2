//! The store that a replicated state machine executes: equal slots lead to equal states, bytes and notifications, and a batch is done
//! altogether or not at all.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use std::collections::BTreeMap;
use std::sync::Arc;

use kvs_core::op::{Key, Value};
use kvs_core::storage::smr::{
    Batches, Cause, ChangeNotification, Delivery, ENTRY_OVERHEAD, Envelope, Eviction, Expiry, KVData, KVOperation,
    KVResult, KVStoreConfig, KVStoreError, KVStoreSMR, Position, SnapshotError, StateMachine, SubscriptionId, Touch,
    room,
};
use kvs_core::time::{Span, Time};
use proptest::prelude::*;

fn key(name: &str) -> Key {
    Key::new(name).expect("short")
}

fn value(text: &str) -> Value {
    Value::new(text).expect("short")
}

fn set(name: &str, text: &str) -> KVOperation {
    KVOperation::Set { key: key(name), value: value(text), ttl: None }
}

fn set_for(name: &str, text: &str, ms: u64) -> KVOperation {
    KVOperation::Set { key: key(name), value: value(text), ttl: Some(Span::from_ms(ms)) }
}

fn store(config: KVStoreConfig) -> KVStoreSMR {
    KVStoreSMR::new(config.into())
}

fn at(ms: u64) -> Time {
    Time::ZERO + Span::from_ms(ms)
}

fn names(store: &KVStoreSMR) -> Vec<&str> {
    store.state().data.keys().map(Key::as_str).collect()
}

/// All that waits for a subscriber.
fn taken(store: &mut KVStoreSMR, id: SubscriptionId) -> Vec<Delivery> {
    std::iter::from_fn(|| store.take_notification(id)).collect()
}

fn changes(deliveries: &[Delivery]) -> Vec<Envelope> {
    let change = |delivery: &Delivery| match delivery {
        Delivery::Change(envelope) => (**envelope).clone(),
        other => panic!("{other:?} is no change"),
    };
    deliveries.iter().map(change).collect()
}

#[test]
fn every_command_has_its_result() {
    let mut store = store(KVStoreConfig::default());
    store.begin_slot(1, at(5), Time::ZERO);
    assert_eq!(store.apply_command(&KVOperation::Get(key("k"))), KVResult::NotFound);
    assert_eq!(store.set(key("k"), value("x")), KVResult::DONE);
    assert_eq!(store.apply_command(&KVOperation::Get(key("k"))), KVResult::success(value("x")));
    assert_eq!(store.apply_command(&KVOperation::Exists(key("k"))), KVResult::success(true));
    assert_eq!(store.apply_command(&KVOperation::Exists(key("j"))), KVResult::success(false));
    assert_eq!(store.apply_command(&set("a", "")), KVResult::DONE);
    let keys = KVData::Keys([key("a"), key("k")].into());
    assert_eq!(store.apply_command(&KVOperation::ListKeys), KVResult::Success(keys));
    assert_eq!(store.apply_command(&KVOperation::Size), KVResult::success(2));
    assert_eq!(store.delete(key("k")), KVResult::DONE);
    assert_eq!(store.delete(key("k")), KVResult::NotFound);
    assert_eq!(store.apply_command(&KVOperation::Clear), KVResult::DONE);
    assert_eq!(store.apply_command(&KVOperation::Tick), KVResult::DONE);
    assert_eq!(store.size(), 0);
    assert_eq!(store.state().operation_count, 12);
    assert_eq!((store.state().created_at, store.state().last_modified), (at(5), at(5)));
}

#[test]
fn a_slot_is_executed_once_and_the_time_of_the_log_never_goes_back() {
    let mut store = store(KVStoreConfig::default());
    assert!(store.begin_slot(3, at(50), Time::ZERO));
    assert!(!store.begin_slot(3, at(60), Time::ZERO) && !store.begin_slot(2, at(60), Time::ZERO));
    assert!(store.begin_slot(4, at(20), Time::ZERO));
    assert_eq!(store.state().log_time, at(50));
}

#[test]
fn room_is_counted_by_a_formula_and_what_does_not_fit_is_refused() {
    let two = room(&key("a"), &value("1")) + room(&key("bb"), &value("22"));
    assert_eq!(two, 2 + 4 + 2 * ENTRY_OVERHEAD);
    let mut store = store(KVStoreConfig {
        max_entries: 3,
        max_memory_bytes: two,
        max_value_bytes: 3,
        max_key_bytes: 4,
        ..KVStoreConfig::default()
    });
    store.begin_slot(1, at(1), Time::ZERO);
    let refused = |error| KVResult::Error(error);
    assert_eq!(store.apply_command(&set("a", "1")), KVResult::DONE);
    assert_eq!(store.apply_command(&set("bb", "22")), KVResult::DONE);
    assert_eq!(store.room(), two);
    assert_eq!(store.apply_command(&set("c", "")), refused(KVStoreError::StoreFull));
    assert_eq!(store.apply_command(&set("bb", "333")), refused(KVStoreError::StoreFull), "one byte too much");
    assert_eq!(store.apply_command(&set("a", "")), KVResult::DONE);
    assert_eq!(store.apply_command(&set("bb", "333")), KVResult::DONE, "there is room now");
    assert_eq!(store.apply_command(&set("a", "4444")), refused(KVStoreError::ValueTooLarge));
    assert_eq!(store.apply_command(&set("", "x")), refused(KVStoreError::InvalidKey));
    assert_eq!(store.apply_command(&set("ééé", "x")), refused(KVStoreError::InvalidKey), "bytes count, not characters");
    assert_eq!(store.metrics().refused, 5);
    assert_eq!(names(&store), ["a", "bb"]);
}

#[test]
fn the_oldest_write_goes_first_and_among_equals_the_first_key() {
    let mut store =
        store(KVStoreConfig { max_entries: 2, eviction: Eviction::OldestWrite, ..KVStoreConfig::default() });
    store.begin_slot(1, at(1), Time::ZERO);
    store.apply_commands(&[set("b", "1"), set("a", "1")]);
    store.begin_slot(2, at(2), Time::ZERO);
    store.apply_commands(&[KVOperation::Get(key("a")), set("c", "1")]);
    assert_eq!(names(&store), ["b", "c"], "reads do not count, and a stands before b");
    store.begin_slot(3, at(3), Time::ZERO);
    store.apply_commands(&[set("b", "2")]);
    store.begin_slot(4, at(4), Time::ZERO);
    store.apply_commands(&[set("d", "1")]);
    assert_eq!(names(&store), ["b", "d"]);
    assert_eq!(store.metrics().evicted, 2);
}

#[test]
fn what_was_not_used_for_longest_goes_first_and_reads_of_the_log_are_uses() {
    let config = KVStoreConfig { max_entries: 2, eviction: Eviction::LruLogged, ..KVStoreConfig::default() };
    let mut store = store(config);
    for (slot, command) in (1..).zip([set("a", "1"), set("b", "1"), KVOperation::Get(key("a")), set("c", "1")]) {
        store.begin_slot(slot, at(slot), Time::ZERO);
        store.read_here(&key("b"));
        store.apply_command(&command);
    }
    assert_eq!(names(&store), ["a", "c"], "a local read of b is no use of b");
    store.begin_slot(5, at(5), Time::ZERO);
    store.apply_commands(&[KVOperation::Exists(key("a"))]);
    store.begin_slot(6, at(6), Time::ZERO);
    store.apply_commands(&[set("d", "1")]);
    assert_eq!(names(&store), ["a", "d"]);
}

#[test]
fn so_many_go_as_it_takes_and_never_the_one_that_is_written() {
    let small = room(&key("a"), &value(""));
    let mut store = store(KVStoreConfig {
        max_memory_bytes: 3 * small,
        eviction: Eviction::OldestWrite,
        ..KVStoreConfig::default()
    });
    store.begin_slot(1, at(1), Time::ZERO);
    store.apply_commands(&[set("a", ""), set("b", ""), set("c", "")]);
    let all = store.subscribe_to_changes(None).expect("there are notifications");
    store.begin_slot(2, at(2), Time::ZERO);
    assert_eq!(store.apply_command(&set("a", &"x".repeat(50))), KVResult::DONE);
    assert_eq!(names(&store), ["a"]);
    let deliveries = taken(&mut store, all);
    let causes: Vec<Cause> = changes(&deliveries).iter().map(|envelope| envelope.cause).collect();
    assert_eq!(causes, [Cause::Evict, Cause::Evict, Cause::Client]);
    assert_eq!(store.apply_command(&set("b", &"x".repeat(200))), KVResult::Error(KVStoreError::StoreFull));
    assert_eq!(names(&store), ["a"], "for what can never fit nobody goes");
}

#[test]
fn what_is_due_is_dropped_when_the_next_slot_begins_in_the_order_of_instants_and_keys() {
    let mut store = store(KVStoreConfig::default());
    store.begin_slot(1, at(100), Time::ZERO);
    store.apply_commands(&[set_for("b", "1", 50), set_for("a", "1", 50), set_for("c", "1", 20), set_for("d", "1", 90)]);
    let all = store.subscribe_to_changes(None).expect("there are notifications");
    // The replica's own clock says nothing.
    assert_eq!(store.get(&key("c")), Some(&value("1")));
    store.begin_slot(2, at(119), at(9_000));
    assert_eq!(store.size(), 4);
    store.begin_slot(3, at(150), Time::ZERO);
    assert_eq!(names(&store), ["d"]);
    let deliveries = taken(&mut store, all);
    let gone: Vec<(u64, u32, String)> = changes(&deliveries)
        .into_iter()
        .map(|Envelope { position, cause, change }| {
            assert_eq!(cause, Cause::Ttl);
            let ChangeNotification::KeyDeleted { key, .. } = change else { panic!("{change:?} is no deletion") };
            (position.slot, position.i, key.to_string())
        })
        .collect();
    assert_eq!(gone, [(3, 0, "c".into()), (3, 1, "a".into()), (3, 2, "b".into())]);
    // A write without a time ends the time that was set before.
    store.apply_command(&set("d", "2"));
    store.begin_slot(4, at(9_000), Time::ZERO);
    assert_eq!(names(&store), ["d"]);
    // A time of nothing is up with the next slot.
    store.apply_command(&set_for("e", "1", 0));
    assert_eq!(names(&store), ["d", "e"]);
    store.begin_slot(5, Time::ZERO, Time::ZERO);
    assert_eq!(names(&store), ["d"]);
    assert_eq!(store.metrics().expired, 4);
}

#[test]
fn without_expiration_values_stay() {
    let mut store = store(KVStoreConfig { key_expiration_enabled: false, ..KVStoreConfig::default() });
    store.begin_slot(1, at(1), Time::ZERO);
    store.apply_command(&set_for("k", "x", 1));
    store.begin_slot(2, at(9_000), at(9_000));
    assert_eq!(names(&store), ["k"]);
}

#[test]
fn a_batch_is_done_altogether_or_not_at_all() {
    let mut store = store(KVStoreConfig { max_entries: 3, max_value_bytes: 9, ..KVStoreConfig::default() });
    store.begin_slot(1, at(1), Time::ZERO);
    store.apply_commands(&[set("a", "1"), set_for("b", "1", 50)]);
    let before = store.serialize_state().expect("bytes");
    let all = store.subscribe_to_changes(None).expect("there are notifications");
    let batch = [
        set("a", "2"),
        KVOperation::Clear,
        set("c", "1"),
        KVOperation::Delete(key("c")),
        KVOperation::Get(key("a")),
        set("d", "too long a value"),
        set("e", "1"),
    ];
    let results = store.apply_commands(&batch);
    let mut expected = vec![KVResult::Error(KVStoreError::RolledBack); 7];
    expected[5] = KVResult::Error(KVStoreError::ValueTooLarge);
    assert_eq!(results, expected);
    assert_eq!(store.serialize_state().expect("bytes"), before);
    assert_eq!(taken(&mut store, all), []);
    assert_eq!((store.metrics().rolled_back, store.metrics().done), (1, 2));
    // What follows from the entries was taken back, too: times are up, and room is counted.
    assert_eq!(store.room(), room(&key("a"), &value("1")) + room(&key("b"), &value("1")));
    store.begin_slot(2, at(60), Time::ZERO);
    assert_eq!(names(&store), ["a"]);
    assert_eq!(taken(&mut store, all).len(), 1);
}

#[test]
fn a_batch_that_stops_at_the_first_error_leaves_what_came_before() {
    let mut store = store(KVStoreConfig { batches: Batches::StopAtError, ..KVStoreConfig::default() });
    store.begin_slot(1, at(1), Time::ZERO);
    let results = store.apply_commands(&[set("a", "1"), set("", "1"), set("b", "1")]);
    let [invalid, not_run] = [KVStoreError::InvalidKey, KVStoreError::NotRun].map(KVResult::Error);
    assert_eq!(results, [KVResult::DONE, invalid, not_run]);
    assert_eq!(names(&store), ["a"]);
}

#[test]
fn changes_say_what_was_there_before_and_nothing_is_said_of_nothing() {
    let mut store = store(KVStoreConfig::default());
    let all = store.subscribe_to_changes(None).expect("there are notifications");
    let some = store.subscribe_to_prefix("user:", None).expect("there are notifications");
    store.begin_slot(7, at(1), Time::ZERO);
    store.apply_commands(&[
        KVOperation::Delete(key("user:1")),
        KVOperation::Clear,
        set("user:1", "x"),
        set("user:1", "x"),
        set("other", "y"),
        KVOperation::Delete(key("user:1")),
        KVOperation::Clear,
    ]);
    let deliveries = taken(&mut store, all);
    let is_set = |name: &str, text: &str, old: Option<&str>| ChangeNotification::KeySet {
        key: key(name),
        value: value(text),
        old_value: old.map(value),
    };
    let expected = [
        is_set("user:1", "x", None),
        is_set("user:1", "x", Some("x")),
        is_set("other", "y", None),
        ChangeNotification::KeyDeleted { key: key("user:1"), old_value: value("x") },
        ChangeNotification::StoreCleared { key_count: 1 },
    ];
    for (i, (envelope, expected)) in (0..).zip(changes(&deliveries).into_iter().zip(expected)) {
        let position = Position { slot: 7, i };
        assert_eq!(envelope, Envelope { position, cause: Cause::Client, change: expected });
    }
    assert_eq!(changes(&taken(&mut store, some)).iter().map(|c| c.position.i).collect::<Vec<_>>(), [0, 1, 3, 4]);
    assert!(store.unsubscribe(all) && !store.unsubscribe(all));
    store.apply_command(&set("z", "1"));
    assert_eq!(store.take_notification(all), None);
}

#[test]
fn who_is_slow_loses_the_oldest_and_is_told_how_many() {
    let mut store = store(KVStoreConfig { notification_buffer_size: 3, ..KVStoreConfig::default() });
    let slow = store.subscribe_to_changes(None).expect("there are notifications");
    for slot in 1..=8 {
        store.begin_slot(slot, at(slot), Time::ZERO);
        store.apply_command(&set("k", "x"));
    }
    let deliveries = taken(&mut store, slow);
    assert_eq!(deliveries[0], Delivery::Lagged { n: 5 });
    assert_eq!(changes(&deliveries[1..]).iter().map(|change| change.position.slot).collect::<Vec<_>>(), [6, 7, 8]);
    assert_eq!(store.metrics().lagged, 5);
}

#[test]
fn who_comes_back_goes_on_after_what_it_knows_or_is_told_to_read_anew() {
    let mut store = store(KVStoreConfig { notification_buffer_size: 3, ..KVStoreConfig::default() });
    for slot in 1..=5 {
        store.begin_slot(slot, at(slot), Time::ZERO);
        store.apply_commands(&[set("k", "x")]);
    }
    let slots = |deliveries: &[Delivery]| changes(deliveries).iter().map(|c| c.position.slot).collect::<Vec<_>>();
    let known = store.subscribe_to_changes(Some(Position { slot: 3, i: 0 })).expect("there are notifications");
    assert_eq!(slots(&taken(&mut store, known)), [4, 5]);
    let gap = store.subscribe_to_changes(Some(Position { slot: 1, i: 0 })).expect("there are notifications");
    let deliveries = taken(&mut store, gap);
    assert_eq!(deliveries[0], Delivery::Resync { slot: 2 });
    assert_eq!(slots(&deliveries[1..]), [3, 4, 5]);
    // Another replica had come further: what it has said is not said again.
    let ahead = store.subscribe_to_changes(Some(Position { slot: 6, i: 0 })).expect("there are notifications");
    for slot in 6..=7 {
        store.begin_slot(slot, at(slot), Time::ZERO);
        store.apply_commands(&[set("k", "x")]);
    }
    assert_eq!(slots(&taken(&mut store, ahead)), [7]);
}

#[test]
fn a_snapshot_replaces_everything_and_subscribers_are_told() {
    let mut one = store(KVStoreConfig::default());
    let mut other = store(KVStoreConfig::default());
    for slot in 1..=4 {
        one.begin_slot(slot, at(slot), Time::ZERO);
        one.apply_commands(&[set("k", "x"), set_for("t", "y", 100)]);
    }
    other.begin_slot(1, at(1), Time::ZERO);
    other.apply_commands(&[set("gone", "z"), set_for("gone too", "z", 1)]);
    let watcher = other.subscribe_to_changes(None).expect("there are notifications");
    other.apply_command(&set("gone", "z"));
    other.deserialize_state(&one.serialize_state().expect("bytes")).expect("a snapshot");
    assert_eq!(other.get_state(), one.get_state());
    assert_eq!(other.room(), one.room());
    assert_eq!(taken(&mut other, watcher), [Delivery::Resync { slot: 4 }]);
    for store in [&mut one, &mut other] {
        store.begin_slot(5, at(200), Time::ZERO);
    }
    assert_eq!(names(&other), ["k"]);
    assert_eq!(other.get_state(), one.get_state());
    assert_eq!(changes(&taken(&mut other, watcher)).len(), 1);
}

#[test]
fn a_damaged_snapshot_is_refused_and_changes_nothing() {
    for snapshot_compression in [false, true] {
        let mut store = store(KVStoreConfig { snapshot_compression, ..KVStoreConfig::default() });
        store.begin_slot(1, at(1), Time::ZERO);
        store.apply_commands(&[set("a", &"1".repeat(200)), set("b", "2")]);
        let bytes = store.serialize_state().expect("bytes");
        let before = store.clone();
        for place in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[place] ^= 0x10;
            let error = store.deserialize_state(&damaged);
            assert!(error.is_err(), "byte {place} of {} is not missed", bytes.len());
            assert!(store.deserialize_state(&bytes[..place]).is_err());
        }
        assert_eq!(store.deserialize_state(b"KVS?"), Err(SnapshotError::NoSnapshot));
        assert_eq!(store, before);
        let longer = [bytes.clone(), vec![0]].concat();
        assert!(snapshot_compression || store.deserialize_state(&longer).is_err());
        assert_eq!(store.deserialize_state(&bytes), Ok(()));
    }
}

#[test]
fn compression_makes_snapshots_shorter_and_either_kind_is_read_by_both() {
    let [mut plain, mut compressed] = [false, true]
        .map(|snapshot_compression| store(KVStoreConfig { snapshot_compression, ..KVStoreConfig::default() }));
    for store in [&mut plain, &mut compressed] {
        store.begin_slot(1, at(1), Time::ZERO);
        for number in 0..50 {
            store.apply_command(&set(&format!("key {number}"), "one and the same value"));
        }
    }
    let (long, short) = (plain.serialize_state().expect("bytes"), compressed.serialize_state().expect("bytes"));
    assert!(short.len() * 2 < long.len(), "{} and {}", short.len(), long.len());
    plain.deserialize_state(&short).expect("a snapshot");
    compressed.deserialize_state(&long).expect("a snapshot");
    assert_eq!(plain.get_state(), compressed.get_state());
}

/// M34: two replicas whose clocks differ, and values whose time is up.
#[test]
fn with_local_clocks_replicas_come_to_differ() {
    for (expiry, agree) in [(Expiry::Log, true), (Expiry::Local, false)] {
        let [mut one, mut other] = [(); 2].map(|()| store(KVStoreConfig { expiry, ..KVStoreConfig::default() }));
        for (slot, command) in [(1, set_for("k", "x", 2_000)), (2, KVOperation::Tick)] {
            one.begin_slot(slot, at(slot), at(slot));
            other.begin_slot(slot, at(slot), at(5_000 + slot));
            one.apply_command(&command);
            other.apply_command(&command);
        }
        assert_eq!(one.get_state() == other.get_state(), agree);
        assert_eq!(one.is_deterministic(), agree);
    }
}

/// M34: two replicas, one of which is read without the log.
#[test]
fn with_local_touches_replicas_come_to_differ() {
    for (touch, agree) in [(Touch::Logged, true), (Touch::Local, false)] {
        let config = KVStoreConfig { max_entries: 2, eviction: Eviction::LruLogged, touch, ..KVStoreConfig::default() };
        let [mut one, mut other] = [(); 2].map(|()| store(config));
        for (slot, command) in (1..).zip([set("a", "1"), set("b", "1"), KVOperation::Tick, set("c", "1")]) {
            for store in [&mut one, &mut other] {
                store.begin_slot(slot, at(slot), Time::ZERO);
                store.apply_command(&command);
            }
            other.read_here(&key("a"));
        }
        assert_eq!(one.get_state() == other.get_state(), agree);
        assert_eq!(names(&one) == names(&other), agree);
        assert_eq!(one.is_deterministic(), agree);
    }
}

// ---- any commands at all

fn any_key() -> impl Strategy<Value = Key> {
    prop_oneof![8 => (0..6_u8).prop_map(|number| key(&format!("k{number}"))), 1 => Just(key(""))]
}

fn any_command() -> impl Strategy<Value = KVOperation> {
    let ttl = proptest::option::weighted(0.3, (0..40_u64).prop_map(Span::from_ms));
    let a_value = prop_oneof![9 => "[a-c]{0,6}".prop_map(|text| value(&text)), 1 => Just(value(&"x".repeat(120)))];
    prop_oneof![
        6 => (any_key(), a_value, ttl).prop_map(|(key, value, ttl)| KVOperation::Set { key, value, ttl }),
        2 => any_key().prop_map(KVOperation::Get),
        2 => any_key().prop_map(KVOperation::Delete),
        1 => any_key().prop_map(KVOperation::Exists),
        1 => Just(KVOperation::ListKeys),
        1 => Just(KVOperation::Size),
        1 => Just(KVOperation::Tick),
        1 => Just(KVOperation::Clear),
    ]
}

/// Slots: a time and some batches each.
fn any_log() -> impl Strategy<Value = Vec<(u64, Vec<Vec<KVOperation>>)>> {
    let batch = proptest::collection::vec(any_command(), 1..5);
    proptest::collection::vec((0..200_u64, proptest::collection::vec(batch, 0..3)), 0..30)
}

fn any_config() -> impl Strategy<Value = KVStoreConfig> {
    let eviction = prop_oneof![Just(Eviction::None), Just(Eviction::OldestWrite), Just(Eviction::LruLogged)];
    (1..6_u64, 100..400_u64, eviction, 1..9_u32, any::<bool>()).prop_map(
        |(max_entries, max_memory_bytes, eviction, notification_buffer_size, snapshot_compression)| KVStoreConfig {
            max_entries,
            max_memory_bytes,
            max_value_bytes: 100,
            eviction,
            notification_buffer_size,
            snapshot_compression,
            ..KVStoreConfig::default()
        },
    )
}

/// What is kept and how long, without any index: the plainest store that does the same where nothing is evicted.
#[derive(Default)]
struct Plain {
    data: BTreeMap<Key, (Value, Option<Time>)>,
    log_time: Time,
}

impl Plain {
    fn room(&self) -> u64 {
        self.data.iter().map(|(key, (value, _))| room(key, value)).sum()
    }

    fn batch(&mut self, commands: &[KVOperation], config: &KVStoreConfig) -> Vec<KVResult> {
        let before = self.data.clone();
        let mut results = Vec::new();
        for command in commands {
            let result = match command {
                KVOperation::Set { key, value, .. } if key.as_str().is_empty() || value.as_str().len() > 100 => {
                    let error =
                        if key.as_str().is_empty() { KVStoreError::InvalidKey } else { KVStoreError::ValueTooLarge };
                    KVResult::Error(error)
                }
                KVOperation::Set { key, value, ttl } => {
                    let old = self.data.insert(key.clone(), (value.clone(), ttl.map(|ttl| self.log_time + ttl)));
                    if self.data.len() as u64 > config.max_entries || self.room() > config.max_memory_bytes {
                        match old {
                            Some(old) => self.data.insert(key.clone(), old),
                            None => self.data.remove(key),
                        };
                        KVResult::Error(KVStoreError::StoreFull)
                    } else {
                        KVResult::DONE
                    }
                }
                KVOperation::Get(key) => {
                    let found = self.data.get(key).map(|(value, _)| value.clone());
                    found.map_or(KVResult::NotFound, KVResult::success)
                }
                KVOperation::Delete(key) => match self.data.remove(key) {
                    Some(_) => KVResult::DONE,
                    None => KVResult::NotFound,
                },
                KVOperation::Exists(key) => KVResult::success(self.data.contains_key(key)),
                KVOperation::ListKeys => KVResult::Success(KVData::Keys(self.data.keys().cloned().collect())),
                KVOperation::Size => KVResult::success(self.data.len() as u64),
                KVOperation::Clear => {
                    self.data.clear();
                    KVResult::DONE
                }
                KVOperation::Tick => KVResult::DONE,
            };
            if let KVResult::Error(_) = result {
                self.data = before;
                let place = results.len();
                results = vec![KVResult::Error(KVStoreError::RolledBack); commands.len()];
                results[place] = result;
                return results;
            }
            results.push(result);
        }
        results
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Equal slots lead to equal states, bytes, results and changes, whatever the clocks; also at a replica that starts from a snapshot
    /// half-way, and at one that reads its state back after every slot.
    #[test]
    fn equal_slots_lead_to_equal_states(log in any_log(), config in any_config(), half in 0..30_usize) {
        let config = Arc::new(config);
        let [mut one, mut other, mut late] = [(); 3].map(|()| KVStoreSMR::new(config.clone()));
        let [watched, also_watched] = [&mut one, &mut other].map(|store| store.subscribe_to_changes(None).unwrap());
        for (number, (ms, batches)) in log.iter().enumerate() {
            let slot = number as u64 + 1;
            if number == half {
                late.deserialize_state(&one.serialize_state().unwrap()).unwrap();
            }
            one.begin_slot(slot, at(*ms), Time::ZERO);
            other.begin_slot(slot, at(*ms), at(1_000_000));
            if number >= half {
                late.begin_slot(slot, at(*ms), at(5));
            }
            for batch in batches {
                let results = one.apply_commands(batch);
                prop_assert_eq!(results.len(), batch.len());
                other.read_here(&key("k0"));
                prop_assert_eq!(&results, &other.apply_commands(batch));
                if number >= half {
                    prop_assert_eq!(&results, &late.apply_commands(batch));
                }
            }
            prop_assert_eq!(one.get_state(), other.get_state());
            prop_assert_eq!(one.serialize_state().unwrap(), other.serialize_state().unwrap());
            if number >= half {
                prop_assert_eq!(one.serialize_state().unwrap(), late.serialize_state().unwrap());
                let bytes = late.serialize_state().unwrap();
                late.deserialize_state(&bytes).unwrap();
            }
            prop_assert!(one.size() <= config.max_entries && one.room() <= config.max_memory_bytes);
            let room_now: u64 = one.state().data.iter().map(|(key, entry)| room(key, &entry.value)).sum();
            prop_assert_eq!(one.room(), room_now);
        }
        prop_assert_eq!(taken(&mut one, watched), taken(&mut other, also_watched));
    }

    /// Changes come in the order of (slot, i) without gaps, as many as fit; and by them alone one can follow the store.
    #[test]
    fn changes_come_in_order_and_tell_all(log in any_log(), config in any_config()) {
        let mut store = KVStoreSMR::new(config.into());
        let slow = store.subscribe_to_changes(None).unwrap();
        let quick = store.subscribe_to_changes(None).unwrap();
        let mut copy: BTreeMap<Key, Value> = BTreeMap::new();
        let (mut all, mut last) = (0, None);
        for (slot, (ms, batches)) in (1..).zip(&log) {
            let mut follow = |store: &mut KVStoreSMR| -> Result<(), TestCaseError> {
                let mut lagged = false;
                for delivery in taken(store, quick) {
                    let Delivery::Change(envelope) = delivery else {
                        lagged = true;
                        continue;
                    };
                    let position = envelope.position;
                    prop_assert_eq!(position.slot, slot);
                    let next = match last {
                        Some(Position { slot: before, i }) if before == slot => i + 1,
                        _ => 0,
                    };
                    prop_assert!(lagged || position.i == next);
                    last = Some(position);
                    match &envelope.change {
                        ChangeNotification::KeySet { key, value, old_value } => {
                            prop_assert!(lagged || copy.get(key) == old_value.as_ref());
                            copy.insert(key.clone(), value.clone());
                        }
                        ChangeNotification::KeyDeleted { key, old_value } => {
                            prop_assert!(lagged || copy.get(key) == Some(old_value));
                            copy.remove(key);
                        }
                        ChangeNotification::StoreCleared { key_count } => {
                            prop_assert!(lagged || copy.len() as u64 == *key_count);
                            copy.clear();
                        }
                    }
                }
                let now: BTreeMap<Key, Value> =
                    store.state().data.iter().map(|(key, entry)| (key.clone(), entry.value.clone())).collect();
                if lagged {
                    copy = now;
                } else {
                    prop_assert_eq!(&copy, &now);
                }
                Ok(())
            };
            store.begin_slot(slot, at(*ms), Time::ZERO);
            follow(&mut store)?;
            for batch in batches {
                store.apply_commands(batch);
                follow(&mut store)?;
            }
            all += u64::from(store.state().changes);
        }
        let deliveries = taken(&mut store, slow);
        let lagged = match deliveries.first() {
            Some(Delivery::Lagged { n }) => *n,
            _ => 0,
        };
        let rest = deliveries.iter().filter(|delivery| matches!(delivery, Delivery::Change(_))).count() as u64;
        prop_assert_eq!(lagged + rest, all);
        prop_assert!(rest <= u64::from(config.notification_buffer_size));
    }

    /// The same as the plainest store, and a batch leaves either everything or nothing.
    #[test]
    fn it_does_what_the_plainest_store_does(log in any_log(), config in any_config()) {
        let config = KVStoreConfig { eviction: Eviction::None, ..config };
        let mut store = KVStoreSMR::new(config.into());
        let mut plain = Plain::default();
        for (slot, (ms, batches)) in (1..).zip(&log) {
            store.begin_slot(slot, at(*ms), Time::ZERO);
            plain.log_time = plain.log_time.max(at(*ms));
            let now = plain.log_time;
            plain.data.retain(|_, (_, due)| due.is_none_or(|due| due > now));
            for batch in batches {
                let before = store.serialize_state().unwrap();
                let results = store.apply_commands(batch);
                prop_assert_eq!(&results, &plain.batch(batch, &config));
                if results.iter().any(|result| result.error().is_some()) {
                    prop_assert_eq!(store.serialize_state().unwrap(), before);
                }
            }
            let kept: Vec<_> = store.state().data.iter().map(|(key, entry)| (key, &entry.value, entry.due)).collect();
            let expected: Vec<_> = plain.data.iter().map(|(key, (value, due))| (key, value, *due)).collect();
            prop_assert_eq!(kept, expected);
        }
    }

    /// Whatever the bytes: they are refused, or they are a state, and nobody panics.
    #[test]
    fn any_bytes_are_a_snapshot_or_are_not(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), flag in 0..2_u8) {
        let mut store = store(KVStoreConfig::default());
        let _refused = store.deserialize_state(&bytes);
        bytes.splice(0..0, *b"KVS\x01");
        if bytes.len() > 4 {
            bytes[4] = flag;
        }
        prop_assert!(store.deserialize_state(&bytes).is_err());
    }
}
