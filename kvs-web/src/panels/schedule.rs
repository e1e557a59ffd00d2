use kvs_core::check::play;
use kvs_core::sim::schedule::Schedule;
use yew::prelude::*;

use super::caption::Lesson;
use super::value_of;
use crate::command::Command;

#[derive(Properties, PartialEq)]
pub struct ScheduleDialogProps {
    pub send: Callback<Command>,
    /// A run that has words for readers.
    pub on_lesson: Callback<Lesson>,
    pub on_close: Callback<()>,
}

macro_rules! lessons {
    ($($name:literal => $file:literal),* $(,)?) => {
        [$(($name, $file, include_str!(concat!("../../../lessons/", $file, ".kvs")))),*]
    };
}

/// Schedules to begin with, in the order in which a newcomer should meet them: title, file, text.
const LESSONS: [(&str, &str, &str); 89] = lessons! {
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
};

/// The schedule in a file of `lessons`, by its name, with `-` or `_` between words.
pub fn lesson(name: &str) -> Option<&'static str> {
    let name = name.replace('-', "_");
    LESSONS.iter().find(|(_, file, _)| *file == name).map(|(_, _, text)| *text)
}

/// A text that drives the world: to write, paste, and run.
#[component]
pub fn ScheduleDialog(props: &ScheduleDialogProps) -> Html {
    let text = use_state(|| String::from(LESSONS[1].2));
    let verdict = use_state(|| None::<(bool, String)>);
    let on_close = props.on_close.clone();
    let edit = {
        let text = text.clone();
        Callback::from(move |event: InputEvent| text.set(value_of(&event)))
    };
    let pick = {
        let (text, verdict) = (text.clone(), verdict.clone());
        Callback::from(move |event: Event| {
            let name = value_of(&event);
            if let Some((_, _, lesson)) = LESSONS.iter().find(|(each, ..)| *each == name) {
                text.set((*lesson).into());
                verdict.set(None);
            }
        })
    };
    let run = {
        let (text, verdict, send, on_lesson) =
            (text.clone(), verdict.clone(), props.send.clone(), props.on_lesson.clone());
        Callback::from(move |_: MouseEvent| verdict.set(Some(run(&text, &send, &on_lesson))))
    };
    html! {
        <div class="dialog schedule" role="dialog" aria-label="Schedule" data-testid="schedule">
            <header><h2>{ "A schedule" }</h2><button class="quiet" onclick={move |_| on_close.emit(())}>{ "Close" }</button></header>
            <p>{ "One statement a line: what is asked, cut, crashed, dropped, and what should come of it. Run it, then go back and forth in it with the bar." }</p>
            <label>{ "Begin with" }
                <select data-testid="lesson" onchange={pick}>
                    { for LESSONS.iter().map(|(name, _, lesson)| html! {
                        <option value={*name} selected={*lesson == text.as_str()}>{ *name }</option>
                    }) }
                </select>
            </label>
            <textarea data-testid="schedule-input" aria-label="The schedule" spellcheck="false" rows="16" value={(*text).clone()} oninput={edit} />
            if let Some((holds, sentence)) = &*verdict {
                <p class={if *holds { "fine" } else { "trouble" }} role="status" data-testid="schedule-verdict">{ sentence.clone() }</p>
            }
            <div class="verbs"><button class="primary" data-testid="run-schedule" onclick={run}>{ "Run it" }</button></div>
        </div>
    }
}

/// Runs a schedule and shows the run as far as it went. Whether all it expects holds, in a sentence.
fn run(text: &str, send: &Callback<Command>, on_lesson: &Callback<Lesson>) -> (bool, String) {
    let schedule = match Schedule::parse(text) {
        Ok(schedule) => schedule,
        Err(error) => return (false, error.to_string()),
    };
    let outcome = play(&schedule, &mut ());
    send.emit(Command::Load(Box::new(outcome.recording), outcome.end));
    if outcome.failure.is_none() && !outcome.words.is_empty() {
        on_lesson.emit(Lesson::new(outcome.words, outcome.end));
    }
    match outcome.failure {
        None => (true, format!("All it expects holds. The run ends at {}.", outcome.end)),
        Some(failure) => (false, failure.to_string()),
    }
}
