//! Single messages, as the report says.

use alloc::vec;

use super::*;
use crate::op::KVSOperation;
use crate::ordering::desk::{Desk, ME, SHE, YOU, put, request};
use crate::ordering::{self, Reply};

/// A replica, with its machine and its disk.
struct Bench {
    vr: Vr,
    desk: Desk,
}

/// What is sent, and to whom.
type Sent = Vec<(NodeId, Message)>;

impl Bench {
    fn new(servers: &[NodeId], rules: Rules) -> Self {
        let options = VrOptions { rules, ..VrOptions::default() };
        let vr = Vr::new(Arc::new(options), servers.into(), ME);
        let mut bench = Self { vr, desk: Desk::default() };
        bench.step(Event::Boot);
        bench
    }

    /// Of three: it leads view 1, and YOU lead view 2.
    fn primary() -> Self {
        Self::new(&[ME, YOU, SHE], Rules::default())
    }

    /// Of three: YOU lead view 1, it leads view 2, and SHE leads view 3.
    fn backup() -> Self {
        Self::new(&[YOU, ME, SHE], Rules::default())
    }

    fn step(&mut self, event: Event<Message, Timer>) -> Sent {
        let Self { vr, desk } = self;
        of_vr(desk.step(|executor, cx| vr.step(event, executor, cx)))
    }

    fn hear(&mut self, from: NodeId, message: Message) -> Sent {
        self.step(Event::Receive { from, message })
    }

    fn ask(&mut self, sequence: u32, op: KVSOperation) -> Sent {
        let Self { vr, desk } = self;
        of_vr(desk.step(|executor, cx| vr.submit(&request(sequence, op), executor, cx)))
    }

    /// It crashes and comes back; what it says first.
    fn restart(&mut self) -> Sent {
        self.desk.crash();
        self.vr = Vr::new(self.vr.options.clone(), self.vr.servers.clone(), ME);
        self.step(Event::Boot)
    }

    /// The numbers of the requests in its log, and how many of them are executed.
    fn log(&self) -> (Vec<u32>, u64) {
        (self.vr.log.iter().map(|request| request.id.sequence).collect(), self.vr.commit)
    }
}

fn of_vr(sent: Vec<(NodeId, ordering::Message)>) -> Sent {
    let of_vr = |(to, message)| match message {
        ordering::Message::Vr(message) => Some((to, message)),
        _ => None,
    };
    sent.into_iter().filter_map(of_vr).collect()
}

/// The requests of these numbers.
fn entries(numbers: &[u32]) -> Entries {
    numbers.iter().map(|number| request(*number, put())).collect()
}

fn prepare(view: u32, op: u32, commit: u64) -> Message {
    Message::Prepare { view, op: u64::from(op), request: request(op, put()), commit }
}

fn to_others(message: &Message) -> Sent {
    [YOU, SHE].map(|to| (to, message.clone())).into()
}

/// "The primary advances op-number, adds the request to the end of the log […]. Then it sends a PREPARE message to the other replicas."
#[test]
fn a_primary_gives_each_request_one_slot_and_a_backup_says_who_is_primary() {
    let mut primary = Bench::primary();
    assert_eq!(primary.ask(1, put()), to_others(&prepare(1, 1, 0)));
    assert_eq!(primary.ask(1, put()), [], "it has its slot");
    assert_eq!(primary.ask(2, put()), to_others(&prepare(1, 2, 0)));
    assert_eq!((primary.log(), primary.desk.replies.len()), ((vec![1, 2], 0), 0));

    let mut backup = Bench::backup();
    assert_eq!(backup.ask(1, put()), []);
    assert!(matches!(backup.desk.replies[..], [Reply::Redirect { to: Some(YOU), .. }]));
}

/// "Backups process PREPARE messages in order: a backup won't accept a prepare with op-number n until it has entries for all earlier requests."
#[test]
fn a_backup_takes_prepares_in_order() {
    let mut backup = Bench::backup();
    let ok = |op| vec![(YOU, Message::PrepareOk { view: 1, op })];
    let missing = |op| vec![(YOU, Message::GetState { view: 1, op })];
    assert_eq!(backup.hear(YOU, prepare(1, 2, 0)), missing(0));
    assert_eq!(backup.hear(YOU, prepare(1, 1, 0)), ok(1));
    assert_eq!(backup.hear(YOU, prepare(1, 1, 0)), ok(1), "a copy changes nothing");
    assert_eq!(backup.hear(YOU, prepare(1, 3, 1)), missing(1));
    assert_eq!(backup.log(), (vec![1], 0));
    assert_eq!(backup.hear(YOU, prepare(1, 2, 1)), ok(2));
    assert_eq!(backup.log(), (vec![1, 2], 1), "what the primary has committed is executed");
}

/// "The primary waits for f PREPAREOK messages from different backups; at this point it considers the operation (and all earlier ones) to be
/// committed."
#[test]
fn what_f_backups_have_is_committed_and_answered() {
    let mut primary = Bench::primary();
    primary.ask(1, put());
    primary.ask(2, put());
    primary.hear(YOU, Message::PrepareOk { view: 2, op: 2 });
    assert_eq!(primary.log().1, 0, "of another view");
    primary.hear(YOU, Message::PrepareOk { view: 1, op: 2 });
    assert_eq!((primary.log().1, primary.desk.replies.len()), (2, 2));

    let others = [YOU, SHE, NodeId(8), NodeId(9)];
    let mut of_five = Bench::new(&[&[ME][..], &others[..]].concat(), Rules::default());
    of_five.ask(1, put());
    for (from, committed) in [(YOU, 0), (YOU, 0), (SHE, 1)] {
        of_five.hear(from, Message::PrepareOk { view: 1, op: 1 });
        assert_eq!(of_five.log().1, committed, "from {from}");
    }
}

/// "When a backup learns of a commit, it waits until it has the request in its log and until it has executed all earlier operations."
#[test]
fn a_backup_executes_what_it_has_and_asks_for_the_rest() {
    let mut backup = Bench::backup();
    backup.hear(YOU, prepare(1, 1, 0));
    let sent = backup.hear(YOU, Message::Commit { view: 1, commit: 3 });
    assert_eq!((sent, backup.log()), (vec![(YOU, Message::GetState { view: 1, op: 1 })], (vec![1], 1)));
    let rest = Message::NewState { view: 1, after: 1, log: entries(&[2, 3]), commit: 3 };
    assert_eq!(backup.hear(YOU, rest.clone()), [(YOU, Message::PrepareOk { view: 1, op: 3 })]);
    backup.hear(YOU, rest);
    assert_eq!(backup.log(), (vec![1, 2, 3], 3), "a copy changes nothing");
}

/// "[…] it instead informs the backups of the latest commit"; and who has not acknowledged an entry gets it again.
#[test]
fn a_primary_says_again_what_a_backup_has_not_acknowledged() {
    let mut primary = Bench::primary();
    primary.ask(1, put());
    primary.hear(YOU, Message::PrepareOk { view: 1, op: 1 });
    let sent = primary.step(Event::Timer(Timer::Again));
    assert_eq!(sent, [(YOU, Message::Commit { view: 1, commit: 1 }), (SHE, prepare(1, 1, 1))]);
}

/// "A replica i that notices the need for a view change advances its view-number, sets its status to view-change, and sends a STARTVIEWCHANGE message
/// to all other replicas": after silence, or when others do.
#[test]
fn who_hears_no_primary_wants_the_next_view() {
    let mut backup = Bench::backup();
    let wanted = to_others(&Message::StartViewChange { view: 2 });
    assert_eq!(backup.step(Event::Timer(Timer::ViewChange)), wanted);
    assert_eq!((backup.vr.view(), backup.vr.is_normal()), (2, false));
    assert_eq!(backup.hear(YOU, prepare(1, 1, 0)), [], "the old view is over");
    assert!(backup.vr.log.is_empty());
    assert_eq!(Bench::primary().step(Event::Timer(Timer::ViewChange)), [], "who leads misses nobody");
    assert_eq!(Bench::backup().hear(SHE, Message::StartViewChange { view: 1 }), [], "it has begun");
}

/// "When replica i receives STARTVIEWCHANGE messages for its view-number from f other replicas, it sends a DOVIEWCHANGE message to the node that will
/// be the primary in the new view."
#[test]
fn what_it_has_it_tells_the_next_primary_when_f_others_want_the_view() {
    let mut backup = Bench::backup();
    backup.hear(YOU, prepare(1, 1, 0));
    backup.hear(YOU, prepare(1, 2, 1));
    let offer = Message::DoViewChange { view: 3, log: entries(&[1, 2]), last_normal: 1, commit: 1 };
    let mut expected = to_others(&Message::StartViewChange { view: 3 });
    expected.push((SHE, offer));
    assert_eq!(backup.hear(YOU, Message::StartViewChange { view: 3 }), expected);
    assert_eq!(backup.hear(YOU, Message::StartViewChange { view: 3 }), [], "once");

    let mut of_five = Bench::new(&[YOU, SHE, ME, NodeId(8), NodeId(9)], Rules::default());
    for (from, is_enough) in [(YOU, false), (YOU, false), (NodeId(8), true)] {
        let sent = of_five.hear(from, Message::StartViewChange { view: 2 });
        let offers = sent.iter().any(|(to, message)| *to == SHE && message.kind() == "DoViewChange");
        assert_eq!(offers, is_enough, "from {from}");
    }
}

/// "[…] selects as the new log the one contained in the message with the largest v′; if several messages have the same v′ it selects the one among them
/// with the largest n. […] it sets its commit-number to the largest such number."
#[test]
fn a_new_primary_takes_the_log_of_the_latest_view_and_of_these_the_longest() {
    let offer =
        |last_normal, log: &[u32], commit| Message::DoViewChange { view: 5, log: entries(log), last_normal, commit };
    for (told, taken) in [
        // YOU were in a later view, with less.
        (offer(4, &[7], 1), (&[7][..], 1)),
        // In the same view, with more; with as much.
        (offer(1, &[1, 2, 3], 2), (&[1, 2, 3], 2)),
        (offer(1, &[1], 1), (&[1, 2], 1)),
        // In an earlier one, whatever that says.
        (offer(0, &[8, 9, 10], 0), (&[1, 2], 0)),
    ] {
        for takes_longest_log in [true, false] {
            let mut bench = Bench::new(&[YOU, ME, SHE], Rules { takes_longest_log, ..Rules::default() });
            bench.hear(YOU, prepare(1, 1, 0));
            bench.hear(YOU, prepare(1, 2, 0));
            bench.hear(SHE, Message::StartViewChange { view: 5 });
            assert!(!bench.vr.leads(), "its own offer is not enough");
            let sent = bench.hear(YOU, told.clone());
            let (log, commit) = if takes_longest_log { taken } else { (&[1, 2][..], taken.1) };
            assert_eq!(sent, to_others(&Message::StartView { view: 5, log: entries(log), commit }), "{told}");
            assert_eq!((bench.log(), bench.vr.leads()), ((log.to_vec(), commit), true), "{told}");
        }
    }
}

/// "When other replicas receive the STARTVIEW message, they replace their log with the one in the message, […] change their status to normal, […] send
/// a PREPAREOK […]. Then they execute all operations known to be committed."
#[test]
fn a_backup_takes_over_the_log_with_which_a_view_begins_once() {
    let mut backup = Bench::backup();
    backup.hear(YOU, prepare(1, 1, 0));
    let begins = Message::StartView { view: 3, log: entries(&[5, 6]), commit: 1 };
    assert_eq!(backup.hear(YOU, begins.clone()), [], "it is not YOUR turn");
    let ok = |op| vec![(SHE, Message::PrepareOk { view: 3, op })];
    assert_eq!(backup.hear(SHE, begins.clone()), ok(2));
    assert_eq!((backup.log(), backup.vr.is_normal()), ((vec![5, 6], 1), true));
    backup.hear(SHE, Message::Prepare { view: 3, op: 3, request: request(7, put()), commit: 1 });
    assert_eq!(backup.hear(SHE, begins), ok(3));
    assert_eq!(backup.log(), (vec![5, 6, 7], 1), "a late copy takes nothing back");
}

/// Section 5.2: what is not known to be committed gives way to what a later view has, when that is there and not before.
#[test]
fn a_log_is_cut_off_when_there_is_something_to_take_its_place() {
    let mut backup = Bench::backup();
    backup.hear(YOU, prepare(1, 1, 0));
    backup.hear(YOU, prepare(1, 2, 1));
    let later = Message::Prepare { view: 3, op: 3, request: request(9, put()), commit: 1 };
    assert_eq!(backup.hear(SHE, later), [(SHE, Message::GetState { view: 3, op: 1 })]);
    assert_eq!(backup.log(), (vec![1, 2], 1), "it may be the last copy");
    let state = Message::NewState { view: 3, after: 1, log: entries(&[8, 9]), commit: 2 };
    assert_eq!(backup.hear(SHE, state), [(SHE, Message::PrepareOk { view: 3, op: 3 })]);
    assert_eq!((backup.log(), backup.vr.view()), ((vec![1, 8, 9], 2), 3));
}

/// "A replica responds to a GETSTATE message only if its status is normal and it is currently in view v."
#[test]
fn only_who_takes_part_in_a_view_tells_what_is_in_it() {
    let mut primary = Bench::primary();
    primary.ask(1, put());
    primary.ask(2, put());
    let state = Message::NewState { view: 1, after: 1, log: entries(&[2]), commit: 0 };
    assert_eq!(primary.hear(YOU, Message::GetState { view: 1, op: 1 }), [(YOU, state)]);
    assert_eq!(primary.hear(YOU, Message::GetState { view: 2, op: 1 }), []);
    primary.hear(YOU, Message::StartViewChange { view: 2 });
    assert_eq!(primary.hear(YOU, Message::GetState { view: 2, op: 1 }), []);
}

/// "The recovering replica waits to receive at least f + 1 RECOVERYRESPONSE messages from different replicas, all containing the nonce it sent […],
/// including one from the primary of the latest view it learns of in these messages."
#[test]
fn who_has_lost_its_memory_takes_no_part_until_a_majority_has_told_it() {
    let mut backup = Bench::backup();
    backup.hear(YOU, prepare(1, 1, 0));
    assert_eq!(backup.restart(), to_others(&Message::Recovery { nonce: 1, view: 1 }));
    assert_eq!(backup.hear(YOU, prepare(1, 1, 0)), []);
    assert_eq!(backup.hear(SHE, Message::StartViewChange { view: 2 }), []);
    let told = |view, nonce, log: Option<&[u32]>| {
        let state = log.map(|log| (entries(log), 1));
        Message::RecoveryResponse { view, nonce, state }
    };
    backup.hear(YOU, told(1, 1, Some(&[1])));
    backup.hear(YOU, told(1, 1, Some(&[1])));
    backup.hear(SHE, told(1, 0, None));
    assert!(backup.vr.is_recovering(), "an answer to an earlier question is none");
    backup.hear(SHE, told(3, 1, None));
    assert!(backup.vr.is_recovering(), "SHE leads the latest view, and has not said what is in it");
    assert_eq!(backup.hear(SHE, told(3, 1, Some(&[1, 4]))), [(SHE, Message::PrepareOk { view: 3, op: 2 })]);
    assert_eq!((backup.log(), backup.vr.view(), backup.vr.is_normal()), ((vec![1, 4], 1), 3, true));

    let hasty = Rules { recovers_by_quorum: false, ..Rules::default() };
    let mut hasty = Bench::new(&[YOU, ME, SHE], hasty);
    hasty.hear(YOU, prepare(1, 1, 0));
    assert!(hasty.restart().is_empty() && hasty.vr.is_normal() && hasty.vr.log.is_empty());
}

/// Not in the report: who has told others of a view does not come back to an earlier one.
#[test]
fn the_view_is_on_the_disk() {
    for (keeps_view, kept) in [(true, 2), (false, 0)] {
        let mut backup = Bench::new(&[YOU, ME, SHE], Rules { keeps_view, ..Rules::default() });
        backup.step(Event::Timer(Timer::ViewChange));
        assert_eq!(backup.restart(), to_others(&Message::Recovery { nonce: 1, view: kept }));
        for from in [YOU, SHE] {
            let state = (from == YOU).then(|| (entries(&[]), 0));
            backup.hear(from, Message::RecoveryResponse { view: 1, nonce: 1, state });
        }
        assert_eq!(backup.vr.is_recovering(), keeps_view);
    }
}

/// "A replica j replies to a RECOVERY message only when its status is normal"; and it follows who had gone further.
#[test]
fn who_takes_part_tells_who_has_lost_its_memory_and_follows_it_to_a_later_view() {
    let answer = |state| vec![(SHE, Message::RecoveryResponse { view: 1, nonce: 4, state })];
    let mut primary = Bench::primary();
    primary.ask(1, put());
    assert_eq!(primary.hear(SHE, Message::Recovery { nonce: 4, view: 1 }), answer(Some((entries(&[1]), 0))));
    let mut backup = Bench::backup();
    assert_eq!(backup.hear(SHE, Message::Recovery { nonce: 4, view: 0 }), answer(None));
    let sent = backup.hear(SHE, Message::Recovery { nonce: 4, view: 3 });
    assert_eq!((sent, backup.vr.view()), (to_others(&Message::StartViewChange { view: 3 }), 3));
    assert_eq!(backup.hear(SHE, Message::Recovery { nonce: 4, view: 3 }), [], "it takes part in none");
}
