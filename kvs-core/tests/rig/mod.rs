//! Random worlds: each draws its own architecture and its own mix of faults, some of them off altogether, and is watched at every
//! step. First a time of faults, in which nothing may be broken; then a time of peace, after which all must be well.

use std::collections::BTreeSet;

use kvs_core::check::invariants::Violation;
use kvs_core::choice::{Choose, Purpose, Stream};
use kvs_core::explore::{Breach, Finding, Hunt, Life};
use kvs_core::process::NodeId;
use kvs_core::server::Node;
use kvs_core::sim::schedule::Schedule;
use kvs_core::storage::Values;
use kvs_core::time::Time;
use kvs_core::world::{Happening, Observer};
use kvs_core::zoo::{Animal, Architecture, StorageOptions, catalog};

/// What was seen in many worlds, so that a test can tell that they were not all dull.
#[derive(Default)]
pub(crate) struct Sights {
    pub(crate) marks: BTreeSet<&'static str>,
    pub(crate) losses: BTreeSet<String>,
    pub(crate) siblings: bool,
}

impl Observer<Node> for Sights {
    fn saw(&mut self, _now: Time, happening: Happening<'_, Node>) {
        use kvs_core::op::{KVSResponse, Outcome};
        use kvs_core::server::Message;
        match happening {
            Happening::Marked { mark, .. } => {
                self.marks.insert(mark.0);
            }
            Happening::Lost { why, .. } => {
                self.losses.insert(format!("{why:?}"));
            }
            Happening::Told { message: Message::Returned(returned), .. } => {
                if let Outcome::Ok(KVSResponse::GetResult { values, .. }) = &returned.outcome {
                    self.siblings |= values.len() > 1;
                }
            }
            _ => {}
        }
    }
}

/// A world in the making: the one source of all its luck.
struct Luck(Stream);

impl Luck {
    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.0.choose(u32::try_from(from.len()).expect("short")) as usize]
    }
}

/// Which faults worlds may have at all.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mix {
    /// Every kind.
    Everything,
    /// All but crashes: memory is never lost.
    NoCrashes,
}

/// What a world is made of: the usual options in many mixtures, then those that a test insists on.
fn architecture(animal: Animal, luck: &mut Luck, fixed: &[(&str, &str)]) -> Architecture {
    let mut architecture = catalog::exhibit_of(animal).architecture();
    let mut set = |name: &str, value: &str| architecture.set(name, value).unwrap_or_else(|error| panic!("{error}"));
    set("clients", luck.pick(&["1", "2", "3"]));
    set("retries", luck.pick(&["1", "4", "20"]));
    set("loss", luck.pick(&["0%", "0%", "5%", "25%"]));
    set("duplication", luck.pick(&["0%", "0%", "5%", "25%"]));
    set("fifo", luck.pick(&["off", "off", "on"]));
    set("latency-min", luck.pick(&["0s", "5ms"]));
    set("latency-max", luck.pick(&["5ms", "60ms", "500ms"]));
    if matches!(animal, Animal::Sharded | Animal::ShardedReplicated | Animal::ShardedCausal) {
        set("shards", luck.pick(&["1", "2", "3", "4"]));
        set("spares", luck.pick(&["0", "1", "2"]));
        let router = luck.pick(&["ring", "ring", "modulo"]);
        set("router", router);
        if router == "ring" {
            set("virtual-nodes", luck.pick(&["1", "8", "100"]));
        }
        set("misrouted", luck.pick(&["refused", "forwarded"]));
        set("journal", luck.pick(&["on", "off"]));
        set("crash-fate", luck.pick(&["dropped", "kept", "torn"]));
        set("sync-latency", luck.pick(&["1ms", "30ms"]));
    }
    if matches!(animal, Animal::ShardedReplicated | Animal::ShardedCausal) {
        set("replicas", luck.pick(&["1", "2", "3"]));
        set("routing", luck.pick(&["sticky", "round-robin"]));
        set("direct-mail", luck.pick(&["on", "off"]));
        set("rumors", luck.pick(&["on", "off"]));
        set("gossip-interval", luck.pick(&["20ms", "200ms"]));
        set("gossip-mode", luck.pick(&["push", "push", "pull", "push-pull"]));
        set("anti-entropy-interval", luck.pick(&["100ms", "1s"]));
    }
    match animal {
        Animal::ShardedReplicated => {
            set("values", luck.pick(&["mv-register", "mv-register", "lww"]));
            set("read-context", luck.pick(&["carried", "carried", "blind"]));
        }
        Animal::Sharded | Animal::ShardedCausal => {}
        Animal::Raft => {
            // An answer takes many messages, and each may take half a second.
            set("retries", luck.pick(&["20", "40"]));
            let (members, spares) = luck.pick(&[
                ("1", "0"),
                ("2", "0"),
                ("3", "0"),
                ("3", "1"),
                ("3", "2"),
                ("4", "1"),
                ("5", "0"),
                ("1", "3"),
            ]);
            set("replicas", members);
            set("spares", spares);
            set("catch-up", luck.pick(&["on", "on", "off"]));
            set("routing", luck.pick(&["leader", "leader", "sticky", "round-robin"]));
            set("reads", luck.pick(&["log", "log", "read-index", "lease", "local"]));
            // It is live only where messages are faster than elections.
            let (latency, timeout) =
                luck.pick(&[("5ms", "300ms"), ("60ms", "300ms"), ("60ms", "1s"), ("60ms", "300ms"), ("500ms", "3s")]);
            set("latency-max", latency);
            set("election-timeout", timeout);
            set("heartbeat", luck.pick(&["50ms", "150ms"]));
            set("snapshot-every", luck.pick(&["1", "4", "32"]));
            set("batch", luck.pick(&["1", "3", "16"]));
            set("pre-vote", luck.pick(&["on", "on", "off"]));
            set("crash-fate", luck.pick(&["dropped", "kept", "torn"]));
            set("sync-latency", luck.pick(&["1ms", "30ms"]));
        }
        Animal::Vr => {
            set("retries", luck.pick(&["20", "40"]));
            set("replicas", luck.pick(&["3", "3", "3", "4", "5"]));
            set("routing", luck.pick(&["leader", "leader", "sticky", "round-robin"]));
            // It is live only where messages are faster than changes of views.
            let (latency, timeout) = luck.pick(&[("5ms", "300ms"), ("60ms", "300ms"), ("60ms", "1s"), ("500ms", "4s")]);
            set("latency-max", latency);
            set("view-change-timeout", timeout);
            set("commit-interval", luck.pick(&["50ms", "150ms"]));
            set("crash-fate", luck.pick(&["dropped", "kept", "torn"]));
            set("sync-latency", luck.pick(&["1ms", "30ms"]));
        }
        Animal::Smr => {
            // Whoever is patient is answered in the end; the watchdog asks for that.
            set("retries", luck.pick(&["20", "60"]));
            set("replicas", luck.pick(&["3", "3", "3", "4", "5"]));
            set("routing", luck.pick(&["sticky", "round-robin"]));
            set("crash-fate", luck.pick(&["dropped", "kept", "torn"]));
            set("sync-latency", luck.pick(&["1ms", "30ms"]));
            set("coin-seed", luck.pick(&["1", "2", "3", "4"]));
            set("resend-after", luck.pick(&["100ms", "300ms"]));
            set("snapshot-every", luck.pick(&["2", "5", "16"]));
            set("batch", luck.pick(&["1", "1", "3"]));
            set("eviction", luck.pick(&["none", "none", "oldest-write", "lru"]));
            set("max-entries", luck.pick(&["1", "2", "10000"]));
            set("notification-buffer", luck.pick(&["1", "3", "64"]));
            set("snapshot-compression", luck.pick(&["on", "off"]));
            set("tick-every", luck.pick(&["0s", "50ms", "1s"]));
        }
        Animal::Linearizable => {
            // A request goes through five hands, each of which may take half a second.
            set("retries", luck.pick(&["10", "20"]));
            set("f", luck.pick(&["1", "1", "2"]));
            set("replicas", luck.pick(&["3", "4"]));
            set("proposers", luck.pick(&["3", "4"]));
            set("reads", luck.pick(&["log", "log", "read-index", "lease", "quorum"]));
            set("batch", luck.pick(&["1", "4"]));
            set("window", luck.pick(&["1", "4", "16"]));
            set("checkpoint-frequency", luck.pick(&["1", "4", "16"]));
            set("check-delay-multiplier", luck.pick(&["0", "1"]));
            set("lease", luck.pick(&["200ms", "900ms"]));
            set("crash-fate", luck.pick(&["dropped", "kept", "torn"]));
            set("sync-latency", luck.pick(&["1ms", "30ms"]));
        }
        Animal::Versioned => {
            let engine = luck.pick(&["memory", "flat-file", "embedded"]);
            set("engine", engine);
            if engine == "flat-file" {
                set("flat-file", luck.pick(&["atomic-replace", "append"]));
            }
            set("generations", luck.pick(&["on", "on", "off"]));
            set("request-loss", luck.pick(&["0%", "5%", "25%"]));
            set("reply-loss", luck.pick(&["0%", "5%", "25%"]));
            set("drop-reads", luck.pick(&["on", "off"]));
            // One of the two is enough.
            let (drop_copies, assume) = luck.pick(&[("on", "on"), ("on", "on"), ("on", "off"), ("off", "off")]);
            set("drop-copies", drop_copies);
            set("assume-no-dup", assume);
            set("crash-fate", luck.pick(&["dropped", "kept", "torn"]));
            set("sync-latency", luck.pick(&["1ms", "30ms"]));
        }
        Animal::Local => {
            set("journal", luck.pick(&["on", "off"]));
            set("crash-fate", luck.pick(&["dropped", "kept", "torn"]));
            set("sync-latency", luck.pick(&["1ms", "30ms"]));
        }
        Animal::PrimaryBackup => {
            set("replicas", luck.pick(&["2", "3", "4", "5"]));
            set("backups", luck.pick(&["1", "1", "2", "3"]));
            set("views", luck.pick(&["service", "service", "external"]));
            set("journal", luck.pick(&["on", "off"]));
            set("crash-fate", luck.pick(&["dropped", "kept", "torn"]));
            set("sync-latency", luck.pick(&["1ms", "30ms"]));
            set("routing", luck.pick(&["leader", "leader", "sticky", "round-robin"]));
            // In peace, everybody who asks is answered: whoever gives up early is not.
            set("retries", "40");
        }
        Animal::Replicated => {
            set("replicas", luck.pick(&["2", "3", "4", "5"]));
            set("values", luck.pick(&["mv-register", "mv-register", "lww"]));
            set("routing", luck.pick(&["sticky", "round-robin"]));
            set("direct-mail", luck.pick(&["on", "off"]));
            set("rumors", luck.pick(&["on", "on", "off"]));
            set("gossip-interval", luck.pick(&["20ms", "200ms"]));
            set("gossip-mode", luck.pick(&["push", "push", "pull", "push-pull"]));
            set("ticks", luck.pick(&["apart", "apart", "together"]));
            set("contacts", luck.pick(&["feedback", "blind"]));
            set("cooling", luck.pick(&["counter", "coin"]));
            set("counter-limit", luck.pick(&["1", "2", "3"]));
            set("read-context", luck.pick(&["carried", "carried", "blind"]));
            set("anti-entropy-interval", luck.pick(&["100ms", "1s"]));
            set("certificate-age", luck.pick(&["20s", "60s"]));
            set("dormant-age", luck.pick(&["1s", "3600s"]));
            set("retention-sites", luck.pick(&["1", "2"]));
        }
    }
    for (name, value) in fixed {
        set(name, value);
    }
    if architecture.sharding.as_ref().is_some_and(|shards| shards.shards > 1) && luck.pick(&[true, false, false]) {
        architecture.set("regions", "2").expect("there are as many shards");
    }
    if architecture.storage == StorageOptions::Lattice(Values::Lww)
        && !fixed.iter().any(|(name, _)| *name == "certificates")
    {
        architecture.set("certificates", luck.pick(&["kept", "limited"])).expect("there are timestamps");
    } else if animal == Animal::Replicated && fixed.is_empty() {
        architecture.set("delivery", luck.pick(&["eventual", "causal"])).expect("nothing stands against it");
    }
    architecture
}

/// Lives one random world. `fixed` options override what is drawn.
pub(crate) fn live(
    animal: Animal,
    seed: u64,
    fixed: &[(&str, &str)],
    mix: Mix,
    sights: &mut Sights,
) -> Result<(), Box<Finding>> {
    let mut hunt = Hunt::new(architecture(animal, &mut Luck(Stream::new(seed, Purpose::Workload)), fixed));
    // The architecture's own links are drawn above, and kept.
    hunt.faults.links = false;
    if mix == Mix::NoCrashes {
        (hunt.faults.crashes, hunt.faults.wipes) = (false, false);
    }
    let mut life = Life::new(&hunt, seed, sights);
    let lived = life.faults().and_then(|()| life.peace());
    lived.and_then(|()| at_peace(&life)).map_err(|breach| {
        let at = life.replay().moment().time;
        Box::new(Finding { breach, recording: life.recording().clone(), at })
    })
}

/// What must hold when everybody has had all it takes.
fn at_peace(life: &Life<'_, Sights>) -> Result<(), Breach> {
    let broken = |id, what: String| {
        let time = life.replay().moment().time;
        Err(Breach::Invariant(Violation { id, time, node: NodeId(0), what }))
    };
    if let Some(open) = life.watch().history().operations().iter().find(|operation| operation.ended.is_none()) {
        return broken("liveness", format!("{} never ended", open.op()));
    }
    life.watch().invariants().when_quiet(life.replay().sim().world()).map_err(Breach::Invariant)
}

/// How to see a broken world again.
pub(crate) fn report(found: &Finding) -> String {
    format!("{}\n\n{}", found.breach, Schedule::from_recording(&found.recording))
}
