//! Views: which shards there are, and which servers keep each.

use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::process::NodeId;

/// The name of a shard: letters, digits, `-` and `_`, with a `/` between a region and what is in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ShardName(Arc<str>);

impl ShardName {
    /// The most characters a name may have.
    pub const CHARS_MAX: usize = 24;

    /// A shard of this name; None if that is no name.
    pub fn new(name: &str) -> Option<Self> {
        let is_name = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        (name.len() <= Self::CHARS_MAX && name.split('/').all(is_name)).then(|| Self(name.into()))
    }

    /// What the one shard of a store is called that has no shards.
    pub fn whole() -> Self {
        Self("all".into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ShardName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A shard and the servers that keep it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// What it is called. It keeps its name for as long as it lives.
    pub name: ShardName,
    /// Who keeps it.
    pub nodes: Arc<[NodeId]>,
}

/// Which shards there are in an epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// From 1; each view has one of its own.
    pub epoch: u32,
    /// The shards.
    pub shards: Arc<[Shard]>,
}

/// Why a view makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ViewError {
    /// There is nobody to keep anything.
    #[error("a view needs at least one shard")]
    NoShards,
    /// A shard has no servers.
    #[error("a shard needs at least one server")]
    EmptyShard,
    /// There are too many.
    #[error("a view has at most {} shards", View::SHARDS_MAX)]
    TooManyShards,
    /// Two shards have one name.
    #[error("two shards of a view have one name")]
    SameName,
    /// A shard's name is no name.
    #[error("a shard's name has 1 to {} letters, digits, `-`, `_`, or a `/` between two such", ShardName::CHARS_MAX)]
    NoName,
    /// A shard is called as a region is.
    #[error("a shard of a view is called as a region is")]
    ShardIsRegion,
    /// A server is in a view twice.
    #[error("a server keeps one shard only")]
    NodeTwice,
    /// It names somebody who is not there, or no server.
    #[error("a view names a server that is not there")]
    UnknownNode,
    /// Nobody would bring the copies together.
    #[error("without replication a shard has one server")]
    NotReplicated,
    /// There is a view of that epoch, or one is missing in between.
    #[error("two views must not have one epoch, and none is left out: the next is {0}")]
    WrongEpoch(u32),
}

impl View {
    /// The most shards a view has.
    pub const SHARDS_MAX: usize = 64;

    /// Whether it makes sense by itself.
    pub fn validate(&self) -> Result<(), ViewError> {
        match self.shards.len() {
            0 => return Err(ViewError::NoShards),
            1..=Self::SHARDS_MAX => {}
            _ => return Err(ViewError::TooManyShards),
        }
        let mut names: Vec<&str> = self.shards.iter().map(|shard| shard.name.as_str()).collect();
        names.sort_unstable();
        if names.iter().any(|name| ShardName::new(name).is_none()) {
            return Err(ViewError::NoName);
        }
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(ViewError::SameName);
        }
        let is_region_of = |name: &str, other: &str| other.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'));
        if names.iter().any(|name| names.iter().any(|other| is_region_of(name, other))) {
            return Err(ViewError::ShardIsRegion);
        }
        if self.shards.iter().any(|shard| shard.nodes.is_empty()) {
            return Err(ViewError::EmptyShard);
        }
        let mut nodes: Vec<NodeId> = self.nodes().collect();
        nodes.sort_unstable();
        if nodes.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(ViewError::NodeTwice);
        }
        Ok(())
    }

    /// All servers in it.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> {
        self.shards.iter().flat_map(|shard| shard.nodes.iter().copied())
    }

    /// The shard that a server keeps.
    pub fn shard_of(&self, node: NodeId) -> Option<&Shard> {
        self.shards.iter().find(|shard| shard.nodes.contains(&node))
    }

    /// The shard of this name.
    pub fn shard(&self, name: &ShardName) -> Option<&Shard> {
        self.shards.iter().find(|shard| shard.name == *name)
    }

    /// The next view, in which a server keeps a shard, too: a new one, if there is none of this name.
    pub fn with(&self, name: &ShardName, node: NodeId) -> Self {
        let mut next = self.without(node);
        let mut shards = next.shards.to_vec();
        match shards.iter_mut().find(|shard| shard.name == *name) {
            Some(shard) => {
                let mut nodes = shard.nodes.to_vec();
                nodes.push(node);
                nodes.sort_unstable();
                shard.nodes = nodes.into();
            }
            None => shards.push(Shard { name: name.clone(), nodes: vec![node].into() }),
        }
        next.shards = shards.into();
        next
    }

    /// The next view, in which a server keeps nothing any more. A shard that nobody keeps is gone.
    pub fn without(&self, node: NodeId) -> Self {
        let without = |shard: &Shard| Shard {
            name: shard.name.clone(),
            nodes: shard.nodes.iter().copied().filter(|other| *other != node).collect(),
        };
        let shards = self.shards.iter().map(without).filter(|shard| !shard.nodes.is_empty());
        Self { epoch: self.epoch.saturating_add(1), shards: shards.collect() }
    }
}
