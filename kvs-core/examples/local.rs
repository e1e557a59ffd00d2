//! One server, two clients: `cargo run -p kvs-core --example local`.

mod support;

use kvs_core::sim::schedule::Schedule;
use support::{is_story, tell};

const CHAPTERS: [(&str, &str); 3] = [
    (
        "A value is kept, found, and missed",
        "zoo local
         put color=red        expect ok
         C2: get color        expect red
         C2: get shape        expect none",
    ),
    (
        "The answer gets lost: the client asks again, and the server does not do it twice",
        "zoo local
         drop Response
         put color=blue       expect ok
         expect mark \"repeated request: answered from memory\" S1
         get color            expect blue",
    ),
    (
        "The power fails: without a journal everything is gone, with one nothing is",
        "zoo local journal=on
         put color=green      expect ok
         crash S1
         restart S1
         C2: get color        expect green",
    ),
];

fn main() {
    println!("Local: one server keeps every value.\n");
    for (title, text) in CHAPTERS {
        println!("{title}");
        let verdict = match Schedule::parse(text) {
            Ok(schedule) => tell(&schedule, is_story).failure.map(|failure| failure.to_string()),
            Err(error) => Some(error.to_string()),
        };
        println!("{:>14}{}\n", "", verdict.unwrap_or_else(|| "as it should be".into()));
    }
}
