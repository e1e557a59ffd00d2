//! The schedules to begin with: lessons in `lessons/`, each a text that a reader plays, an author embeds and a test replays.

use kvs_core::zoo::catalog;

/// A lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LessonText {
    /// Its title.
    pub title: &'static str,
    /// The name of its file, without the ending.
    pub file: &'static str,
    /// The schedule.
    pub text: &'static str,
}

impl LessonText {
    /// The name of the store that it is about.
    pub fn store(&self) -> &'static str {
        self.text.lines().find_map(|line| line.strip_prefix("zoo ")?.split_whitespace().next()).unwrap_or_default()
    }
}

/// The lesson in a file, by its name, with `-` or `_` between words.
pub fn lesson(name: &str) -> Option<&'static LessonText> {
    let name = name.replace('-', "_");
    LESSONS.iter().find(|lesson| lesson.file == name)
}

/// The lessons of each store that has some, in the order of the stores: the title of the store, and the lessons.
pub fn by_store() -> impl Iterator<Item = (&'static str, Vec<&'static LessonText>)> {
    catalog::EXHIBITS.iter().filter_map(|exhibit| {
        let lessons: Vec<_> = LESSONS.iter().filter(|lesson| lesson.store() == exhibit.name).collect();
        (!lessons.is_empty()).then_some((exhibit.title, lessons))
    })
}

macro_rules! lessons {
    ($($title:literal => $file:literal),* $(,)?) => {
        &[$(LessonText { title: $title, file: $file, text: include_str!(concat!("../../lessons/", $file, ".kvs")) }),*]
    };
}

/// All of them; those of one store in the order in which a newcomer should meet them.
pub const LESSONS: &[LessonText] = lessons! {
    "Hello" => "hello",
    "A stale read" => "stale_read",
    "Two siblings" => "two_siblings",
    "Arrival order wins" => "arrival_order_wins",
    "The zombie sibling" => "zombie_sibling",
    "The rumor that died" => "rumor_that_died",
    "A rumor among a thousand" => "rumor_among_a_thousand",
    "Dot reuse" => "dot_reuse",
    "Answer before question" => "answer_before_question",
    "The answer waits" => "answer_waits_for_question",
    "An effect without its cause" => "effect_without_cause",
    "The deleted key returns" => "deleted_key_returns",
    "The certificate awakens" => "certificate_awakens",
    "The late duplicate" => "late_duplicate",
    "The lost reply" => "lost_reply",
    "The split pipeline" => "split_pipeline",
    "Ack before sync" => "ack_before_sync",
    "Where does it live?" => "where_does_it_live",
    "One shard down" => "one_shard_down",
    "Read skew" => "read_skew",
    "Two maps" => "two_maps",
    "Two maps and a fence" => "two_maps_fenced",
    "Growing pains: a ring" => "growing_pains",
    "Growing pains: modulo" => "growing_pains_modulo",
    "Keys move in a cut" => "keys_move_in_a_cut",
    "Keys lost in a cut" => "keys_lost_in_a_cut",
    "Round robin forgets" => "round_robin_forgets",
    "Sticky remembers" => "sticky_remembers",
    "The album and who may see it" => "album_and_acl",
    "A shard falls apart" => "partition_inside_a_shard",
    "A whole shard is lost" => "whole_shard_lost",
    "Two of three are lost" => "two_of_three_lost",
    "The reply waits for the insult" => "reply_waits_for_insult",
    "The reply without the insult" => "reply_without_insult",
    "The album, in order" => "album_and_acl_in_order",
    "Available in both halves" => "available_in_both_halves",
    "The clock that lied" => "clock_that_lied",
    "The clock that told the truth" => "clock_that_told_the_truth",
    "A shard joins" => "a_shard_joins",
    "Don't overwrite the future" => "dont_overwrite_the_future",
    "The nearest cause is not enough" => "nearest_is_not_enough",
    "Several keys, with their causes" => "causes_of_several",
    "All of it, with its causes" => "closed_get_all",
    "All of it, causes or not" => "open_get_all",
    "Deleted for good" => "deleted_for_good",
    "Deleted without a trace" => "deleted_without_a_trace",
    "Three messages in a row" => "rabia_fast_path",
    "The slot that stays empty" => "rabia_forfeit",
    "A toss of the coin" => "rabia_slow_path",
    "A coin for each" => "rabia_private_coins",
    "A vote forgotten" => "rabia_amnesia",
    "A vote on the disk" => "rabia_votes_on_disk",
    "Nobody to elect" => "rabia_no_failover",
    "Yes to what?" => "rabia_only_the_bit",
    "Yes to this request" => "rabia_the_request",
    "The straggler is left" => "rabia_straggler_left",
    "The straggler is told" => "rabia_straggler_told",
    "Each by its own clock" => "rabia_ttl_local_clocks",
    "By the time of the log" => "rabia_ttl_log_time",
    "An idle store and time" => "rabia_idle_tick",
    "Uses that one replica knows" => "rabia_local_uses",
    "Uses that all know" => "rabia_logged_uses",
    "A batch is taken back" => "rabia_batch_taken_back",
    "A batch is torn" => "rabia_batch_torn",
    "The slow subscriber" => "rabia_slow_subscriber",
    "A subscriber after a jump" => "rabia_subscriber_after_a_jump",
    "ErrMaybe" => "err_maybe",
    "ErrMaybe's twin" => "err_maybe_twin",
    "The client that lied" => "client_that_lied",
    "The lost update, refused" => "lost_update_refused",
    "The lost update" => "lost_update_blind",
    "To make is not to overwrite" => "create_overwrites",
    "A lock with a nonce" => "lock_with_nonce",
    "A lock without one" => "lock_without_nonce",
    "A copy answers a lie" => "copy_answers_a_lie",
    "A copy may have been made" => "copy_may_have_been_made",
    "A copy is dropped" => "copy_is_dropped",
    "A version means two things" => "version_means_two_things",
    "A version of another life" => "version_of_another_life",
    "Given up, but not over" => "given_up_but_not_over",
    "Dropped before it left" => "dropped_before_it_left",
    "Served and not answered" => "served_and_not_answered",
    "Checked, then inserted" => "checked_then_inserted",
    "Three disks: memory" => "three_disks_memory",
    "Three disks: a flat file" => "three_disks_flat_file",
    "Three disks: a database" => "three_disks_embedded",
    "A comma in a value" => "comma_in_a_value",
    "The pulled plug" => "pulled_plug",
    "The pulled plug, and a sync" => "pulled_plug_append",
    "Raft: a first write" => "raft_first_write",
    "One round trip" => "one_round_trip",
    "Copy, then answer" => "copy_then_answer",
    "Replicas take turns" => "vr_takes_turns",
    "The late duplicate, remembered" => "late_duplicate_remembered",
    "Sync before the reply" => "sync_before_reply",
    "A new incarnation" => "new_incarnation",
    "No zombie" => "no_zombie",
    "Anti-entropy finds all" => "anti_entropy_finds_all",
    "The chosen value survives" => "chosen_value_survives",
    "Free to choose" => "free_to_choose",
    "Duelling proposers" => "duelling_proposers",
    "Duelling proposers back off" => "duelling_proposers_back_off",
    "A hole" => "a_hole",
    "A hole that is left open" => "a_hole_left_open",
    "A slot is left out" => "slot_left_out",
    "An acceptor forgets" => "acceptor_amnesia",
    "An acceptor remembers" => "acceptor_remembers",
    "A minority reads alone" => "minority_reads_alone",
    "A minority does not read" => "minority_does_not_read",
    "A deposed leader asks first" => "deposed_leader_asks_first",
    "A lease is kept" => "lease_is_kept",
    "A lease and clocks" => "lease_and_clocks",
    "Exactly once" => "exactly_once",
    "Done twice" => "done_twice",
    "Truncated past you" => "truncated_past_you",
    "Raft: a split vote" => "raft_split_vote",
    "Raft: logs that differ" => "raft_diverged_logs",
    "Raft: a stale read" => "raft_stale_read",
    "Raft: a read asks first" => "raft_read_asks_first",
    "Raft: a lease and clocks" => "raft_lease_and_clocks",
    "Raft: one that disturbs" => "raft_disturbs",
    "Raft: it asks before" => "raft_asks_before",
    "Raft: figure 8" => "raft_figure_8",
    "Raft: figure 8, miscounted" => "raft_figure_8_miscounted",
    "Raft: a snapshot" => "raft_snapshot",
    "Raft: a member joins" => "raft_member_joins",
    "Raft: a member joins at once" => "raft_member_joins_at_once",
    "Raft: the leader leaves" => "raft_leader_leaves",
    "Raft: gone, and not told" => "raft_gone_and_not_told",
    "Raft: two majorities" => "raft_two_majorities",
    "Raft: one majority" => "raft_one_majority",
    "Died holding the answer" => "died_holding_the_answer",
    "Split brain that isn't" => "split_brain_that_isnt",
    "Split brain that is" => "split_brain_that_is",
    "Split brain, answered by one" => "split_brain_answered_by_one",
    "The empty king" => "empty_king",
    "A king with a crown" => "king_with_a_crown",
    "Stuck by design" => "stuck_by_design",
    "Stuck until it is back" => "stuck_until_it_is_back",
    "A hole in the numbers" => "hole_in_the_numbers",
    "No hole in the numbers" => "no_hole_in_the_numbers",
    "A late forward" => "late_forward",
    "A late forward is refused" => "late_forward_refused",
    "The primary's lease is kept" => "primary_lease_is_kept",
    "The primary's lease, and clocks" => "primary_lease_and_clocks",
    "A chain of three" => "chain_of_three",
    "The tail of a chain answers" => "chain_tail_answers",
    "The head of a chain answers" => "chain_head_answers",
    "The tail reads alone" => "chain_tail_reads_alone",
    "Reads go down the chain" => "chain_reads_go_down",
    "Its own log" => "vr_own_log",
    "The longest log" => "vr_longest_log",
    "A forgetful replica" => "vr_forgetful",
    "A replica recovers" => "vr_recovers",
    "A forgotten view" => "vr_forgotten_view",
    "A remembered view" => "vr_remembered_view",
    "Two forget at once" => "vr_stands_still",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_on_the_list_once_and_has_a_title_of_its_own() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../lessons");
        let entries = std::fs::read_dir(folder).expect("the lessons").map(|entry| entry.expect("a file").path());
        let mut files: Vec<String> =
            entries.map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned()).collect();
        let mut listed: Vec<&str> = LESSONS.iter().map(|lesson| lesson.file).collect();
        let mut titles: Vec<&str> = LESSONS.iter().map(|lesson| lesson.title).collect();
        files.sort();
        listed.sort_unstable();
        assert_eq!(listed, files);
        titles.sort_unstable();
        titles.dedup();
        assert_eq!(titles.len(), LESSONS.len());
    }

    #[test]
    fn every_store_has_three_and_every_lesson_a_store() {
        let shelves: Vec<_> = by_store().collect();
        assert_eq!(shelves.iter().map(|(_, lessons)| lessons.len()).sum::<usize>(), LESSONS.len());
        assert_eq!(shelves.len(), catalog::EXHIBITS.len());
        assert!(shelves.iter().all(|(_, lessons)| lessons.len() >= 3));
    }
}
