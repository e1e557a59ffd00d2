//! Judges recorded histories: `cargo run --release -p kvs-core --example check_history -- [OPTION…] FILE…`, `-` for standard input.
//!
//! Prints `FILE: linearizable`, `FILE: not linearizable` and the operations that prove it, or `FILE: undecided (reason)`. The formats
//! are those of `kvs_core::check::foreign`.
//!
//! Exits with 0 if all are linearizable, 1 if one is not, 2 if one is undecided or cannot be read.

use std::error::Error;
use std::fs::File;
use std::io::{Read, Write, stdin, stdout};
use std::process::ExitCode;

use kvs_core::check::foreign::{History, ModelName, Options, Proof, Reader};
use kvs_core::check::{Budget, Verdict};

const HELP: &str = "check_history [OPTION…] FILE…, - for standard input

  --model NAME    what the history is one of: register, cas-register, kv, counter, versioned, store;
                  without it, the one that has its operations
  --initial V     what a register keeps at first; a read of nil is then one of which the answer is not known
  --budget STEPS  how many steps of the model to try before giving up (200000000)
";

fn main() -> ExitCode {
    match parse().and_then(|(options, budget, files)| Ok(judge_all(&options, budget, &files)?)) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn parse() -> Result<(Options, Budget, Vec<String>), Box<dyn Error>> {
    use lexopt::prelude::{Long, Short, Value, ValueExt};
    let mut options = Options::default();
    let mut budget = Budget::PATIENT;
    let mut files = Vec::new();
    let mut words = lexopt::Parser::from_env();
    while let Some(word) = words.next()? {
        match word {
            Long("model") => options.model = Some(words.value()?.parse::<ModelName>()?),
            Long("initial") => options.initial = Some(words.value()?.parse_with(Options::parse_initial)?),
            Long("budget") => budget.steps = words.value()?.parse()?,
            Long("help") | Short('h') => {
                print!("{HELP}");
                std::process::exit(0);
            }
            Value(file) => files.push(file.string()?),
            other => return Err(format!("{}\n\n{HELP}", other.unexpected()).into()),
        }
    }
    if files.is_empty() {
        return Err(format!("which history?\n\n{HELP}").into());
    }
    Ok((options, budget, files))
}

fn judge_all(options: &Options, budget: Budget, files: &[String]) -> std::io::Result<u8> {
    let mut worst = 0;
    for file in files {
        let mut out = stdout().lock();
        let code = match read(file).and_then(|history| judge(&mut out, file, &history, options, budget)) {
            Ok(code) => code,
            Err(error) => {
                eprintln!("{file}: {error}");
                2
            }
        };
        out.flush()?;
        worst = worst.max(code);
    }
    Ok(worst)
}

fn read(file: &str) -> Result<History, Box<dyn Error>> {
    let mut source: Box<dyn Read> = if file == "-" { Box::new(stdin()) } else { Box::new(File::open(file)?) };
    let mut reader = Reader::default();
    let mut piece = vec![0; 1 << 16];
    loop {
        match source.read(&mut piece)? {
            0 => return Ok(reader.finish()?),
            length => reader.read(&piece[..length])?,
        }
    }
}

fn judge(
    out: &mut impl Write,
    file: &str,
    history: &History,
    options: &Options,
    budget: Budget,
) -> Result<u8, Box<dyn Error>> {
    let (model, verdict) = history.judge(options, budget)?;
    match verdict {
        Verdict::Holds => {
            writeln!(out, "{file}: linearizable")?;
            Ok(0)
        }
        Verdict::Undecided(why) => {
            writeln!(out, "{file}: undecided ({why})")?;
            Ok(2)
        }
        Verdict::Broken(proof) => {
            writeln!(out, "{file}: not linearizable")?;
            print_proof(out, history, model, &proof)?;
            Ok(1)
        }
    }
}

fn print_proof(out: &mut impl Write, history: &History, model: ModelName, proof: &Proof) -> std::io::Result<()> {
    writeln!(out, "  No order of these operations is one of a {model}, whatever the others did:")?;
    for number in &proof.operations {
        let operation = &history.operations()[*number as usize];
        let lines = match operation.returned {
            Some(returned) => format!("lines {} to {returned}", operation.called),
            None => format!("line {}, no return", operation.called),
        };
        writeln!(out, "    {lines}, process {}: {}", operation.process, history.describe(operation))?;
    }
    let last = &history.operations()[proof.cannot_be_placed as usize];
    let line = last.returned.unwrap_or(last.called);
    writeln!(out, "  Up to line {} there is an order, up to line {line} there is none.", line.saturating_sub(1))
}
