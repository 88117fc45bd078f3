//! The caller of a request.

use super::keys::Role;

/// The caller, or `None` if callers need no key. It is among the extensions of a request that was
/// let through.
#[derive(Clone)]
pub(super) struct Asker(pub(super) Option<Caller>);

/// A caller with a key or a session.
#[derive(Clone)]
pub(super) struct Caller {
    /// The id of the key, or the name of the person.
    pub(super) id: String,
    pub(super) role: Role,
    /// True if a session's cookie identified the caller. Browsers send it by themselves.
    pub(super) by_cookie: bool,
}

#[cfg(test)]
impl Caller {
    /// A caller with a key, for tests.
    pub(super) fn of_key(id: &str, role: Role) -> Self {
        Self { id: id.to_owned(), role, by_cookie: false }
    }
}
