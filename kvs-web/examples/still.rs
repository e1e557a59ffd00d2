//! A still picture of a moment, for print and for readers without scripts: an SVG with its colours, from a link's fragment.
//!
//! `cargo run -p kvs-web --example still -- 'replicated?seed=42&at=1.5s' >still.svg`

use std::process::ExitCode;

use kvs_web::embed::Start;
use kvs_web::player::Player;
use kvs_web::stage::to_styled_svg_string;

fn main() -> ExitCode {
    let Some(link) = std::env::args().nth(1) else {
        eprintln!("still: please give a run as Share writes it, such as 'replicated?seed=42&at=1.5s'");
        return ExitCode::FAILURE;
    };
    match Start::parse([("run", link.as_str())]) {
        Ok(start) => {
            println!("{}", to_styled_svg_string(&Player::at(start.recording, start.at), 850.0, 500.0));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("still: {error}");
            ExitCode::FAILURE
        }
    }
}
