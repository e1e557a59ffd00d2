use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::short;

/// A value as it is written in a history.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Datum {
    /// `nil` or `null`, or no value at all.
    Nil,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text.
    Text(String),
    /// Several values.
    List(Vec<Datum>),
    /// A word (`timed-out`), or anything else as it is written.
    Other(String),
}

impl fmt::Display for Datum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nil => f.write_str("nil"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::List(items) => {
                f.write_str("[")?;
                for (place, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if place == 0 { "" } else { " " })?;
                }
                f.write_str("]")
            }
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// What a line says.
pub(super) struct Said {
    /// None if it is no client.
    pub(super) process: Option<i64>,
    pub(super) kind: Kind,
    pub(super) function: Function,
    pub(super) key: Option<Datum>,
    pub(super) value: Datum,
    pub(super) error: Option<Datum>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Invoke,
    Ok,
    /// The operation did not happen.
    Fail,
    /// The operation happened, and did nothing.
    InVain,
    Info,
}

impl Kind {
    pub(super) fn parse(word: &str) -> Result<Self, String> {
        match word {
            "invoke" => Ok(Self::Invoke),
            "ok" => Ok(Self::Ok),
            "fail" => Ok(Self::Fail),
            "info" => Ok(Self::Info),
            _ => Err(alloc::format!("there is no type `{}`; there are invoke, ok, fail and info", short(word))),
        }
    }
}

macro_rules! functions {
    ($($function:ident $name:literal)*) => {
        /// What an operation does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Function { $(#[doc = concat!("`", $name, "`")] $function,)* }

        impl Function {
            pub(super) const ALL: &[Self] = &[$(Self::$function),*];

            /// As it is written.
            pub fn name(self) -> &'static str {
                match self { $(Self::$function => $name),* }
            }
        }
    };
}

functions! {
    Read "read"
    Write "write"
    Cas "cas"
    Get "get"
    Put "put"
    Append "append"
    Delete "delete"
    Set "set"
    Exists "exists"
    Size "size"
    List "list"
    Clear "clear"
    Add "add"
}

impl Function {
    pub(super) fn parse(word: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().copied().find(|function| function.name() == word);
        found.ok_or_else(|| {
            let all: Vec<&str> = Self::ALL.iter().map(|function| function.name()).collect();
            alloc::format!("there is no operation `{}`; there are {}", short(word), all.join(", "))
        })
    }
}
