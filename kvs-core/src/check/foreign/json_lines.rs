//! The same maps as JSON, one a line.

use alloc::format;
use alloc::string::{String, ToString};

use serde::Deserialize;
use serde_json::Value;

use super::event::{Datum, Function, Kind, Said};
use super::{Error, History, short};

#[derive(Deserialize)]
struct Line {
    process: Value,
    r#type: String,
    f: String,
    #[serde(default)]
    key: Value,
    #[serde(default)]
    value: Value,
    #[serde(default)]
    error: Value,
}

/// Reads a line. Empty ones, and those about no client, say nothing.
pub(super) fn read(line: &str, number: u64, history: &mut History) -> Result<(), Error> {
    if line.is_empty() {
        return Ok(());
    }
    let wrong = |cause| Error::new(number, cause);
    let line: Line = serde_json::from_str(line).map_err(|error| wrong(describe(&error)))?;
    let process = match line.process {
        Value::Number(process) => process.as_i64().ok_or_else(|| wrong(format!("no process is {process}")))?,
        Value::String(_) => return Ok(()),
        other => return Err(wrong(format!("`process` is a number, not {}", short(&other.to_string())))),
    };
    let said = Said {
        process: Some(process),
        kind: Kind::parse(&line.r#type).map_err(wrong)?,
        function: Function::parse(&line.f).map_err(wrong)?,
        key: Some(datum(line.key)).filter(|key| *key != Datum::Nil),
        value: datum(line.value),
        error: Some(datum(line.error)).filter(|error| *error != Datum::Nil),
    };
    history.add(said, number)
}

/// Without the line, which is always the first.
fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((cause, _)) if error.column() > 0 => {
            format!("this is no operation in JSON: {cause} (column {})", error.column())
        }
        _ => format!("this is no operation in JSON: {text}"),
    }
}

fn datum(value: Value) -> Datum {
    match value {
        Value::Null => Datum::Nil,
        Value::Bool(value) => Datum::Bool(value),
        Value::String(text) => Datum::Text(text),
        Value::Array(items) => Datum::List(items.into_iter().map(datum).collect()),
        Value::Number(number) => number.as_i64().map_or_else(|| Datum::Other(number.to_string()), Datum::Int),
        other @ Value::Object(_) => Datum::Other(other.to_string()),
    }
}
