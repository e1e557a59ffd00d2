//! Acceptors are alike: what a proposer knows of each of them, told apart from all else that it knows.

use std::collections::BTreeMap;

use kvs_core::explore::exhaustive::fingerprint_of;
use kvs_core::process::NodeId;
use serde::Serialize;
use serde_json::Value;

/// What a state says of each acceptor, and what is left of it without that.
#[derive(Clone, Default)]
pub(crate) struct Mentions {
    of: BTreeMap<NodeId, u128>,
    /// What is left.
    pub(crate) rest: u128,
}

impl Mentions {
    /// What is said of an acceptor.
    pub(crate) fn of(&self, acceptor: NodeId) -> u128 {
        self.of.get(&acceptor).copied().unwrap_or(0)
    }
}

/// Acceptors are named as `voters` and in `promises`, and nowhere else.
pub(crate) fn mentions(state: &impl Serialize) -> Mentions {
    let mut state = serde_json::to_value(state).expect("plain data");
    let mut found = BTreeMap::new();
    take_out(&mut state, "", &mut found);
    let of = found.into_iter().map(|(node, said)| (node, fingerprint_of(&said))).collect();
    Mentions { of, rest: fingerprint_of(&state.to_string()) }
}

/// What is said of each: where, and what.
type Found = BTreeMap<NodeId, Vec<(String, String)>>;

fn take_out(value: &mut Value, path: &str, found: &mut Found) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                let path = format!("{path}/{name}");
                match (name.as_str(), field.take()) {
                    ("voters", Value::Array(voters)) => {
                        for voter in voters {
                            let voter = voter.as_u64().and_then(|voter| u32::try_from(voter).ok());
                            let voter = NodeId(voter.expect("the number of a node"));
                            found.entry(voter).or_default().push((path.clone(), String::new()));
                        }
                    }
                    ("promises", Value::Object(promises)) => {
                        for (node, promise) in promises {
                            let node = NodeId(node.parse().expect("the number of a node"));
                            found.entry(node).or_default().push((path.clone(), promise.to_string()));
                        }
                    }
                    (_, other) => {
                        *field = other;
                        take_out(field, &path, found);
                    }
                }
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter_mut().enumerate() {
                take_out(item, &format!("{path}/{place}"), found);
            }
        }
        _ => {}
    }
}
