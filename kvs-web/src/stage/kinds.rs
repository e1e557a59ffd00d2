//! How each kind of message looks: a colour, and a letter for those who do not see it.

/// The look of a kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The kind.
    pub kind: &'static str,
    /// The class that the style sheet colours.
    pub class: &'static str,
    /// The letter in its bubble.
    pub letter: &'static str,
    /// What it is for, in a few words.
    pub meaning: &'static str,
}

/// All looks, in the order of a legend.
pub const LOOKS: [Look; 8] = [
    Look { kind: "Request", class: "request", letter: "?", meaning: "a client asks" },
    Look { kind: "Response", class: "response", letter: "!", meaning: "a server answers" },
    Look { kind: "Mail", class: "mail", letter: "M", meaning: "direct mail: a change, to everybody at once" },
    Look { kind: "Rumor", class: "rumor", letter: "R", meaning: "a rumor: what is new at the sender" },
    Look { kind: "RumorAck", class: "ack", letter: "a", meaning: "was the rumor news?" },
    Look { kind: "AeSyn", class: "syn", letter: "D", meaning: "anti-entropy: a digest of all the sender has" },
    Look { kind: "AeReply", class: "reply", letter: "Δ", meaning: "anti-entropy: what differs" },
    Look { kind: "AeFin", class: "fin", letter: "F", meaning: "anti-entropy: what was asked for" },
];

/// The look of a kind.
pub fn look(kind: &str) -> Look {
    LOOKS.iter().copied().find(|look| look.kind == kind).unwrap_or(LOOKS[0])
}
