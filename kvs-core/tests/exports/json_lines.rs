//! A run as JSON lines: every entry in full.

use kvs_core::process::NodeId;
use kvs_core::sim::schedule::Schedule;
use kvs_core::sim::{Input, Recording, Trace, What, describe, export, summarize};
use kvs_core::time::Time;
use serde_json::json;

use super::{lines, runs, said, written};

#[test]
fn json_lines_say_every_entry_in_full() {
    for run in runs() {
        let text = written(|out| export::json_lines(out, &run.recording, &run.trace));
        let read: Vec<serde_json::Value> =
            lines(&text).iter().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
        let names = run.names();
        let (header, read) = read.split_first().expect("a header");
        let name = |node: NodeId| names.name(node);
        let exhibit = header["exhibit"].as_str().expect("the exhibit's name");
        assert_eq!(
            *header,
            json!({
                "format": "kvs-zoo-trace",
                "version": 1,
                "exhibit": exhibit,
                "seed": run.recording.seed,
                "nodes": names.iter().collect::<Vec<_>>(),
            })
        );
        let animal = kvs_core::zoo::catalog::exhibit(exhibit).expect("it is in the catalogue").animal;
        assert_eq!(animal, run.recording.architecture.animal);
        assert_eq!(read.len(), run.trace.entries().len(), "{}", run.name);
        for (read, entry) in read.iter().zip(run.trace.entries()) {
            let mut expected = match &entry.what {
                What::Sent { id, from, to, due, .. } => {
                    json!({"what": "sent", "id": id.0, "from": name(*from), "to": name(*to), "due_us": due.as_us()})
                }
                What::Lost { id, from, to, why, .. } => {
                    let why = format!("{why:?}").to_lowercase();
                    json!({"what": "lost", "id": id.0, "from": name(*from), "to": name(*to), "why": why})
                }
                What::Delivered { id, from, to, .. } => {
                    json!({"what": "delivered", "id": id.0, "from": name(*from), "to": name(*to)})
                }
                What::Asked { node, .. } => json!({"what": "asked", "node": name(*node)}),
                What::Told { node, .. } => json!({"what": "told", "node": name(*node)}),
                What::Fired { node, timer } => json!({"what": "fired", "node": name(*node), "timer": timer.name()}),
                What::Booted { node } => json!({"what": "booted", "node": name(*node)}),
                What::Crashed { node } => json!({"what": "crashed", "node": name(*node)}),
                What::Synced { node } => json!({"what": "synced", "node": name(*node)}),
                What::Marked { node, mark, subject } => {
                    json!({"what": "marked", "node": name(*node), "mark": mark.0, "subject": subject})
                }
                What::Did(input) => {
                    // Its own form is whatever it is; what counts is that the same input comes back.
                    let back: Input = serde_json::from_value(read["input"].clone()).expect("it is an input");
                    assert_eq!(back, *input, "{}", run.name);
                    json!({"what": "did", "input": read["input"]})
                }
            };
            expected["time_us"] = json!(entry.time.as_us());
            if let Some(message) = said(&entry.what) {
                expected["kind"] = json!(message.kind());
                expected["says"] = json!(summarize(message));
            }
            if let Some(text) = describe(entry, &names) {
                expected["text"] = json!(text);
            }
            assert_eq!(*read, expected, "{}", run.name);
        }
    }
}

#[test]
fn times_and_seeds_of_64_bits_are_exact() {
    let mut recording = Recording::new(Schedule::parse("run 1ms").unwrap().architecture, u64::MAX);
    recording.record(Default::default(), Input::HealAll);
    let mut trace = Trace::default();
    trace.did(Time::from_us(u64::MAX - 1), Input::HealAll);
    let text = written(|out| export::json_lines(out, &recording, &trace));
    assert!(text.contains("\"seed\":18446744073709551615,"), "{text}");
    assert!(text.contains("{\"time_us\":18446744073709551614,\"what\":\"did\","), "{text}");
}
