//! What should have come of it.

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use super::super::tokens::Token;
use super::super::{Expected, Statement};
use super::cursor::{Cursor, Parsed};
use crate::op::Value;
use crate::version::Versioned;
use crate::zoo::Guarantee;

impl Cursor<'_> {
    pub(super) fn expectation(&mut self) -> Parsed<Statement> {
        if self.take_word("agree") {
            return Ok(Statement::ExpectAgree(true));
        }
        if self.take_word("disagree") {
            return Ok(Statement::ExpectAgree(false));
        }
        if self.take_word("mark") {
            let mark = self.text("a mark, such as \"rumor went cold\"")?;
            return Ok(Statement::ExpectMark { mark, node: self.node()? });
        }
        if self.take_word("heard") {
            let client = self.client()?;
            let mut notices = Vec::new();
            while !self.take_word("nothing") || !notices.is_empty() {
                notices.push(self.words("what it was told, or `nothing`")?);
                if self.peek().is_none() {
                    break;
                }
            }
            return Ok(Statement::ExpectHeard { client, notices });
        }
        if let Some(guarantee) = self.word().and_then(Guarantee::named) {
            self.place += 1;
            let holds = self.meaning("holds or broken", |word| match word {
                "holds" => Some(true),
                "broken" => Some(false),
                _ => None,
            })?;
            return Ok(Statement::ExpectVerdict { guarantee, holds });
        }
        if self.word().is_none_or(|word| self.names.node(word).is_none()) {
            let nodes = self.list(|_| true);
            return self.expected(format!(
                "a node ({nodes}), agree, disagree, mark, heard or a guarantee, such as linearizable"
            ));
        }
        let node = self.node()?;
        if !self.schedule.architecture.is_server(node) {
            return Ok(Statement::ExpectLast { client: node, expected: self.expected_outcome()? });
        }
        let is_alone = self.tokens.len() == self.place + 1;
        if is_alone && self.take_word("up") {
            return Ok(Statement::ExpectUp { node, up: true });
        }
        if is_alone && self.take_word("down") {
            return Ok(Statement::ExpectUp { node, up: false });
        }
        let key = self.key()?;
        self.sign("=")?;
        Ok(Statement::ExpectHeld { node, key, values: self.values()? })
    }

    /// `none`, a value, or `{v, w}`. A value that reads `none` stands in quotes.
    pub(super) fn values(&mut self) -> Parsed<Vec<Value>> {
        if self.take_word("none") {
            return Ok(Vec::new());
        }
        if !self.take_sign("{") {
            return Ok(vec![self.value()?]);
        }
        let mut values = Vec::new();
        while !self.take_sign("}") {
            if !values.is_empty() {
                self.take_sign(",");
            }
            values.push(self.value()?);
        }
        values.sort_unstable();
        Ok(values)
    }

    pub(super) fn expected_outcome(&mut self) -> Parsed<Expected> {
        if self.take_word("nothing") {
            return Ok(Expected::Items(Vec::new()));
        }
        if matches!(self.tokens.get(self.place + 1), Some((_, Token::Sign("=")))) {
            let mut items = Vec::new();
            while items.is_empty() || self.take_sign(",") {
                let key = self.key()?;
                self.sign("=")?;
                items.push((key, self.values()?));
            }
            items.sort_unstable();
            return Ok(Expected::Items(items));
        }
        let is_batch = matches!(self.tokens.get(self.place + 1), Some((_, Token::Sign("{"))));
        if is_batch && self.take_word("batch") {
            self.sign("{")?;
            let mut results = Vec::new();
            while !self.take_sign("}") {
                if !results.is_empty() {
                    self.sign(",")?;
                }
                results.push(self.values()?);
            }
            return Ok(Expected::Batch(results));
        }
        Ok(if self.take_word("ok") {
            self.version()?.map_or(Expected::Ok, Expected::OkAt)
        } else if self.take_word("refused") {
            self.version()?.map_or(Expected::Refused, Expected::RefusedAt)
        } else if self.take_word("unknown-closed") {
            Expected::UnknownClosed
        } else if self.take_word("unavailable") {
            Expected::Unavailable
        } else if self.take_word("unknown") {
            Expected::Unknown
        } else if self.take_word("pending") {
            Expected::Pending
        } else {
            let values = self.values()?;
            match (values.as_slice(), self.version()?) {
                ([value], Some(version)) => Expected::ValueAt(Versioned { value: value.clone(), version }),
                (_, None) => Expected::Values(values),
                _ => {
                    self.place -= 1;
                    return self.expected("one value before its version");
                }
            }
        })
    }
}
