//! Every safety option that can be switched off is caught by an invariant, and the same faults with the option on break nothing.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "what cannot go on, fails")]

mod rig;

use kvs_core::check::play;
use kvs_core::explore::first_breach;
use kvs_core::sim::schedule::Schedule;
use kvs_core::zoo::Animal;
use rig::{Mix, Sights, live, report};

/// One safety option.
struct Mutant {
    id: &'static str,
    animal: Animal,
    /// What both worlds have: the faults that the option is for.
    under: &'static [(&'static str, &'static str)],
    /// The faults that happen by themselves.
    mix: Mix,
    /// How the option is switched off.
    off: (&'static str, &'static str),
    /// The invariants that may see it.
    seen_by: &'static [&'static str],
    /// In so many worlds.
    budget: u64,
}

const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "M1: reads from a snapshot",
        animal: Animal::Local,
        under: &[("journal", "off")],
        mix: Mix::Everything,
        off: ("pipeline", "split"),
        seen_by: &["L1"],
        budget: 20,
    },
    Mutant {
        id: "M2: requests are not remembered",
        animal: Animal::Local,
        under: &[("duplication", "25%"), ("journal", "off")],
        mix: Mix::Everything,
        off: ("dedupe", "off"),
        seen_by: &["L1"],
        budget: 20,
    },
    Mutant {
        id: "M3: the answer goes out before the sync",
        animal: Animal::Local,
        under: &[("journal", "on"), ("crash-fate", "dropped")],
        mix: Mix::Everything,
        off: ("sync-before-reply", "off"),
        seen_by: &["D1"],
        budget: 50,
    },
    Mutant {
        id: "M3: the disk lies",
        animal: Animal::Local,
        under: &[("journal", "on"), ("crash-fate", "dropped")],
        mix: Mix::Everything,
        off: ("disk", "lying"),
        seen_by: &["D1"],
        budget: 50,
    },
    Mutant {
        id: "M4: what arrives overwrites",
        animal: Animal::Replicated,
        under: &[],
        mix: Mix::Everything,
        off: ("values", "lww-wrapper"),
        seen_by: &["R1", "R2", "R3", "R4"],
        budget: 20,
    },
    Mutant {
        id: "M5: pairs that are no lattice",
        animal: Animal::Replicated,
        under: &[("replicas", "4"), ("anti-entropy", "on")],
        mix: Mix::Everything,
        off: ("values", "dom-pair"),
        seen_by: &["R1", "R4"],
        budget: 50,
    },
    Mutant {
        id: "M6: a key that went cold stays cold",
        animal: Animal::Replicated,
        under: QUIET_RUMORS,
        mix: Mix::NoCrashes,
        off: ("rumor-identity", "key"),
        seen_by: &["R3", "Convergent", "Durable"],
        budget: 50,
    },
    Mutant {
        id: "M7: no anti-entropy",
        animal: Animal::Replicated,
        under: &[("rumors", "on"), ("counter-limit", "1"), ("direct-mail", "off")],
        mix: Mix::Everything,
        off: ("anti-entropy", "off"),
        seen_by: &["R3", "Convergent", "Durable"],
        budget: 50,
    },
    Mutant {
        id: "M8: nobody keeps a death certificate asleep",
        animal: Animal::Replicated,
        under: &[
            ("values", "lww"),
            ("certificates", "limited"),
            ("certificate-age", "1s"),
            // One cut link keeps a replica away.
            ("replicas", "2"),
            ("latency-min", "1ms"),
            ("latency-max", "5ms"),
            ("anti-entropy-interval", "100ms"),
            ("dormant-age", "3600s"),
            ("anti-entropy", "on"),
            ("retries", "1"),
        ],
        mix: Mix::NoCrashes,
        off: ("retention-sites", "0"),
        seen_by: &["R8"],
        budget: 200,
    },
    Mutant {
        id: "M9: names of writes are used again",
        animal: Animal::Replicated,
        under: &[("values", "mv-register")],
        mix: Mix::Everything,
        off: ("new-incarnation", "off"),
        seen_by: &["R5"],
        budget: 100,
    },
    Mutant {
        id: "M10: effects before their causes",
        animal: Animal::Replicated,
        under: &[("delivery", "causal"), ("replicas", "3"), ("anti-entropy", "on"), ("certificates", "kept")],
        mix: Mix::Everything,
        off: ("heed-causes", "off"),
        seen_by: &["R7"],
        budget: 50,
    },
    Mutant {
        id: "M11: gossip goes into a second store",
        animal: Animal::Replicated,
        under: &[],
        mix: Mix::Everything,
        off: ("replicated-into", "second-store"),
        seen_by: &["R3", "Convergent", "Durable"],
        budget: 20,
    },
    Mutant {
        id: "M12: clients and servers hash keys differently",
        animal: Animal::Sharded,
        under: &[("shards", "3")],
        mix: Mix::Everything,
        off: ("client-hash", "text"),
        seen_by: &["H2"],
        budget: 10,
    },
    Mutant {
        id: "M13: two maps, and no fence",
        animal: Animal::Sharded,
        under: &[("shards", "3")],
        mix: Mix::Everything,
        off: ("fencing", "off"),
        seen_by: &["H1"],
        budget: 20,
    },
    Mutant {
        id: "M15: places on the ring by number",
        animal: Animal::Sharded,
        under: &[("shards", "4"), ("router", "ring")],
        mix: Mix::Everything,
        off: ("placed-by", "ordinal"),
        seen_by: &["C7"],
        budget: 100,
    },
    Mutant {
        id: "M41: a joined clock over one of the values",
        animal: Animal::ShardedCausal,
        under: &[("replicas", "3"), ("values", "causal")],
        mix: Mix::Everything,
        off: ("values", "joined-clock"),
        seen_by: &["R1", "R2", "R3", "R4", "Convergent"],
        budget: 200,
    },
    Mutant {
        id: "M42: the nearest dependencies are not enough",
        animal: Animal::ShardedCausal,
        under: &[("replicas", "3"), ("rumors", "off"), ("direct-mail", "off")],
        mix: Mix::NoCrashes,
        off: ("read-context", "nearest"),
        seen_by: CAUSAL,
        budget: 200,
    },
    Mutant {
        id: "reads do not wait for what their client has seen",
        animal: Animal::ShardedCausal,
        under: &[("replicas", "3"), ("rumors", "off"), ("direct-mail", "off")],
        mix: Mix::NoCrashes,
        off: ("wait-for-causes", "off"),
        seen_by: CAUSAL,
        budget: 200,
    },
    Mutant {
        id: "M43: a read of all keys misses causes",
        animal: Animal::ShardedCausal,
        under: &[("replicas", "3"), ("shards", "1"), ("direct-mail", "on"), ("rumors", "off")],
        mix: Mix::NoCrashes,
        off: ("closed-get-all", "off"),
        seen_by: CAUSAL,
        budget: 1_500,
    },
    Mutant {
        id: "M44: handed over or not, the copy is dropped",
        animal: Animal::Sharded,
        under: &[("shards", "3"), ("spares", "1"), ("loss", "25%")],
        mix: Mix::NoCrashes,
        off: ("handoff", "a-few-tries"),
        seen_by: &["Durable", "Linearizable"],
        budget: 500,
    },
    Mutant {
        id: "M3, where values are merged: the answer goes out before the sync",
        animal: Animal::ShardedCausal,
        under: &[("journal", "on"), ("crash-fate", "dropped")],
        mix: Mix::Everything,
        off: ("sync-before-reply", "off"),
        seen_by: &["Durable", "Causally convergent", "Read your writes", "Monotonic reads"],
        budget: 300,
    },
    Mutant {
        id: "M45: a deletion without its version",
        animal: Animal::ShardedCausal,
        under: &[("replicas", "3"), ("rumors", "off"), ("direct-mail", "off")],
        mix: Mix::NoCrashes,
        off: ("name-deletions", "off"),
        seen_by: CAUSAL,
        budget: 1_500,
    },
    Mutant {
        id: "M40: a primary reads from its own memory",
        animal: Animal::PrimaryBackup,
        under: &[("views", "service"), ("replicas", "3")],
        mix: Mix::Everything,
        off: ("primary-reads", "local"),
        seen_by: &["A1", "Linearizable"],
        budget: 200,
    },
    Mutant {
        id: "M40: no view in what a primary forwards",
        animal: Animal::PrimaryBackup,
        under: &[("replicas", "3"), ("duplication", "25%")],
        mix: Mix::Everything,
        off: ("view-fencing", "off"),
        seen_by: &["A1", "A2", "A3", "A4", "A5", "Linearizable"],
        budget: 200,
    },
    Mutant {
        id: "M40: an empty new primary",
        animal: Animal::PrimaryBackup,
        under: &[("views", "external"), ("replicas", "3")],
        mix: Mix::NoCrashes,
        off: ("state-transfer", "off"),
        seen_by: &["A3", "A4", "Linearizable"],
        budget: 100,
    },
    Mutant {
        id: "M40: burnt numbers",
        animal: Animal::PrimaryBackup,
        under: &[("views", "service"), ("backups", "2"), ("replicas", "3"), ("loss", "25%")],
        mix: Mix::NoCrashes,
        off: ("resend", "once"),
        seen_by: &["A3", "A6", "W1"],
        budget: 100,
    },
    Mutant {
        id: "a primary that remembers no requests",
        animal: Animal::PrimaryBackup,
        under: &[("loss", "25%")],
        mix: Mix::NoCrashes,
        off: ("dedupe", "off"),
        seen_by: &["Linearizable"],
        budget: 300,
    },
    Mutant {
        id: "a primary and a backup whose disks lie",
        animal: Animal::PrimaryBackup,
        under: &[("journal", "on"), ("crash-fate", "dropped"), ("sync-latency", "30ms"), ("replicas", "3")],
        mix: Mix::Everything,
        off: ("disk", "lying"),
        seen_by: &["A1", "A3", "A4", "Linearizable", "Durable"],
        budget: 500,
    },
    Mutant {
        id: "a chain whose head answers",
        animal: Animal::PrimaryBackup,
        under: CHAIN,
        mix: Mix::Everything,
        off: ("answered-by", "head"),
        seen_by: &["A1", "A4", "A5", "Linearizable", "Durable"],
        budget: 200,
    },
    Mutant {
        id: "a chain in whose middle is read",
        animal: Animal::PrimaryBackup,
        under: CHAIN,
        mix: Mix::NoCrashes,
        off: ("primary-reads", "anywhere"),
        seen_by: &["Linearizable"],
        budget: 200,
    },
    Mutant {
        id: "leases bind no view service",
        animal: Animal::PrimaryBackup,
        under: &[("views", "service"), ("primary-reads", "lease"), ("lease", "5s")],
        mix: Mix::NoCrashes,
        off: ("leases-bind", "off"),
        seen_by: &["A7", "Linearizable"],
        budget: 100,
    },
    Mutant {
        id: "leases bind no view service, and there is a chain",
        animal: Animal::PrimaryBackup,
        under: &[("form", "chain"), ("views", "service"), ("primary-reads", "lease"), ("lease", "5s")],
        mix: Mix::NoCrashes,
        off: ("leases-bind", "off"),
        seen_by: &["A7", "Linearizable"],
        budget: 100,
    },
    Mutant {
        id: "VR: a new primary keeps its own log",
        animal: Animal::Vr,
        under: &[("replicas", "3"), ("loss", "25%")],
        mix: Mix::Everything,
        off: ("longest-log", "off"),
        seen_by: &["VR2", "P6", "Linearizable", "Durable"],
        budget: 300,
    },
    Mutant {
        id: "VR: whoever comes back takes part at once",
        animal: Animal::Vr,
        under: &[("replicas", "3")],
        mix: Mix::Everything,
        off: ("recovery-quorum", "off"),
        seen_by: &["VR1", "VR2", "P6", "Linearizable", "Durable"],
        budget: 200,
    },
    Mutant {
        id: "M24, VR: requests are not remembered",
        animal: Animal::Vr,
        under: &[("duplication", "25%"), ("replicas", "3")],
        mix: Mix::Everything,
        off: ("dedupe", "off"),
        seen_by: &["P7", "Linearizable"],
        budget: 50,
    },
    Mutant {
        id: "M28: each replica tosses a coin of its own",
        animal: Animal::Smr,
        under: &[("replicas", "3"), ("batch", "1")],
        mix: Mix::Everything,
        off: ("coin", "private"),
        seen_by: &["B7"],
        budget: 30,
    },
    Mutant {
        id: "M29: without a majority, a vote by a toss",
        animal: Animal::Smr,
        under: &[("replicas", "3"), ("batch", "1")],
        mix: Mix::Everything,
        off: ("without-majority", "random"),
        seen_by: &["B2", "B3"],
        budget: 20,
    },
    Mutant {
        id: "M30: a vote changes with what is heard later",
        animal: Animal::Smr,
        under: &[("replicas", "3"), ("batch", "1")],
        mix: Mix::Everything,
        off: ("frozen-votes", "off"),
        seen_by: &["B1"],
        budget: 20,
    },
    Mutant {
        id: "M31: an agreement on yes or no",
        animal: Animal::Smr,
        under: &[("replicas", "3"), ("batch", "1")],
        mix: Mix::Everything,
        off: ("agree-on", "bit"),
        seen_by: &["B5", "P6"],
        budget: 60,
    },
    Mutant {
        id: "M32: votes are not on the disk",
        animal: Animal::Smr,
        under: &[("replicas", "3"), ("batch", "1")],
        mix: Mix::Everything,
        off: ("persist-votes", "off"),
        seen_by: &["B1", "B5"],
        budget: 40,
    },
    Mutant {
        id: "M34: a value's time is up by the own clock",
        animal: Animal::Smr,
        under: &[
            ("replicas", "3"),
            ("latency-max", "500ms"),
            ("tick-every", "50ms"),
            ("eviction", "none"),
            ("max-entries", "10000"),
        ],
        mix: Mix::Everything,
        off: ("expiry", "local"),
        seen_by: &["P6", "B11"],
        budget: 15,
    },
    Mutant {
        id: "M34: the wall clock in the state",
        animal: Animal::Smr,
        under: &[("replicas", "3"), ("batch", "1")],
        mix: Mix::Everything,
        off: ("dates", "local"),
        seen_by: &["P6"],
        budget: 20,
    },
    Mutant {
        id: "M34: local reads count as uses",
        animal: Animal::Smr,
        under: &[("replicas", "3"), ("eviction", "lru"), ("max-entries", "2"), ("reads", "local")],
        mix: Mix::Everything,
        off: ("touches", "local"),
        seen_by: &["P6"],
        budget: 20,
    },
    Mutant {
        id: "M35: a batch stops at its first mistake",
        animal: Animal::Smr,
        under: &[("replicas", "3"), ("batch", "1")],
        mix: Mix::Everything,
        off: ("batches", "stop-at-error"),
        seen_by: &["B10", "Linearizable"],
        budget: 20,
    },
    Mutant {
        id: "M33: nobody tells a straggler",
        animal: Animal::Smr,
        under: &[("replicas", "3"), ("loss", "25%")],
        mix: Mix::Everything,
        off: ("answer-stragglers", "off"),
        seen_by: &["W1", "B8"],
        budget: 20,
    },
    Mutant {
        id: "Raft: two votes in one term",
        animal: Animal::Raft,
        under: ELECTIONS,
        mix: Mix::Everything,
        off: ("vote-once", "off"),
        seen_by: &["F6", "F1"],
        budget: 20,
    },
    Mutant {
        id: "Raft: a vote is forgotten in a crash",
        animal: Animal::Raft,
        under: ELECTIONS,
        mix: Mix::Everything,
        off: ("keep-vote", "off"),
        seen_by: &["F6", "F1"],
        budget: 500,
    },
    Mutant {
        id: "Raft: any candidate will do",
        animal: Animal::Raft,
        under: ELECTIONS,
        mix: Mix::Everything,
        off: ("vote-for-whole-logs", "off"),
        seen_by: &["F4", "F5", "P6", "Linearizable", "Durable"],
        budget: 50,
    },
    Mutant {
        id: "Raft: a late message cuts off what came after it",
        animal: Animal::Raft,
        under: LATE_MESSAGES,
        mix: Mix::Everything,
        off: ("truncate-on-conflict", "off"),
        seen_by: &["F4", "F5", "P6", "Linearizable", "Durable"],
        budget: 300,
    },
    Mutant {
        id: "M25, Raft: a lease that nobody keeps",
        animal: Animal::Raft,
        under: &[
            ("reads", "lease"),
            ("replicas", "3"),
            ("spares", "0"),
            ("pre-vote", "off"),
            ("latency-max", "60ms"),
            ("election-timeout", "300ms"),
        ],
        mix: Mix::NoCrashes,
        off: ("heed-leader", "off"),
        seen_by: &["F8", "Linearizable"],
        budget: 100,
    },
    Mutant {
        id: "M24, Raft: requests are not remembered",
        animal: Animal::Raft,
        under: &[("duplication", "25%"), ("replicas", "3"), ("reads", "log")],
        mix: Mix::Everything,
        off: ("dedupe", "off"),
        seen_by: &["P7", "Linearizable"],
        budget: 20,
    },
    Mutant {
        id: "M3, Raft: the disk lies",
        animal: Animal::Raft,
        under: &[("replicas", "3"), ("crash-fate", "dropped")],
        mix: Mix::Everything,
        off: ("disk", "lying"),
        seen_by: &["F4", "F5", "F6", "F7", "P6", "Linearizable", "Durable"],
        budget: 50,
    },
    Mutant {
        id: "Raft: several members change at once",
        animal: Animal::Raft,
        under: &[("replicas", "3"), ("spares", "2"), ("latency-max", "60ms"), ("election-timeout", "300ms")],
        mix: Mix::Everything,
        off: ("one-change-at-a-time", "off"),
        seen_by: &["F1", "F4", "F5", "F9"],
        budget: 50,
    },
    // M17, M19, M25 and M26 need what hardly any random world has: `paxos.rs` plays them, and `model_checked.rs` finds them.
    Mutant {
        id: "M16: an acceptor forgets in a crash",
        animal: Animal::Linearizable,
        under: &[("crash-fate", "dropped"), ("retries", "20")],
        mix: Mix::Everything,
        off: ("acceptor-journal", "off"),
        seen_by: &["P1", "P4", "P5", "P6"],
        budget: 50,
    },
    Mutant {
        id: "M16: the disks of acceptors lie",
        animal: Animal::Linearizable,
        under: &[("crash-fate", "dropped"), ("retries", "20"), ("sync-latency", "30ms")],
        mix: Mix::Everything,
        off: ("disk", "lying"),
        seen_by: &["P1", "P3", "P4", "P5", "P6"],
        budget: 100,
    },
    Mutant {
        id: "M36: what is there after asking again is taken for success",
        animal: Animal::Versioned,
        under: &[("clients", "3"), ("reply-loss", "25%"), ("engine", "memory")],
        mix: Mix::NoCrashes,
        off: ("recovery", "false-recovery"),
        seen_by: &["V2", "V3", "Linearizable"],
        budget: 50,
    },
    Mutant {
        id: "M37: who wants to make a key overwrites it",
        animal: Animal::Versioned,
        under: &[("clients", "3"), ("engine", "memory")],
        mix: Mix::NoCrashes,
        off: ("create", "overwrites"),
        seen_by: &["V2", "V3", "Linearizable"],
        budget: 50,
    },
    Mutant {
        id: "M37: the same value is put on top",
        animal: Animal::Versioned,
        under: &[("clients", "3"), ("engine", "memory")],
        mix: Mix::NoCrashes,
        off: ("retry", "blind"),
        seen_by: &["V2", "V3", "Linearizable"],
        budget: 50,
    },
    Mutant {
        id: "M38: checked in one step and inserted in another",
        animal: Animal::Versioned,
        under: &[("clients", "3"), ("latency-max", "5ms"), ("engine", "memory")],
        mix: Mix::NoCrashes,
        off: ("insert", "after-check"),
        seen_by: &["V2"],
        budget: 100,
    },
    Mutant {
        id: "copies are served, and clerks trust that they are not",
        animal: Animal::Versioned,
        under: &[("duplication", "25%"), ("drop-copies", "on"), ("assume-no-dup", "on"), ("engine", "memory")],
        mix: Mix::NoCrashes,
        off: ("drop-copies", "off"),
        seen_by: &["V3", "Linearizable"],
        budget: 50,
    },
    Mutant {
        id: "copies are served, and clerks begin to trust that they are not",
        animal: Animal::Versioned,
        under: &[("duplication", "25%"), ("drop-copies", "off"), ("assume-no-dup", "off"), ("engine", "memory")],
        mix: Mix::NoCrashes,
        off: ("assume-no-dup", "on"),
        seen_by: &["V3", "Linearizable"],
        budget: 50,
    },
    Mutant {
        id: "M39: the file is rewritten in place",
        animal: Animal::Versioned,
        under: &[("engine", "flat-file"), ("flat-file", "atomic-replace"), ("crash-fate", "torn")],
        mix: Mix::Everything,
        off: ("flat-file", "rewrite-in-place"),
        seen_by: &["V4", "V5", "Linearizable", "Durable"],
        budget: 50,
    },
    Mutant {
        id: "M3, versioned: the log is not synced before the answer",
        animal: Animal::Versioned,
        under: &[("engine", "embedded"), ("crash-fate", "dropped")],
        mix: Mix::Everything,
        off: ("log-sync", "off"),
        seen_by: &["V4", "V5"],
        budget: 50,
    },
    Mutant {
        id: "M3, versioned: the disk lies",
        animal: Animal::Versioned,
        under: &[("engine", "flat-file"), ("crash-fate", "dropped")],
        mix: Mix::Everything,
        off: ("disk", "lying"),
        seen_by: &["V4", "V5"],
        budget: 50,
    },
    Mutant {
        id: "M18: messages are votes",
        animal: Animal::Linearizable,
        under: &[("duplication", "25%"), ("retries", "20")],
        mix: Mix::NoCrashes,
        off: ("votes-counted", "messages"),
        seen_by: &["P4", "P5"],
        budget: 50,
    },
    Mutant {
        id: "M20: holes stay open",
        animal: Animal::Linearizable,
        under: &[
            ("f", "1"),
            ("loss", "25%"),
            ("latency-max", "60ms"),
            ("retries", "20"),
            ("window", "16"),
            ("batch", "1"),
            ("clients", "3"),
            // A hole stays open for a while, if the leader dies meanwhile for ever.
            ("i-am-leader-send", "2s"),
            ("i-am-leader-check", "3s"),
        ],
        mix: Mix::Everything,
        off: ("fill-holes", "off"),
        seen_by: &["W1"],
        budget: 150,
    },
    Mutant {
        id: "M21: what looks chosen is left out",
        animal: Animal::Linearizable,
        under: &[("loss", "25%"), ("f", "1"), ("retries", "20"), ("reads", "log")],
        mix: Mix::Everything,
        off: ("proposed-again", "what-looks-open"),
        seen_by: &["W1", "B8"],
        budget: 100,
    },
    Mutant {
        id: "M22: replicas execute as it comes",
        animal: Animal::Linearizable,
        under: &[("fifo", "off"), ("retries", "20"), ("window", "16")],
        mix: Mix::Everything,
        off: ("gap-buffer", "none"),
        seen_by: &["P6", "P7"],
        budget: 50,
    },
    Mutant {
        id: "M23: the count of slots restarts",
        animal: Animal::Linearizable,
        under: &[("fifo", "off"), ("retries", "20"), ("window", "16")],
        mix: Mix::Everything,
        off: ("gap-buffer", "restarts"),
        seen_by: &["P6", "P7", "P8", "W1"],
        budget: 50,
    },
    Mutant {
        id: "M24: replicas remember no clients",
        animal: Animal::Linearizable,
        under: &[("loss", "25%"), ("retries", "20")],
        mix: Mix::Everything,
        off: ("dedupe", "off"),
        seen_by: &["P7"],
        budget: 50,
    },
    Mutant {
        id: "M24: snapshots do not know clients",
        animal: Animal::Linearizable,
        under: &[("checkpoint-frequency", "1"), ("retries", "20")],
        mix: Mix::Everything,
        off: ("table-in-snapshot", "off"),
        seen_by: &["P6", "P7", "L3"],
        budget: 100,
    },
    Mutant {
        id: "M27: one snapshot is enough",
        animal: Animal::Linearizable,
        under: &[("checkpoint-frequency", "1"), ("retries", "20")],
        mix: Mix::Everything,
        off: ("truncated-at", "one"),
        seen_by: &["P9"],
        budget: 50,
    },
];

/// A head, a middle and a tail.
const CHAIN: &[(&str, &str)] = &[("form", "chain"), ("views", "service"), ("replicas", "4"), ("backups", "2")];

/// Many elections.
const ELECTIONS: &[(&str, &str)] =
    &[("replicas", "3"), ("spares", "0"), ("pre-vote", "off"), ("latency-max", "60ms"), ("election-timeout", "300ms")];

/// Messages that come twice and late.
const LATE_MESSAGES: &[(&str, &str)] = &[
    ("replicas", "3"),
    ("spares", "0"),
    ("clients", "3"),
    ("duplication", "25%"),
    ("fifo", "off"),
    ("batch", "1"),
    ("snapshot-every", "32"),
    ("latency-max", "500ms"),
    ("election-timeout", "3s"),
];

/// Those to look at: those with `KVS_MUTANT` in their names, or all.
fn mutants() -> impl Iterator<Item = &'static Mutant> {
    let named = std::env::var("KVS_MUTANT").ok();
    MUTANTS.iter().filter(move |mutant| named.as_ref().is_none_or(|name| mutant.id.contains(name)))
}

/// The promises of which causal convergence is made.
const CAUSAL: &[&str] = &[
    "Causally convergent",
    "Causally consistent",
    "Read your writes",
    "Monotonic reads",
    "Monotonic writes",
    "Writes follow reads",
];

/// Rumors that cannot miss anybody, so that anti-entropy is not needed: the option that is on, is safe.
const QUIET_RUMORS: &[(&str, &str)] = &[
    ("anti-entropy", "off"),
    ("rumors", "on"),
    ("direct-mail", "off"),
    ("replicas", "2"),
    ("contacts", "feedback"),
    ("cooling", "counter"),
    ("counter-limit", "1"),
    ("latency-max", "5ms"),
    ("values", "mv-register"),
];

#[test]
fn every_safety_option_that_is_off_is_caught() {
    for mutant in mutants() {
        let options: Vec<_> = mutant.under.iter().copied().chain([mutant.off]).collect();
        let caught = (1..=mutant.budget).find_map(|seed| {
            let broken = live(mutant.animal, seed, &options, mutant.mix, &mut Sights::default()).err()?;
            mutant.seen_by.contains(&broken.breach.name()).then_some((seed, broken.breach))
        });
        let (worlds, breach) =
            caught.unwrap_or_else(|| panic!("{}: not caught in {} worlds", mutant.id, mutant.budget));
        println!("{}: caught after {worlds} worlds: {breach}", mutant.id);
    }
}

#[test]
fn the_same_faults_break_nothing_while_it_is_on() {
    for mutant in mutants() {
        for seed in 1..=mutant.budget {
            if let Err(broken) = live(mutant.animal, seed, mutant.under, mutant.mix, &mut Sights::default()) {
                panic!("{}, switched on, seed {seed}: {}", mutant.id, report(&broken));
            }
        }
    }
}

/// Letters from before a crash, a tail that has not stopped, and clocks that differ: random worlds meet these seldom or are excused, so they
/// are played.
#[test]
fn views_need_disks_chains_need_order_and_leases_need_clocks() {
    let text = |lesson: &str| {
        let path = format!("{}/../lessons/{lesson}.kvs", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).expect("a lesson")
    };
    let parse = |text: &str| Schedule::parse(text).expect("it makes sense");
    let lesson = |name: &str| parse(&text(name));
    // A disk that lies forgets the view as well.
    let lying = text("vr_forgotten_view").replace("keep-view=off", "disk=lying crash-fate=dropped");
    let run = parse(&lying).run(&mut ());
    assert_eq!(first_breach(&run.recording, run.end, true).map(|found| found.breach.name()), Some("VR3"));
    for (name, seen_by) in [
        ("vr_remembered_view", None),
        ("vr_forgotten_view", Some("VR3")),
        ("chain_reads_go_down", None),
        ("chain_tail_reads_alone", Some("Linearizable")),
    ] {
        let run = lesson(name).run(&mut ());
        assert_eq!(first_breach(&run.recording, run.end, true).map(|found| found.breach.name()), seen_by, "{name}");
    }
    for (name, is_broken) in [("primary_lease_is_kept", false), ("primary_lease_and_clocks", true)] {
        let expected = format!("expect linearizable {}", if is_broken { "broken" } else { "holds" });
        let schedule = lesson(name);
        assert!(schedule.to_string().contains(&expected), "{name}");
        let run = play(&schedule, &mut ());
        assert_eq!(run.failure, None, "{name}");
        // Whoever trusts clocks has said so: it is no breach of a claim.
        assert_eq!(first_breach(&run.recording, run.end, true).map(|found| found.breach.name()), None, "{name}");
    }
}

/// Random worlds meet these once in a thousand, so they are played: entries of earlier terms are counted, as in figure 8 (`commit-own-term`);
/// and a leader changes the members before it has committed anything (`change-after-own-entry`).
#[test]
fn what_takes_many_steps_is_played_and_seen_by_leader_completeness() {
    let figure_8 = [("raft_figure_8", None), ("raft_figure_8_miscounted", Some("F4"))];
    let members = [("raft_one_majority", None), ("raft_two_majorities", Some("F4"))];
    for (lesson, seen_by) in figure_8.into_iter().chain(members) {
        let path = format!("{}/../lessons/{lesson}.kvs", env!("CARGO_MANIFEST_DIR"));
        let schedule = Schedule::parse(&std::fs::read_to_string(path).expect("a lesson")).expect("it makes sense");
        let run = schedule.run(&mut ());
        let breach = first_breach(&run.recording, run.end, true).map(|found| found.breach.name());
        assert_eq!(breach, seen_by, "{lesson}");
    }
}
