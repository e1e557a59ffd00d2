//! The one player of a page, as its panels see it.

use std::cell::RefCell;
use std::rc::Rc;

use kvs_core::process::NodeId;
use kvs_core::world::Sequence;

use crate::player::Player;

/// The player, and a number that grows with whatever panels show. Panels read it while they render and never keep it.
#[derive(Clone)]
pub struct Store {
    player: Rc<RefCell<Player>>,
    revision: u64,
}

/// Equal stores show the same, so that Yew leaves a panel alone whose store has not moved on.
impl PartialEq for Store {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.player, &other.player) && self.revision == other.revision
    }
}

impl Store {
    /// A store around a player.
    pub fn new(player: Player) -> Self {
        Self { player: Rc::new(RefCell::new(player)), revision: 0 }
    }

    /// Looks at the player.
    pub fn read<T>(&self, look: impl FnOnce(&Player) -> T) -> T {
        look(&self.player.borrow())
    }

    /// Changes the player.
    pub fn write<T>(&self, change: impl FnOnce(&mut Player) -> T) -> T {
        change(&mut self.player.borrow_mut())
    }

    /// From now on panels show something else.
    pub fn touch(&mut self) {
        self.revision += 1;
    }
}

/// What the reader has picked in the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Selection {
    /// Nothing.
    #[default]
    Nothing,
    /// A node.
    Node(NodeId),
    /// The link between two nodes, the lower number first.
    Link(NodeId, NodeId),
    /// A message on its way.
    Message(Sequence),
}
