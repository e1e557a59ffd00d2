//! What keys do, as one table: the bindings, and the help page.

use crate::command::Command;

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAction {
    /// Play or pause.
    TogglePlay,
    /// One event forward.
    StepForward,
    /// One event back.
    StepBack,
    /// To the beginning.
    ToStart,
    /// To the furthest moment lived.
    ToHorizon,
    /// Faster.
    Faster,
    /// Slower.
    Slower,
    /// Undo the last thing done to the world.
    Undo,
    /// Do it again.
    Redo,
    /// Crash or restart the picked server.
    Crash,
    /// Isolate or rejoin the picked server.
    Isolate,
    /// Pick the n-th server, from 0.
    Pick(u32),
    /// Pick nothing, close what is open.
    Escape,
    /// Open or close the help.
    Help,
}

/// A row of the help page.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// What is printed on the keys.
    pub keys: &'static str,
    /// What they do.
    pub does: &'static str,
    matches: &'static [(&'static str, KeyAction)],
}

/// All bindings, in the order of the help page.
pub const BINDINGS: &[Binding] = &[
    Binding { keys: "Space", does: "play or pause", matches: &[(" ", KeyAction::TogglePlay)] },
    Binding {
        keys: "→ or .",
        does: "one step forward",
        matches: &[("ArrowRight", KeyAction::StepForward), (".", KeyAction::StepForward)],
    },
    Binding {
        keys: "← or ,",
        does: "one step back",
        matches: &[("ArrowLeft", KeyAction::StepBack), (",", KeyAction::StepBack)],
    },
    Binding { keys: "Home", does: "to the beginning", matches: &[("Home", KeyAction::ToStart)] },
    Binding { keys: "End", does: "to the furthest moment lived", matches: &[("End", KeyAction::ToHorizon)] },
    Binding { keys: "+", does: "faster", matches: &[("+", KeyAction::Faster), ("=", KeyAction::Faster)] },
    Binding { keys: "-", does: "slower", matches: &[("-", KeyAction::Slower)] },
    Binding { keys: "u", does: "undo the last thing you did to the world", matches: &[("u", KeyAction::Undo)] },
    Binding { keys: "r", does: "redo it", matches: &[("r", KeyAction::Redo)] },
    Binding {
        keys: "1 to 9",
        does: "pick a server",
        matches: &[
            ("1", KeyAction::Pick(0)),
            ("2", KeyAction::Pick(1)),
            ("3", KeyAction::Pick(2)),
            ("4", KeyAction::Pick(3)),
            ("5", KeyAction::Pick(4)),
            ("6", KeyAction::Pick(5)),
            ("7", KeyAction::Pick(6)),
            ("8", KeyAction::Pick(7)),
            ("9", KeyAction::Pick(8)),
        ],
    },
    Binding { keys: "c", does: "crash or restart the picked server", matches: &[("c", KeyAction::Crash)] },
    Binding { keys: "i", does: "isolate the picked server, or let it rejoin", matches: &[("i", KeyAction::Isolate)] },
    Binding {
        keys: "Tab, Enter",
        does: "walk through the picture; cut or heal a link, open a node or a message",
        matches: &[],
    },
    Binding { keys: "Esc", does: "pick nothing, close what is open", matches: &[("Escape", KeyAction::Escape)] },
    Binding { keys: "?", does: "this help", matches: &[("?", KeyAction::Help)] },
];

/// What a key asks for, if anything.
pub fn lookup(key: &str) -> Option<KeyAction> {
    BINDINGS.iter().flat_map(|binding| binding.matches).find(|(name, _)| *name == key).map(|(_, action)| *action)
}

impl KeyAction {
    /// The command, where it takes no more than that.
    pub fn command(self) -> Option<Command> {
        Some(match self {
            Self::TogglePlay => Command::TogglePlay,
            Self::StepForward => Command::StepForward,
            Self::StepBack => Command::StepBack,
            Self::ToStart => Command::Seek(kvs_core::time::Time::ZERO),
            Self::Undo => Command::Undo,
            Self::Redo => Command::Redo,
            Self::ToHorizon
            | Self::Faster
            | Self::Slower
            | Self::Crash
            | Self::Isolate
            | Self::Pick(_)
            | Self::Escape
            | Self::Help => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things() {
        let mut keys: Vec<&str> = BINDINGS.iter().flat_map(|binding| binding.matches).map(|(key, _)| *key).collect();
        let before = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), before);
        assert_eq!(lookup(" "), Some(KeyAction::TogglePlay));
        assert_eq!(lookup("Shift"), None);
    }
}
