//! Operations on many keys at once: what a machine answers, how a schedule says them, and whether one order explains them.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

use std::sync::Arc;

use kvs_core::check::{Budget, Judge, Run, Verdict};
use kvs_core::command::{KVOperation, KVResult, KVStoreError};
use kvs_core::lattice::VectorClock;
use kvs_core::op::{ClientId, KVSOperation, KVSResponse, Key, Outcome, RequestId, Value};
use kvs_core::process::NodeId;
use kvs_core::server::{Message, Request, Return};
use kvs_core::sim::schedule::Schedule;
use kvs_core::sim::{History, Input, Sim};
use kvs_core::storage::smr::{Batches, Eviction, KVStoreConfig, KVStoreSMR, execute};
use kvs_core::storage::{Machine, Storage};
use kvs_core::time::{Span, Time};
use kvs_core::world::{Happening, Observer};
use kvs_core::zoo::{Architecture, Guarantee, StorageOptions, catalog};
use proptest::prelude::*;

fn key(name: &str) -> Key {
    Key::new(name).expect("short")
}

fn value(text: &str) -> Value {
    Value::new(text).expect("short")
}

fn put(name: &str, text: &str) -> KVSOperation {
    KVSOperation::Put(key(name), value(text))
}

fn set(name: &str, text: &str) -> KVOperation {
    KVOperation::Set { key: key(name), value: value(text), ttl: None }
}

fn batch(commands: &[KVOperation]) -> KVSOperation {
    KVSOperation::Batch(commands.into())
}

fn found(text: &str) -> KVSResponse {
    let values = if text.is_empty() { Vec::new() } else { vec![value(text)] };
    KVSResponse::GetResult { values, context: VectorClock::default() }
}

fn request(client: u32, sequence: u32, op: KVSOperation) -> Request {
    Request {
        called: Time::ZERO,
        id: RequestId { client: ClientId { node: NodeId(client), session: 0 }, sequence },
        op,
        context: VectorClock::default(),
        seen: VectorClock::default(),
        dependencies: None,
        epoch: 1,
    }
}

// ---- the machine

fn machine(config: KVStoreConfig) -> Machine {
    Machine::new(Storage::Smr(Box::new(KVStoreSMR::new(config.into()))), true)
}

#[test]
fn a_machine_executes_every_operation_once() {
    let mut machine = machine(KVStoreConfig { max_value_bytes: 4, ..KVStoreConfig::default() });
    let refused = KVSResponse::Refused(KVStoreError::ValueTooLarge);
    let [rolled_back, too_large] = [KVStoreError::RolledBack, KVStoreError::ValueTooLarge].map(KVResult::Error);
    let results = |results: &[KVResult]| KVSResponse::Batch(results.into());
    let cases = [
        (put("a", "1"), KVSResponse::PutOk),
        (put("a", "12345"), refused),
        (KVSOperation::PutFor(key("t"), value("2"), Span::from_ms(5)), KVSResponse::PutOk),
        (KVSOperation::Exists(key("t")), KVSResponse::Exists(true)),
        (KVSOperation::Size, KVSResponse::Size(2)),
        (KVSOperation::ListKeys, KVSResponse::Keys([key("a"), key("t")].into())),
        (
            batch(&[set("b", "1"), KVOperation::Get(key("b"))]),
            results(&[KVResult::DONE, KVResult::success(value("1"))]),
        ),
        (batch(&[set("a", "9"), set("b", "12345")]), results(&[rolled_back, too_large])),
        (KVSOperation::Get(key("a")), found("1")),
        (KVSOperation::Delete(key("a")), KVSResponse::DeleteOk),
        (KVSOperation::Delete(key("a")), KVSResponse::DeleteOk),
        (KVSOperation::Get(key("a")), found("")),
        (KVSOperation::Clear, KVSResponse::Cleared),
        (KVSOperation::Size, KVSResponse::Size(0)),
    ];
    for (sequence, (op, expected)) in (1..).zip(cases) {
        machine.begin_slot(Time::from_us(u64::from(sequence)), Time::ZERO);
        let request = request(0, sequence, op);
        let answer = machine.execute(&request).expect("it is new");
        assert_eq!(answer.result, expected, "{}", request.op);
        let before = machine.snapshot();
        assert_eq!(machine.execute(&request), Some(answer), "the same again");
        assert_eq!(machine.snapshot(), before);
    }
}

#[test]
fn a_machine_becomes_a_copy_of_another() {
    let mut one = machine(KVStoreConfig::default());
    one.begin_slot(Time::from_us(7), Time::ZERO);
    one.execute(&request(0, 1, put("a", "1")));
    let mut other = machine(KVStoreConfig::default());
    other.begin_slot(Time::from_us(7), Time::ZERO);
    other.execute(&request(1, 1, put("b", "1")));
    other.install(&one.snapshot());
    assert_eq!(other.snapshot(), one.snapshot());
    let bytes = postcard::to_allocvec(&one.snapshot()).expect("plain data");
    assert_eq!(postcard::from_bytes(&bytes), Ok(one.snapshot()));
    for machine in [&mut one, &mut other] {
        machine.begin_slot(Time::from_us(9), Time::ZERO);
        machine.execute(&request(1, 2, put("c", "1")));
    }
    assert_eq!(other.snapshot(), one.snapshot());
    other.install(&machine(KVStoreConfig::default()).snapshot());
    assert_eq!(other.storage.keys(), []);
}

// ---- the language

#[test]
fn a_store_without_a_state_machine_refuses_what_it_does_not_know() {
    let architecture = catalog::exhibit("local").expect("an exhibit").architecture();
    let sim = Sim::new(&architecture, 1, &mut ());
    for op in [KVSOperation::Size, KVSOperation::Clear, batch(&[set("a", "1")]), KVSOperation::Exists(key("a"))] {
        let call = kvs_core::server::Call { op, to: None };
        assert!(sim.check(&Input::Call { client: NodeId(1), call: call.into() }).is_err());
    }
    let problem = Schedule::parse("zoo local\nput a=1 ttl=2s expect ok").expect("it makes sense").run(&mut ()).failure;
    assert!(problem.expect("it is refused").problem.to_string().contains("put, get and delete only"));
}

#[test]
fn what_a_schedule_says_of_commands_reads_back() {
    let text = "zoo local\nseed 1\n\
        C1: put k=x ttl=2s expect ok\nC1: exists k expect yes\nC1: keys expect {k, l}\nC1: size expect 2\nC1: clear expect ok\n\
        C1: batch { put a=1 ttl=5ms, put \"\"=\"b c\", get a, delete b, exists c, keys, size, clear, tick } expect refused\n\
        C1: batch { get a, exists a } expect batch { 1, yes }\nC1: batch { put batch=\"refused\" } -> S1 expect ok\n";
    let schedule = Schedule::parse(text).expect("it makes sense");
    let printed = schedule.to_string();
    assert_eq!(Schedule::parse(&printed).expect("it reads back"), schedule, "{printed}");
    for line in text.lines().skip(2).take(6) {
        assert!(printed.contains(line), "{line}\n{printed}");
    }
    let text = "zoo smr\nseed 1\nC2: subscribe k -> N1\nC2: subscribe -> N1\nC2: unsubscribe \"a b\" -> N1\n\
        expect heard C2 \"k = 1\" \"too slow: 2 changes lost\"\nexpect heard C2 nothing\n";
    assert_eq!(Schedule::parse(text).expect("it makes sense").to_string(), text);
    for wrong in
        ["subscribe k", "C1: subscribe k -> C2", "expect heard N1 nothing", "expect heard C1", "expect heard C1 k"]
    {
        assert!(Schedule::parse(&format!("zoo smr\n{wrong}")).is_err(), "{wrong}");
    }
    for wrong in ["batch put a=1", "batch { put a=1 delete b }", "batch { mget a }", "batch { get a", "put a=1 ttl=x"] {
        assert!(Schedule::parse(wrong).is_err(), "{wrong}");
    }
    let long = format!("batch {{ {} }}", vec!["size"; 17].join(", "));
    assert!(Schedule::parse(&long).is_err());
}

#[test]
fn who_notifies_nobody_refuses_subscribers() {
    for head in ["zoo local\nsubscribe k -> S1", "zoo smr notifications=off\nsubscribe k -> N1"] {
        let problem = Schedule::parse(head).expect("it makes sense").run(&mut ()).failure.expect("it is refused");
        assert!(problem.to_string().contains("tells nobody of changes"), "{problem}");
    }
    assert_eq!(Schedule::parse("zoo smr\nsubscribe k -> N1").expect("it makes sense").run(&mut ()).failure, None);
}

#[test]
fn options_of_the_store_that_contradict_each_other_are_refused_in_a_sentence() {
    let refusals = [
        ("expiry=local expiration=off", "expiry=local needs expiration=on"),
        ("tick-every=1s expiration=off", "tick-every needs expiration=on"),
        ("touches=local reads=local", "touches=local needs eviction=lru"),
        ("touches=local eviction=lru", "touches=local needs reads=local"),
        ("reads=lease", "reads are log or local"),
    ];
    for (options, sentence) in refusals {
        let error = Schedule::parse(&format!("zoo smr {options}")).expect_err(options).to_string();
        assert!(error.contains(sentence), "{error}");
    }
    for options in
        ["reads=local touches=local eviction=lru", "expiry=local", "tick-every=1s", "max-entries=1 eviction=lru"]
    {
        assert!(Schedule::parse(&format!("zoo smr {options}")).is_ok(), "{options}");
    }
}

#[test]
fn a_snapshot_reads_back_compressed_or_not_and_is_shorter_if_it_is() {
    let sizes = [false, true].map(|snapshot_compression| {
        let mut one = machine(KVStoreConfig { snapshot_compression, ..KVStoreConfig::default() });
        one.begin_slot(Time::from_us(7), Time::ZERO);
        for sequence in 1..20 {
            one.execute(&request(0, sequence, put(&format!("key {sequence}"), &"x".repeat(200))));
        }
        let bytes = postcard::to_allocvec(&one.snapshot()).expect("plain data");
        assert_eq!(postcard::from_bytes(&bytes), Ok(one.snapshot()));
        let mut damaged = bytes.clone();
        damaged[40] ^= 1;
        assert_ne!(postcard::from_bytes(&damaged).ok(), Some(one.snapshot()));
        bytes.len()
    });
    assert!(sizes[1] * 2 < sizes[0], "{sizes:?}");
}

// ---- the judge

fn architecture(config: KVStoreConfig) -> Architecture {
    let local = catalog::exhibit("local").expect("an exhibit").architecture();
    Architecture { storage: StorageOptions::Smr(config), clients: 4, ..local }
}

/// A history, and the clock by which it is written.
#[derive(Default)]
struct Tale {
    history: History,
    events: usize,
    now: u64,
}

impl Tale {
    fn tell(&mut self, message: &Message) {
        self.now += 1;
        self.events += 1;
        self.history.saw(Time::from_us(self.now), Happening::Told { node: NodeId(1), message });
    }

    fn call(&mut self, client: u32, sequence: u32, op: KVSOperation) -> RequestId {
        let request = request(client, sequence, op);
        let id = request.id;
        self.tell(&Message::Called(request.into()));
        id
    }

    fn end(&mut self, id: RequestId, response: KVSResponse) {
        self.tell(&Message::Returned(Return { id, outcome: Outcome::Ok(response) }.into()));
    }

    /// One operation after the other.
    fn of(steps: &[(KVSOperation, KVSResponse)]) -> Self {
        let mut tale = Self::default();
        for (sequence, (op, response)) in (1..).zip(steps) {
            let id = tale.call(1, sequence, op.clone());
            tale.end(id, response.clone());
        }
        tale
    }

    fn judge(&self, config: KVStoreConfig) -> Verdict<()> {
        let architecture = architecture(config);
        let mut sim = Sim::new(&architecture, 1, &mut ());
        while sim.world().now() < Time::from_us(self.now) && sim.step(&mut ()) {}
        let run = Run::new(&architecture, sim.world(), &self.history, self.events, &[]);
        let judgements = Judge::new(&architecture).judge(&run, Budget::PATIENT);
        let of =
            |guarantee| judgements.iter().find(|judgement| judgement.guarantee == guarantee).expect("it is judged");
        let linearizable = of(Guarantee::Linearizability).verdict.clone();
        if linearizable == Verdict::Holds {
            for implied in Guarantee::Linearizability.implied() {
                assert_eq!(of(*implied).verdict, Verdict::Holds, "{implied:?}");
            }
        }
        linearizable.map(|_| ())
    }

    fn holds(&self) -> bool {
        self.judge(KVStoreConfig::default()) == Verdict::Holds
    }
}

#[test]
fn keys_that_are_written_together_are_seen_together() {
    let both = batch(&[set("a", "1"), set("b", "1")]);
    let done = KVSResponse::Batch([KVResult::DONE, KVResult::DONE].into());
    let mut tale = Tale::default();
    let id = tale.call(1, 1, both);
    for (sequence, (name, text)) in (1..).zip([("a", "1"), ("b", "")]) {
        let read = tale.call(2, sequence, KVSOperation::Get(key(name)));
        tale.end(read, found(text));
    }
    assert!(!tale.holds(), "half of it was seen");
    tale.end(id, done);
    assert!(!tale.holds());
}

#[test]
fn what_was_refused_has_done_nothing() {
    let refused = |op: KVSOperation, error| (op, KVSResponse::Refused(error));
    let steps = [
        (put("a", "1"), KVSResponse::PutOk),
        refused(put("a", "2"), KVStoreError::StoreFull),
        (KVSOperation::Get(key("a")), found("1")),
    ];
    assert!(Tale::of(&steps).holds());
    let seen = [steps[0].clone(), steps[1].clone(), (KVSOperation::Get(key("a")), found("2"))];
    assert!(!Tale::of(&seen).holds());
}

/// M35: the batch stops at its first error, and what came before stays.
#[test]
fn a_batch_that_leaves_a_part_of_itself_is_found_out() {
    let op = batch(&[set("a", "2"), set("", "2"), set("b", "2")]);
    for batches in [Batches::Atomic, Batches::StopAtError] {
        let mut store = KVStoreSMR::new(KVStoreConfig { batches, ..KVStoreConfig::default() }.into());
        let ops = [put("a", "1"), op.clone(), KVSOperation::Get(key("a")), KVSOperation::Size];
        let steps: Vec<_> = ops.into_iter().map(|op| (op.clone(), execute(&mut store, &op))).collect();
        assert_eq!(Tale::of(&steps).holds(), batches == Batches::Atomic);
    }
}

#[test]
fn a_list_of_keys_and_their_number_are_of_one_moment() {
    let steps = |keys: &[&str], size| {
        let keys: Vec<Key> = keys.iter().map(|name| key(name)).collect();
        [
            (put("b", "1"), KVSResponse::PutOk),
            (put("a", "1"), KVSResponse::PutOk),
            (KVSOperation::ListKeys, KVSResponse::Keys(keys.into())),
            (KVSOperation::Size, KVSResponse::Size(size)),
            (KVSOperation::Clear, KVSResponse::Cleared),
            (KVSOperation::Exists(key("a")), KVSResponse::Exists(false)),
        ]
    };
    assert!(Tale::of(&steps(&["a", "b"], 2)).holds());
    assert!(!Tale::of(&steps(&["a"], 2)).holds());
    assert!(!Tale::of(&steps(&["a", "b"], 1)).holds());
}

#[test]
fn a_value_for_a_time_may_be_gone_and_no_other_may() {
    let gone = |op: KVSOperation| Tale::of(&[(op, KVSResponse::PutOk), (KVSOperation::Get(key("k")), found(""))]);
    assert!(gone(KVSOperation::PutFor(key("k"), value("x"), Span::from_ms(1))).holds());
    assert!(!gone(put("k", "x")).holds());
    let evicts = KVStoreConfig { eviction: Eviction::LruLogged, ..KVStoreConfig::default() };
    assert_eq!(gone(put("k", "x")).judge(evicts), Verdict::Holds, "it may have been dropped to make room");
    let back = [
        (KVSOperation::PutFor(key("k"), value("x"), Span::from_ms(1)), KVSResponse::PutOk),
        (KVSOperation::Get(key("k")), found("")),
        (KVSOperation::Get(key("k")), found("x")),
    ];
    assert!(!Tale::of(&back).holds(), "what is gone does not come back");
}

// ---- any histories at all

fn any_operation() -> impl Strategy<Value = KVSOperation> {
    let name = || (0..3_u8).prop_map(|number| key(["a", "b", "c"][usize::from(number)]));
    let text = || (0..200_u8).prop_map(|number| value(&format!("{number}")));
    let command = prop_oneof![
        3 => (name(), text()).prop_map(|(key, value)| KVOperation::Set { key, value, ttl: None }),
        2 => name().prop_map(KVOperation::Get),
        1 => name().prop_map(KVOperation::Delete),
        1 => name().prop_map(KVOperation::Exists),
        1 => Just(set("", "x")),
    ];
    prop_oneof![
        4 => (name(), text()).prop_map(|(key, value)| KVSOperation::Put(key, value)),
        4 => name().prop_map(KVSOperation::Get),
        1 => name().prop_map(KVSOperation::Delete),
        1 => name().prop_map(KVSOperation::Exists),
        3 => proptest::collection::vec(command, 1..3).prop_map(|commands| KVSOperation::Batch(commands.into())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Looked at in parts or as one, by several clients, with answers of a store or of one that sometimes forgets what it was told: the
    /// verdict is the same. And a store that forgets nothing is never accused.
    #[test]
    fn parts_say_what_the_whole_says(
        steps in proptest::collection::vec((0..3_u32, any_operation(), any::<bool>(), 0..12_u8), 1..16),
        is_good in any::<bool>(),
    ) {
        let verdicts = [false, true].map(|as_one| {
            let mut store = KVStoreSMR::new(Arc::new(KVStoreConfig::default()));
            let mut tale = Tale::default();
            if as_one {
                // It never ends, and makes one object of all keys.
                tale.call(9, 1, KVSOperation::Size);
            }
            let mut open: [Option<(RequestId, KVSResponse)>; 3] = [None, None, None];
            for (sequence, (client, op, at_once, luck)) in (1..).zip(&steps) {
                let slot = &mut open[*client as usize];
                if let Some((id, response)) = slot.take() {
                    tale.end(id, response);
                }
                let id = tale.call(*client + 1, sequence, op.clone());
                let response = if *luck == 0 && !is_good {
                    execute(&mut store.clone(), op)
                } else {
                    execute(&mut store, op)
                };
                if *at_once {
                    tale.end(id, response);
                } else {
                    *slot = Some((id, response));
                }
            }
            tale.judge(KVStoreConfig::default())
        });
        prop_assert_eq!(&verdicts[0], &verdicts[1]);
        prop_assert!(!is_good || verdicts[0] == Verdict::Holds);
    }
}
