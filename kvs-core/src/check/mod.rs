//! What must hold in a world.
