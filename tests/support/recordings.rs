//! Fixed runs with the fingerprints of all that happens in them: the same natively and in a browser.

use std::sync::Arc;

use kvs_core::op::{KVSOperation, Key, Value};
use kvs_core::process::NodeId;
use kvs_core::server::{Call, Traffic};
use kvs_core::sim::{Fate, Input, Links, Pattern, Recording, Replay, TraceHash};
use kvs_core::time::{Span, Time};
use kvs_core::world::{Moment, Sequence};
use kvs_core::zoo::{Architecture, catalog};

/// A run, how long it is, and its fingerprint.
pub(crate) struct Fixed {
    pub(crate) name: &'static str,
    pub(crate) recording: Recording,
    pub(crate) until: Time,
    pub(crate) hash: u64,
}

/// All of them.
pub(crate) fn all() -> [Fixed; 5] {
    [
        Fixed {
            name: "sharded, a server joins, another leaves",
            recording: recording("sharded", &[("loss", "5%"), ("misrouted", "forwarded"), ("virtual-nodes", "8")], 11),
            until: Time::from_us(8_000_000),
            hash: 0x2e29_546f_af9e_0288,
        },
        Fixed {
            name: "sharded causal, a shard joins, a server leaves",
            recording: recording("sharded-causal", &[("duplication", "5%")], 12),
            until: Time::from_us(8_000_000),
            hash: 0xe4e6_8124_d32f_b86d,
        },
        Fixed {
            name: "local, with a journal, crashes and lost messages",
            recording: recording("local", &[("journal", "on"), ("loss", "10%"), ("crash-fate", "torn")], 7),
            until: Time::from_us(8_000_000),
            hash: 0x61da_eff0_3454_0580,
        },
        Fixed {
            name: "replicated, with siblings, cuts and duplicates",
            recording: recording("replicated", &[("replicas", "5"), ("duplication", "5%"), ("direct-mail", "on")], 42),
            until: Time::from_us(8_000_000),
            hash: 0xc5cf_3e33_3366_fa9c,
        },
        Fixed {
            name: "replicated, last writer wins, coins",
            recording: recording(
                "replicated",
                &[("values", "lww"), ("cooling", "coin"), ("contacts", "blind")],
                u64::MAX,
            ),
            until: Time::from_us(8_000_000),
            hash: 0x2d54_eec4_785f_5e6f,
        },
    ]
}

/// The fingerprint of a run.
pub(crate) fn hash(recording: &Recording, until: Time) -> u64 {
    let mut hash = TraceHash::default();
    let mut replay = Replay::new(recording, &mut hash);
    replay.advance_to(until, recording, &mut hash);
    hash.digest()
}

fn recording(exhibit: &str, options: &[(&str, &str)], seed: u64) -> Recording {
    let mut architecture = catalog::exhibit(exhibit).expect("it is in the catalogue").architecture();
    for (name, value) in options {
        architecture.set(name, value).expect("the option makes sense");
    }
    let servers = architecture.servers;
    let (first, last, client) = (NodeId(0), NodeId(servers - 1), NodeId(servers));
    let key = Key::new("🦓").expect("short");
    let put = KVSOperation::Put(key.clone(), Value::new("a long value, to be written twice").expect("short"));
    let call = |op: KVSOperation, to| Input::Call { client, call: Arc::new(Call { op, to }) };
    let views = views(&architecture);
    let mut recording = Recording::new(architecture, seed);
    let traffic = Traffic { every: Span::from_ms(80), keys: 3, reads_percent: 40 };
    let inputs = [
        (0, call(put, Some(last))),
        (100, Input::Traffic(Some(traffic))),
        (700, Input::Cut(Links::OneWay { from: vec![first], to: vec![last, client] })),
        (900, Input::Message { id: Sequence(40), fate: Fate::Hold }),
        (1_500, Input::Crash(last)),
        (1_900, Input::Hold(Pattern { kind: Some(1), from: None, to: None })),
        (2_400, Input::Restart(last)),
        (2_600, Input::Release(Pattern { kind: Some(1), from: None, to: None })),
        (3_000, Input::Clock { node: first, offset_us: -400_000 }),
        (3_300, Input::Pause(first)),
        (3_900, Input::Resume(first)),
        (4_500, Input::HealAll),
        (5_000, Input::Traffic(None)),
        (5_001, call(KVSOperation::Delete(key.clone()), None)),
        (5_500, call(KVSOperation::Get(key), Some(last))),
    ];
    let mut inputs = inputs.to_vec();
    inputs.extend([800, 2_700].into_iter().zip(views));
    inputs.sort_by_key(|(ms, _)| *ms);
    for (ms, input) in inputs {
        recording.record(Moment { time: Time::from_us(ms * 1_000), events: 0 }, input);
    }
    recording
}

/// Where there are shards: the last server joins, and then the first leaves.
fn views(architecture: &Architecture) -> Vec<Input> {
    let (first, last) = (NodeId(0), NodeId(architecture.servers - 1));
    let Some(home) = architecture.home(last) else { return Vec::new() };
    let joined = architecture.first_map().view().with(&home, last);
    let left = joined.without(first);
    [joined, left].map(|view| Input::View { view, to: Vec::new() }).into()
}
