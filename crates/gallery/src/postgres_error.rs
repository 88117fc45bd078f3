//! The errors of a gallery's database on a server.

use crate::Location;

/// A fault of an address, or a request that a PostgreSQL server refuses.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostgresError {
    /// A gallery's address that cannot be parsed.
    #[error(
        "a gallery's address that does not read: {reason}; expected \
         postgres://USER@HOST[,HOST]/DATABASE[?OPTION=VALUE&…]"
    )]
    Address {
        /// The fault, in words.
        reason: String,
    },
    /// A gallery on a server, which this build cannot reach.
    #[error(
        "the gallery `{gallery}` is on a PostgreSQL server, which needs the feature `postgresql`, \
         and this build leaves it out; expected a build without `--no-default-features`, or with \
         `--features postgresql`"
    )]
    LeftOut {
        /// The gallery.
        gallery: Location,
    },
    /// A database that has a gallery already, where one was to be made.
    #[error(
        "`{gallery}` has a gallery already; nothing was changed. Add to it, or choose another \
         database"
    )]
    Exists {
        /// The gallery.
        gallery: Location,
    },
    /// A request that a server refuses.
    #[error(
        "the server of the gallery `{gallery}` refused: {reason}. {undone} insertions since the \
         last commit were undone"
    )]
    Server {
        /// The gallery.
        gallery: Location,
        /// The server's message.
        reason: String,
        /// The number of insertions since the last commit.
        undone: usize,
    },
    /// A copy into a folder, which a server's own tools make.
    #[error(
        "the gallery `{gallery}` is on a server, and cannot be copied into a folder; use \
         pg_basebackup and an archive of its log, or export it"
    )]
    NotCopied {
        /// The gallery.
        gallery: Location,
    },
}
