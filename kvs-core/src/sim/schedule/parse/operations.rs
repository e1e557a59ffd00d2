//! What clients ask for.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use super::super::Statement;
use super::super::tokens::Token;
use super::cursor::{Cursor, Parsed};
use crate::command::KVOperation;
use crate::op::{KVSOperation, Key, Value};
use crate::process::NodeId;
use crate::server::Call;
use crate::time::Span;
use crate::version::Version;

pub(super) const OPERATIONS: [&str; 10] =
    ["put", "get", "delete", "exists", "mget", "getall", "keys", "size", "clear", "batch"];

impl Cursor<'_> {
    pub(super) fn call(&mut self, client: NodeId, verb: &str) -> Parsed<Statement> {
        let op = match verb {
            "put" => match self.put()? {
                (key, value, None) => match self.version()? {
                    None => KVSOperation::Put(key, value),
                    Some(version) => KVSOperation::PutIf(key, value, version),
                },
                (key, value, Some(ttl)) => KVSOperation::PutFor(key, value, ttl),
            },
            "get" => KVSOperation::Get(self.key()?),
            "exists" => KVSOperation::Exists(self.key()?),
            "mget" => self.many_keys()?,
            "getall" => KVSOperation::GetAll,
            "keys" => KVSOperation::ListKeys,
            "size" => KVSOperation::Size,
            "clear" => KVSOperation::Clear,
            "batch" => self.batch()?,
            _ => KVSOperation::Delete(self.key()?),
        };
        let to = if self.take_sign("->") { Some(self.server()?) } else { None };
        let expect = if self.take_word("expect") { Some(self.expected_outcome()?) } else { None };
        Ok(Statement::Call { client, call: Arc::new(Call { op, to }), expect })
    }

    /// `k=x` or `k=x ttl=2s`
    pub(super) fn put(&mut self) -> Parsed<(Key, Value, Option<Span>)> {
        let key = self.key()?;
        self.sign("=")?;
        let value = self.value()?;
        let has_ttl = matches!(self.tokens.get(self.place + 1), Some((_, Token::Sign("="))));
        if !has_ttl || !self.take_word("ttl") {
            return Ok((key, value, None));
        }
        self.sign("=")?;
        Ok((key, value, Some(self.span()?)))
    }

    /// `@3`, or nothing
    pub(super) fn version(&mut self) -> Parsed<Option<Version>> {
        let Some(text) = self.word().and_then(|word| word.strip_prefix('@')) else { return Ok(None) };
        match Version::parse(text) {
            Some(version) => {
                self.place += 1;
                Ok(Some(version))
            }
            None => self.expected("a version, such as @3"),
        }
    }

    /// `{ put a=1, delete b }`
    pub(super) fn batch(&mut self) -> Parsed<KVSOperation> {
        const COMMANDS: &str = "a command: put, get, delete, exists, keys, size, clear or tick";
        self.sign("{")?;
        let mut commands = Vec::new();
        while !self.take_sign("}") {
            if commands.len() >= KVSOperation::BATCH_MAX {
                return self.expected(format!("`}}` after at most {} commands", KVSOperation::BATCH_MAX));
            }
            if !commands.is_empty() {
                self.sign(",")?;
            }
            let Some(word) = self.word().map(str::to_owned) else { return self.expected(COMMANDS) };
            self.place += 1;
            commands.push(match word.as_str() {
                "put" => {
                    let (key, value, ttl) = self.put()?;
                    KVOperation::Set { key, value, ttl }
                }
                "get" => KVOperation::Get(self.key()?),
                "delete" => KVOperation::Delete(self.key()?),
                "exists" => KVOperation::Exists(self.key()?),
                "keys" => KVOperation::ListKeys,
                "size" => KVOperation::Size,
                "clear" => KVOperation::Clear,
                "tick" => KVOperation::Tick,
                _ => {
                    self.place -= 1;
                    return self.expected(COMMANDS);
                }
            });
        }
        Ok(KVSOperation::Batch(commands.into()))
    }

    pub(super) fn many_keys(&mut self) -> Parsed<KVSOperation> {
        let mut keys = vec![self.key()?];
        loop {
            let has_comma = self.take_sign(",");
            let has_key = match self.peek() {
                Some(Token::Word(word)) => word != "expect",
                Some(Token::Quoted(_)) => true,
                _ => false,
            };
            if !has_comma && !has_key {
                break;
            }
            if keys.len() >= KVSOperation::KEYS_MAX {
                return self.expected(format!("at most {} keys", KVSOperation::KEYS_MAX));
            }
            keys.push(self.key()?);
        }
        keys.sort_unstable();
        keys.dedup();
        Ok(KVSOperation::MGet(keys.into()))
    }
}
