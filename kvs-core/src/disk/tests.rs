use super::*;
use crate::choice::Odometer;

struct Always(u32);
impl Choose for Always {
    fn choose(&mut self, bound: u32) -> u32 {
        self.0.min(bound.saturating_sub(1))
    }
}

#[test]
fn a_crash_forgets_what_was_not_synced_and_nothing_else() {
    let mut disk = Disk::new(Honesty::Honest);
    disk.append("log", b"one");
    disk.reach_medium(disk.last_write());
    disk.append("log", b"two");
    assert_eq!(disk.read("log"), Some(&b"onetwo"[..]));
    disk.crash(CrashFate::Dropped, &mut Always(0));
    assert_eq!(disk.read("log"), Some(&b"one"[..]));
    assert_eq!(disk.durable(), disk.last_write());
}

#[test]
fn by_luck_a_crash_keeps_all_that_was_written() {
    let mut disk = Disk::new(Honesty::Honest);
    disk.append("log", b"one");
    disk.append("other", b"two");
    disk.rename("other", "new");
    let before = files([("log", "one"), ("new", "two")]);
    disk.crash(CrashFate::Kept, &mut Always(0));
    assert_eq!(content(&disk), before);
    // It is on the medium now: the next crash has nothing to forget.
    disk.crash(CrashFate::Dropped, &mut Always(0));
    assert_eq!(content(&disk), before);
}

#[test]
fn a_crash_forgets_names_that_were_given_and_taken_away() {
    let mut disk = Disk::new(Honesty::Honest);
    disk.append("store", b"old");
    disk.append("gone", b"and back");
    disk.reach_medium(disk.last_write());
    disk.remove("gone");
    disk.append("temp", b"newer");
    disk.rename("temp", "store");
    assert_eq!(content(&disk), files([("store", "newer")]));
    disk.crash(CrashFate::Dropped, &mut Always(0));
    assert_eq!(content(&disk), files([("gone", "and back"), ("store", "old")]));
}

#[test]
fn a_rename_of_nothing_is_nothing_and_what_had_the_name_is_gone() {
    let mut disk = Disk::new(Honesty::Honest);
    disk.append("store", b"old");
    disk.rename("temp", "store");
    assert_eq!(content(&disk), files([("store", "old")]));
    disk.append("temp", b"newer");
    disk.rename("temp", "store");
    disk.reach_medium(disk.last_write());
    disk.crash(CrashFate::Dropped, &mut Always(0));
    assert_eq!(content(&disk), files([("store", "newer")]));
}

#[test]
fn a_torn_rename_has_happened_or_not() {
    let mut disk = Disk::new(Honesty::Honest);
    disk.append("temp", b"newer");
    disk.rename("temp", "store");
    for (whole, left) in [(1, "temp"), (2, "store")] {
        let mut torn = disk.clone();
        torn.crash(CrashFate::Torn, &mut Always(whole));
        assert_eq!(content(&torn), files([(left, "newer")]));
    }
}

#[test]
fn a_bit_that_turns_is_read_and_stays_and_a_wiped_disk_is_empty() {
    let mut disk = Disk::new(Honesty::Honest);
    disk.append("log", b"one");
    disk.reach_medium(disk.last_write());
    assert!(disk.rot("log", 2) && !disk.rot("log", 3) && !disk.rot("none", 0));
    disk.crash(CrashFate::Dropped, &mut Always(0));
    assert_eq!(disk.read("log"), Some(&b"ond"[..]));
    disk.wipe();
    assert_eq!(content(&disk), files([]));
    assert_eq!(disk.last_write(), WriteNumber(0));
}

#[test]
fn a_sync_asks_for_the_content_of_its_file_and_one_of_the_directory_for_names() {
    let mut disk = Disk::new(Honesty::Honest);
    disk.append("log", b"one");
    disk.append("other", b"two");
    assert_eq!(disk.asked(), WriteNumber(0), "nobody has asked");
    disk.sync("log");
    assert_eq!(disk.asked(), WriteNumber(1), "for the content of that file only");
    disk.append("log", b"three");
    disk.sync_directory();
    assert_eq!(disk.asked(), WriteNumber(2), "for the second name, which came before");
    disk.rename("other", "new");
    disk.append("log", b"four");
    disk.sync("new");
    assert_eq!(disk.asked(), WriteNumber(2), "the content has not changed with its name");
    disk.sync_directory();
    assert_eq!(disk.asked(), WriteNumber(4));
    disk.append("other", b"another file of that name");
    disk.remove("log");
    disk.sync("log");
    assert_eq!(disk.asked(), WriteNumber(4), "there is no such file");
    disk.sync("other");
    assert_eq!(disk.asked(), WriteNumber(6));
    disk.sync_directory();
    assert_eq!(disk.asked(), WriteNumber(7), "a name that is gone is asked for, too");
    disk.crash(CrashFate::Dropped, &mut Always(0));
    assert_eq!(disk.asked(), WriteNumber(0));
}

#[test]
fn a_torn_write_keeps_a_prefix_of_the_writes_and_of_the_bytes() {
    let mut disk = Disk::new(Honesty::Honest);
    disk.append("log", b"one");
    disk.append("log", b"two");
    disk.append("log", b"three");
    disk.crash(CrashFate::Torn, &mut Always(1));
    assert_eq!(disk.read("log"), Some(&b"onet"[..]));
}

#[test]
fn a_lying_disk_admits_what_it_has_not_written() {
    let mut disk = Disk::new(Honesty::Lying);
    disk.append("log", b"one");
    assert!(disk.admits(disk.last_write()));
    disk.crash(CrashFate::Dropped, &mut Always(0));
    assert_eq!(disk.read("log"), None);
}

/// Every file and its content after a crash that reorders, for every answer to every choice.
fn every_outcome(disk: &Disk) -> BTreeSet<Vec<(String, String)>> {
    let mut outcomes = BTreeSet::new();
    let mut answers = Odometer::default();
    while answers.turn() {
        let mut crashed = disk.clone();
        crashed.crash(CrashFate::Reordered, &mut answers);
        outcomes.insert(content(&crashed));
    }
    outcomes
}

fn content(disk: &Disk) -> Vec<(String, String)> {
    let text = |name: &str| String::from_utf8_lossy(disk.read(name).unwrap_or_default()).into_owned();
    disk.files().map(|name| (name.to_owned(), text(name))).collect()
}

fn files<const N: usize>(files: [(&str, &str); N]) -> Vec<(String, String)> {
    files.map(|(name, content)| (name.to_owned(), content.to_owned())).to_vec()
}

#[test]
fn without_syncs_a_file_that_takes_the_place_of_another_may_be_empty() {
    let mut disk = Disk::new(Honesty::Honest);
    disk.append("store", b"old");
    disk.reach_medium(disk.last_write());
    disk.append("temp", b"newer");
    disk.rename("temp", "store");
    let outcomes = every_outcome(&disk);
    assert!(outcomes.contains(&files([("store", "")])), "the name is there and the content is not");
    assert!(outcomes.contains(&files([("store", "ne")])), "or half of it");
    assert!(outcomes.contains(&files([("store", "newer")])));
    assert!(outcomes.contains(&files([("store", "old"), ("temp", "newer")])));
    assert!(outcomes.contains(&files([("store", "old")])));
}

#[test]
fn a_synced_content_is_there_before_its_name_and_a_synced_name_stays() {
    let mut disk = Disk::new(Honesty::Honest);
    disk.append("store", b"old");
    disk.reach_medium(disk.last_write());
    disk.append("temp", b"newer");
    disk.sync("temp");
    disk.rename("temp", "store");
    let renamed = every_outcome(&disk);
    assert!(renamed.iter().flatten().all(|(name, text)| name != "store" || text == "old" || text == "newer"));
    assert!(renamed.contains(&files([("store", "old")])), "the rename may be lost");

    disk.sync_directory();
    disk.append("store", b"!");
    let appended = every_outcome(&disk);
    let expected = ["old", "newer", "newer!"];
    for (name, text) in appended.iter().flatten() {
        assert!(name != "store" || expected.contains(&text.as_str()), "{text}");
    }
    let late = appended.iter().filter(|files| files.iter().any(|(_, text)| text == "newer!"));
    assert_eq!(late.count(), 1, "who writes after the sync of the directory finds the name there");
}

#[test]
fn a_lost_write_before_one_that_was_not_leaves_a_hole() {
    let mut disk = Disk::new(Honesty::Honest);
    disk.append("log", b"one");
    disk.append("log", b"two");
    let outcomes = every_outcome(&disk);
    assert!(outcomes.contains(&files([("log", "\0\0\0two")])));
    assert!(outcomes.contains(&files([("log", "onetwo")])));
    assert!(outcomes.contains(&files([])), "the name may be lost with all that is in it");
    disk.sync("log");
    let synced = every_outcome(&disk);
    assert!(synced.contains(&files([])), "a sync of the content says nothing of the name");
}

#[test]
fn a_disk_that_lies_keeps_to_no_order() {
    let mut disk = Disk::new(Honesty::Lying);
    disk.append("log", b"one");
    disk.sync("log");
    disk.sync_directory();
    disk.append("log", b"two");
    assert!(every_outcome(&disk).contains(&files([("log", "\0\0\0two")])));
}

#[test]
fn truncating_and_writing_anew_may_leave_nothing_of_either() {
    let mut disk = Disk::new(Honesty::Honest);
    disk.append("store", b"old");
    disk.reach_medium(disk.last_write());
    disk.truncate("store");
    disk.append("store", b"newer");
    assert_eq!(disk.read("store"), Some(&b"newer"[..]));
    let mut torn = disk.clone();
    torn.crash(CrashFate::Torn, &mut Always(1));
    assert_eq!(torn.read("store"), Some(&b"n"[..]));
    let outcomes = every_outcome(&disk);
    assert!(outcomes.contains(&files([("store", "")])));
    assert!(outcomes.contains(&files([("store", "ned")])), "half of the new over the old");
}

#[test]
fn what_waits_is_told_apart_from_what_is_on_the_medium() {
    let mut disk = Disk::new(Honesty::Honest);
    disk.append("log", b"one");
    disk.reach_medium(disk.last_write());
    disk.append("new", b"two");
    disk.rename("new", "log");
    assert_eq!((disk.read("log"), disk.read_medium("log")), (Some(&b"two"[..]), Some(&b"one"[..])));
    assert_eq!(disk.files_on_medium().collect::<Vec<_>>(), ["log"]);
    assert_eq!((disk.pending().len(), disk.pending_bytes()), (2, 3));
    disk.reach_medium(disk.last_write());
    assert_eq!((disk.pending().len(), disk.pending_bytes()), (0, 0));
    assert_eq!(disk.read_medium("log"), Some(&b"two"[..]));
}
