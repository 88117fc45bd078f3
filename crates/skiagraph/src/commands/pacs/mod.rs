//! The commands to and from a PACS: the feature `pacs`.

pub(crate) mod inbox;
pub(crate) mod listen;
pub(crate) mod pull;
pub(crate) mod send;
