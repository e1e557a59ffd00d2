//! How each kind of message looks: a colour, a shape, and a letter.

/// The look of a kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The kind.
    pub kind: &'static str,
    /// The class that the style sheet colours.
    pub class: &'static str,
    /// Its outline.
    pub shape: Shape,
    /// The letter in it.
    pub letter: &'static str,
    /// What it is for, in a few words.
    pub meaning: &'static str,
}

/// An outline: one for each family of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Between clients and servers: an envelope.
    Square,
    /// Carries news.
    Disc,
    /// Answers news.
    Drop,
    /// Compares stores.
    Diamond,
    /// About shards.
    Hexagon,
    /// About the order of requests.
    Pentagon,
    /// About what comes next, where nobody leads.
    Octagon,
    /// Between a primary and its backups.
    Shield,
    /// About who leads, and what is chosen: a house.
    House,
    /// What goes with that.
    Roof,
}

impl Shape {
    /// The outline as an SVG path around the origin, about 22 pixels wide.
    pub fn path(self) -> &'static str {
        match self {
            Self::Square => "M-7-10H7Q10-10 10-7V7Q10 10 7 10H-7Q-10 10-10 7V-7Q-10-10-7-10Z",
            Self::Disc => "M0-11A11 11 0 1 1 0 11A11 11 0 1 1 0-11Z",
            Self::Drop => "M0-9A9 9 0 1 1 0 9A9 9 0 1 1 0-9Z",
            Self::Diamond => "M0-13L13 0L0 13L-13 0Z",
            Self::Hexagon => "M-6-11H6L12 0L6 11H-6L-12 0Z",
            Self::Pentagon => "M0-12L12-3L7 11H-7L-12-3Z",
            Self::Octagon => "M-5-11H5L11-5V5L5 11H-5L-11 5V-5Z",
            Self::Shield => "M-10-10H10V1Q10 8 0 12Q-10 8-10 1Z",
            Self::House => "M0-13L11-3V10H-11V-3Z",
            Self::Roof => "M-11-10H11V3L0 13L-11 3Z",
        }
    }
}

/// All looks, in the order of a legend.
pub const LOOKS: [Look; 74] = [
    Look { kind: "Request", class: "request", shape: Shape::Square, letter: "?", meaning: "a client asks" },
    Look { kind: "Response", class: "response", shape: Shape::Square, letter: "!", meaning: "a server answers" },
    Look {
        kind: "Mail",
        class: "mail",
        shape: Shape::Disc,
        letter: "M",
        meaning: "direct mail: a change, to everybody at once",
    },
    Look {
        kind: "Rumor",
        class: "rumor",
        shape: Shape::Disc,
        letter: "R",
        meaning: "a rumor: what is new at the sender",
    },
    Look { kind: "RumorAck", class: "ack", shape: Shape::Drop, letter: "a", meaning: "was the rumor news?" },
    Look { kind: "PullReq", class: "ack", shape: Shape::Drop, letter: "?", meaning: "is there anything new?" },
    Look {
        kind: "PullResp",
        class: "rumor",
        shape: Shape::Disc,
        letter: "P",
        meaning: "what is new, for somebody who asked",
    },
    Look {
        kind: "AeSyn",
        class: "syn",
        shape: Shape::Diamond,
        letter: "D",
        meaning: "anti-entropy: a digest of all the sender has",
    },
    Look {
        kind: "AeReply", class: "reply", shape: Shape::Diamond, letter: "Δ", meaning: "anti-entropy: what differs"
    },
    Look {
        kind: "AeFin",
        class: "fin",
        shape: Shape::Diamond,
        letter: "F",
        meaning: "anti-entropy: what was asked for",
    },
    Look { kind: "View", class: "view", shape: Shape::Hexagon, letter: "V", meaning: "who keeps what from now on" },
    Look { kind: "ViewReq", class: "view", shape: Shape::Hexagon, letter: "?", meaning: "is there a newer view?" },
    Look {
        kind: "Handoff",
        class: "handoff",
        shape: Shape::Hexagon,
        letter: "H",
        meaning: "keys move to their new owner",
    },
    Look { kind: "HandoffAck", class: "handoff", shape: Shape::Hexagon, letter: "a", meaning: "the keys have come" },
    Look {
        kind: "HandoffReq",
        class: "handoff",
        shape: Shape::Hexagon,
        letter: "q",
        meaning: "what have you of mine?",
    },
    Look {
        kind: "WrongShard",
        class: "wrong",
        shape: Shape::Square,
        letter: "✕",
        meaning: "that key is kept elsewhere",
    },
    Look { kind: "Redirect", class: "wrong", shape: Shape::Square, letter: "→", meaning: "ask somebody else" },
    Look { kind: "Proxy", class: "request", shape: Shape::Square, letter: "»", meaning: "a request is passed on" },
    Look { kind: "PreVote", class: "view", shape: Shape::Pentagon, letter: "P", meaning: "would you vote for me?" },
    Look { kind: "PreVoteReply", class: "ack", shape: Shape::Pentagon, letter: "p", meaning: "I would, or would not" },
    Look { kind: "RequestVote", class: "view", shape: Shape::Pentagon, letter: "V", meaning: "vote for me" },
    Look { kind: "VoteReply", class: "ack", shape: Shape::Pentagon, letter: "v", meaning: "a vote, or none" },
    Look {
        kind: "AppendEntries",
        class: "mail",
        shape: Shape::Pentagon,
        letter: "A",
        meaning: "the leader: what comes next in the log, or a sign of life",
    },
    Look {
        kind: "AppendReply",
        class: "ack",
        shape: Shape::Pentagon,
        letter: "a",
        meaning: "how far the log of a follower agrees",
    },
    Look {
        kind: "InstallSnapshot",
        class: "handoff",
        shape: Shape::Pentagon,
        letter: "S",
        meaning: "what a log has led to, for somebody who is far behind",
    },
    Look {
        kind: "Forward",
        class: "mail",
        shape: Shape::Octagon,
        letter: "F",
        meaning: "a proxy tells the others of a request",
    },
    Look {
        kind: "Proposal",
        class: "rumor",
        shape: Shape::Octagon,
        letter: "P",
        meaning: "what a replica would like to see in the slot",
    },
    Look {
        kind: "State",
        class: "syn",
        shape: Shape::Octagon,
        letter: "S",
        meaning: "first round: does the request go in?",
    },
    Look {
        kind: "Vote",
        class: "reply",
        shape: Shape::Octagon,
        letter: "V",
        meaning: "second round: what most have said, or ?",
    },
    Look {
        kind: "Decision",
        class: "handoff",
        shape: Shape::Octagon,
        letter: "D",
        meaning: "what is in a slot, for ever",
    },
    Look { kind: "AskProposal", class: "ack", shape: Shape::Octagon, letter: "?", meaning: "which request goes in?" },
    Look { kind: "GiveProposal", class: "ack", shape: Shape::Octagon, letter: "!", meaning: "this one goes in" },
    Look { kind: "CatchUp", class: "fin", shape: Shape::Octagon, letter: "c", meaning: "what have I missed?" },
    Look { kind: "CatchUpResp", class: "fin", shape: Shape::Octagon, letter: "C", meaning: "what somebody has missed" },
    Look { kind: "Ping", class: "ack", shape: Shape::Shield, letter: "·", meaning: "a server is there" },
    Look { kind: "ViewReply", class: "view", shape: Shape::Shield, letter: "V", meaning: "who leads, and who follows" },
    Look { kind: "GetView", class: "view", shape: Shape::Shield, letter: "?", meaning: "is there a newer view?" },
    Look { kind: "Fwd", class: "mail", shape: Shape::Shield, letter: "F", meaning: "the primary's next operation" },
    Look { kind: "FwdAck", class: "ack", shape: Shape::Shield, letter: "a", meaning: "the backup has applied it" },
    Look { kind: "FwdReq", class: "ack", shape: Shape::Shield, letter: "q", meaning: "an operation is missing" },
    Look { kind: "FwdNo", class: "wrong", shape: Shape::Shield, letter: "✕", meaning: "there is a newer view" },
    Look { kind: "Xfer", class: "handoff", shape: Shape::Shield, letter: "X", meaning: "the primary's whole state" },
    Look { kind: "XferAck", class: "handoff", shape: Shape::Shield, letter: "x", meaning: "the state has come" },
    Look { kind: "XferReq", class: "handoff", shape: Shape::Shield, letter: "r", meaning: "who has the state?" },
    Look {
        kind: "Propose",
        class: "request",
        shape: Shape::House,
        letter: "?",
        meaning: "the proxy passes a request on",
    },
    Look { kind: "NotLeader", class: "wrong", shape: Shape::House, letter: "✕", meaning: "somebody else leads" },
    Look { kind: "P1a", class: "view", shape: Shape::House, letter: "1", meaning: "phase 1: who follows this ballot?" },
    Look {
        kind: "P1b",
        class: "view",
        shape: Shape::Roof,
        letter: "1",
        meaning: "phase 1: an acceptor follows, or refuses, and says what it has accepted",
    },
    Look { kind: "P2a", class: "rumor", shape: Shape::House, letter: "2", meaning: "phase 2: accept this for a slot" },
    Look {
        kind: "P2b",
        class: "ack",
        shape: Shape::Roof,
        letter: "2",
        meaning: "phase 2: an acceptor has accepted, or refuses",
    },
    Look { kind: "Decide", class: "handoff", shape: Shape::House, letter: "D", meaning: "this is chosen for a slot" },
    Look {
        kind: "IAmLeader",
        class: "view",
        shape: Shape::House,
        letter: "L",
        meaning: "who leads, and how much is chosen",
    },
    Look { kind: "Applied", class: "ack", shape: Shape::Roof, letter: "A", meaning: "how far a replica has come" },
    Look { kind: "Trunc", class: "fin", shape: Shape::House, letter: "T", meaning: "forget what is in snapshots" },
    Look { kind: "Learn", class: "syn", shape: Shape::House, letter: "q", meaning: "what was chosen from a slot on?" },
    Look {
        kind: "LearnResp",
        class: "reply",
        shape: Shape::Roof,
        letter: "q",
        meaning: "what was chosen, or a snapshot",
    },
    Look {
        kind: "ReadIdx",
        class: "syn",
        shape: Shape::House,
        letter: "R",
        meaning: "a read: whom do you follow, and how far have you come?",
    },
    Look {
        kind: "ReadIdxAck",
        class: "reply",
        shape: Shape::Roof,
        letter: "R",
        meaning: "whom an acceptor follows, and its newest slot",
    },
    Look {
        kind: "ReadAt",
        class: "request",
        shape: Shape::House,
        letter: "@",
        meaning: "a replica is to answer a read when it has come that far",
    },
    Look { kind: "Lease", class: "syn", shape: Shape::House, letter: "%", meaning: "follow nobody else for a while" },
    Look {
        kind: "LeaseGrant",
        class: "reply",
        shape: Shape::Roof,
        letter: "%",
        meaning: "an acceptor will follow nobody else for a while",
    },
    Look {
        kind: "Prepare",
        class: "mail",
        shape: Shape::Shield,
        letter: "P",
        meaning: "a primary's next operation, with its view",
    },
    Look {
        kind: "PrepareOk",
        class: "ack",
        shape: Shape::Shield,
        letter: "p",
        meaning: "a replica has all up to there",
    },
    Look {
        kind: "Commit",
        class: "rumor",
        shape: Shape::Shield,
        letter: "c",
        meaning: "the primary is there, and has committed so much",
    },
    Look {
        kind: "StartViewChange",
        class: "view",
        shape: Shape::Shield,
        letter: "S",
        meaning: "a new view should begin",
    },
    Look {
        kind: "DoViewChange",
        class: "view",
        shape: Shape::Shield,
        letter: "D",
        meaning: "what a replica has, for the primary of a new view",
    },
    Look {
        kind: "StartView",
        class: "handoff",
        shape: Shape::Shield,
        letter: "B",
        meaning: "a new view begins with this log",
    },
    Look {
        kind: "Recovery",
        class: "syn",
        shape: Shape::Shield,
        letter: "R",
        meaning: "a replica has lost its memory",
    },
    Look {
        kind: "RecoveryResponse",
        class: "reply",
        shape: Shape::Shield,
        letter: "A",
        meaning: "where a replica is; of a primary, its log as well",
    },
    Look {
        kind: "GetState",
        class: "syn",
        shape: Shape::Shield,
        letter: "g",
        meaning: "what comes next in this view?",
    },
    Look {
        kind: "NewState",
        class: "reply",
        shape: Shape::Shield,
        letter: "G",
        meaning: "what comes next in this view",
    },
    Look {
        kind: "Subscribe",
        class: "request",
        shape: Shape::Square,
        letter: "S",
        meaning: "a client wants to hear of changes",
    },
    Look {
        kind: "Unsubscribe",
        class: "request",
        shape: Shape::Square,
        letter: "U",
        meaning: "a client has heard enough",
    },
    Look {
        kind: "Notify",
        class: "response",
        shape: Shape::Square,
        letter: "N",
        meaning: "a subscriber is told of a change",
    },
];

/// The look of a kind.
pub fn look(kind: &str) -> Look {
    LOOKS.iter().copied().find(|look| look.kind == kind).unwrap_or(LOOKS[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use kvs_core::server::Message;

    #[test]
    fn every_kind_has_a_look_and_no_two_look_the_same_without_colour() {
        for kind in Message::KINDS {
            assert_eq!(look(kind).kind, kind);
        }
        for (place, one) in LOOKS.iter().enumerate() {
            let is_alike = |other: &&Look| other.letter == one.letter && other.shape == one.shape;
            assert_eq!(LOOKS[place + 1..].iter().find(is_alike), None);
        }
    }
}
