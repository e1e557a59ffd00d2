//! The lines that Jepsen prints while a test runs.

use alloc::format;

use super::event::{Datum, Function, Kind, Said};
use super::{Error, History, edn};

/// Reads a line. Those that do not come from `jepsen.util`, or are about no client, say nothing.
pub(super) fn read(line: &str, number: u64, history: &mut History) -> Result<(), Error> {
    let Some((_, said)) = line.split_once("jepsen.util") else { return Ok(()) };
    let said = said.trim_start();
    let (process, rest) = word(said.strip_prefix("- ").unwrap_or(said));
    let Ok(process) = process.parse::<i64>() else { return Ok(()) };
    let (kind, rest) = word(rest);
    let Some(kind) = kind.strip_prefix(':') else { return Ok(()) };
    let wrong = |cause| Error::new(number, cause);
    let kind = Kind::parse(kind).map_err(wrong)?;
    let (function, rest) = word(rest);
    let Some(function) = function.strip_prefix(':') else {
        return Err(wrong(format!("expected an operation such as :read, not `{}`", super::short(function))));
    };
    let function = Function::parse(function).map_err(wrong)?;
    if rest.is_empty() {
        return Err(wrong("the line ends before the value".into()));
    }
    // What does not say how it failed may have happened or not.
    let value = edn::value(rest).unwrap_or_else(|_| Datum::Other(rest.into()));
    let kind = match (kind, function, &value) {
        (Kind::Fail, Function::Cas, Datum::List(_)) => Kind::InVain,
        (Kind::Fail, Function::Cas, _) => Kind::Info,
        _ => kind,
    };
    history.add(Said { process: Some(process), kind, function, key: None, value, error: None }, number)?;
    history.knows_nil();
    Ok(())
}

fn word(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim_start())
}
