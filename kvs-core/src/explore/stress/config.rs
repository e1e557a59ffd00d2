//! What a stress run is told, as a JSON file says it. Everything that is wrong with a file is said at once, each with its place in it.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde_json::{Map, Value as Json};

use crate::choice::Probability;
use crate::op::Key;
use crate::time::Span;
use crate::zoo::{Kind, OptionValue};

/// What a stress run is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StressConfig {
    /// For how long clients begin operations.
    pub duration: Span,
    /// How likely the server drops an answer.
    pub server_packet_loss: Probability,
    /// How often a client asks again.
    pub max_retries: u32,
    /// The clients.
    pub clients: Vec<StressClient>,
}

/// What one client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StressClient {
    /// What it is called.
    pub name: String,
    /// The keys that it uses.
    pub keys: Vec<Key>,
    /// How likely it drops a request before it leaves.
    pub packet_loss: Probability,
    /// How long it sleeps after what went well.
    pub success_sleep: Span,
    /// How long it sleeps after what did not, and before it asks again.
    pub error_sleep: Span,
}

/// Something is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where: `clients[0].keys[2]`; empty for the whole of it.
    pub path: String,
    /// What.
    pub what: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, what } = self;
        if path.is_empty() { f.write_str(what) } else { write!(f, "{path}: {what}") }
    }
}

const SECONDS_MAX: u64 = 24 * 3_600;
const RETRIES_MAX: u64 = 1_000;
const CLIENTS_MAX: usize = 64;
const KEYS_MAX: usize = 1_000;
const NAME_MAX: usize = 40;
const SLEEP_MAX_MS: u64 = 60_000;

impl StressConfig {
    /// Reads a configuration, or says everything that is wrong with it, in the order of its parts.
    pub fn parse(text: &str) -> Result<Self, Vec<Mistake>> {
        let json: Json = serde_json::from_str(text)
            .map_err(|error| Vec::from([Mistake { path: String::new(), what: format!("this is no JSON: {error}") }]))?;
        let mut reader = Reader::default();
        let config = reader.config(&json);
        match config {
            Some(config) if reader.mistakes.is_empty() => Ok(config),
            _ => Err(reader.mistakes),
        }
    }
}

/// Reads parts of a configuration, and goes on after mistakes.
#[derive(Default)]
struct Reader {
    mistakes: Vec<Mistake>,
}

impl Reader {
    fn wrong<T>(&mut self, path: &str, what: impl Into<String>) -> Option<T> {
        self.mistakes.push(Mistake { path: path.into(), what: what.into() });
        None
    }

    fn config(&mut self, json: &Json) -> Option<StressConfig> {
        const FIELDS: [&str; 4] =
            ["test_duration_seconds", "server_packet_loss_rate", "max_retries_server_packet_loss", "clients"];
        let fields = self.object("", json, &FIELDS)?;
        let duration = self.number(fields, "", FIELDS[0], 1, SECONDS_MAX);
        let server_packet_loss = self.percent(fields, "", FIELDS[1]);
        let max_retries = self.number(fields, "", FIELDS[2], 0, RETRIES_MAX);
        let clients = self.clients(fields);
        Some(StressConfig {
            duration: Span::from_secs(duration?),
            server_packet_loss: server_packet_loss?,
            max_retries: u32::try_from(max_retries?).ok()?,
            clients: clients?,
        })
    }

    fn clients(&mut self, fields: &Map<String, Json>) -> Option<Vec<StressClient>> {
        let list = self.list(fields, "", "clients", CLIENTS_MAX)?;
        let mut names = BTreeSet::new();
        let mut clients = Vec::new();
        for (place, json) in list.iter().enumerate() {
            let path = format!("clients[{place}]");
            let client = self.client(&path, json);
            if let Some(name) = json.get("name").and_then(Json::as_str)
                && !names.insert(name)
            {
                self.wrong::<()>(&format!("{path}.name"), format!("another client is called {name:?}, too"));
            }
            clients.push(client);
        }
        clients.into_iter().collect()
    }

    fn client(&mut self, path: &str, json: &Json) -> Option<StressClient> {
        const FIELDS: [&str; 5] = ["name", "keys", "client_packet_loss_rate", "success_sleep_ms", "error_sleep_ms"];
        let fields = self.object(path, json, &FIELDS)?;
        let name = self.name(fields, path);
        let keys = self.keys(fields, path);
        let packet_loss = self.percent(fields, path, FIELDS[2]);
        let success_sleep = self.number(fields, path, FIELDS[3], 0, SLEEP_MAX_MS);
        let error_sleep = self.number(fields, path, FIELDS[4], 0, SLEEP_MAX_MS);
        Some(StressClient {
            name: name?,
            keys: keys?,
            packet_loss: packet_loss?,
            success_sleep: Span::from_ms(success_sleep?),
            error_sleep: Span::from_ms(error_sleep?),
        })
    }

    fn name(&mut self, fields: &Map<String, Json>, path: &str) -> Option<String> {
        let at = below(path, "name");
        match self.field(fields, path, "name")? {
            Json::String(name) if (1..=NAME_MAX).contains(&name.chars().count()) => Some(name.clone()),
            Json::String(_) => self.wrong(&at, format!("a name has 1 to {NAME_MAX} characters")),
            other => self.wrong(&at, format!("expected a name, not {}", shown(other))),
        }
    }

    fn keys(&mut self, fields: &Map<String, Json>, path: &str) -> Option<Vec<Key>> {
        let list = self.list(fields, path, "keys", KEYS_MAX)?;
        let mut keys = Vec::new();
        for (place, json) in list.iter().enumerate() {
            let at = format!("{}[{place}]", below(path, "keys"));
            keys.push(match json {
                Json::String(text) => match Key::new(text) {
                    Ok(key) if keys.contains(&Some(key.clone())) => {
                        self.wrong(&at, format!("{text:?} is there already"))
                    }
                    Ok(key) => Some(key),
                    Err(error) => self.wrong(&at, error.to_string()),
                },
                other => self.wrong(&at, format!("expected a key, not {}", shown(other))),
            });
        }
        keys.into_iter().collect()
    }

    /// The fields of an object. Those that it does not have are mistakes of their own.
    fn object<'a>(&mut self, path: &str, json: &'a Json, known: &[&str]) -> Option<&'a Map<String, Json>> {
        let Json::Object(fields) = json else {
            return self.wrong(path, format!("expected an object with {}, not {}", known.join(", "), shown(json)));
        };
        for name in fields.keys().filter(|name| !known.contains(&name.as_str())) {
            self.wrong::<()>(&below(path, name), format!("there is no such field; there are {}", known.join(", ")));
        }
        Some(fields)
    }

    fn field<'a>(&mut self, fields: &'a Map<String, Json>, path: &str, name: &str) -> Option<&'a Json> {
        match fields.get(name) {
            Some(json) => Some(json),
            None => self.wrong(&below(path, name), "it is missing"),
        }
    }

    fn list<'a>(
        &mut self,
        fields: &'a Map<String, Json>,
        path: &str,
        name: &str,
        most: usize,
    ) -> Option<&'a Vec<Json>> {
        let at = below(path, name);
        match self.field(fields, path, name)? {
            Json::Array(list) if (1..=most).contains(&list.len()) => Some(list),
            Json::Array(list) => self.wrong(&at, format!("there are 1 to {most} of them, not {}", list.len())),
            other => self.wrong(&at, format!("expected a list, not {}", shown(other))),
        }
    }

    fn number(&mut self, fields: &Map<String, Json>, path: &str, name: &str, least: u64, most: u64) -> Option<u64> {
        let json = self.field(fields, path, name)?;
        let number = json.as_u64().filter(|number| (least..=most).contains(number));
        if number.is_none() {
            let what = format!("expected a whole number from {least} to {most}, not {}", shown(json));
            return self.wrong(&below(path, name), what);
        }
        number
    }

    /// A rate in percent: `2.0` is 2 %. Here it becomes a probability, once and for all.
    fn percent(&mut self, fields: &Map<String, Json>, path: &str, name: &str) -> Option<Probability> {
        let json = self.field(fields, path, name)?;
        let number = matches!(json, Json::Number(_)).then(|| Kind::Percent.parse(&format!("{json}%"))).flatten();
        match number {
            Some(OptionValue::Percent(probability)) => Some(probability),
            _ => {
                let what =
                    format!("expected a rate in percent, from 0 to 100, with at most 4 decimals, not {}", shown(json));
                self.wrong(&below(path, name), what)
            }
        }
    }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.into() } else { format!("{path}.{name}") }
}

/// A value in a sentence; of a long one, what it is.
fn shown(json: &Json) -> String {
    const CHARS_MAX: usize = 40;
    match json {
        Json::Array(_) => "a list".into(),
        Json::Object(_) => "an object".into(),
        other => {
            let text = other.to_string();
            if text.chars().count() > CHARS_MAX { text.chars().take(CHARS_MAX).chain(['…']).collect() } else { text }
        }
    }
}
