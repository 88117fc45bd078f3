//! The caller of a request.

use super::keys::Role;

/// The caller, or `None` if callers need no key. It is among the extensions of a request that was
/// let through.
#[derive(Clone)]
pub(crate) struct Asker(pub(crate) Option<Caller>);

/// A caller with a key or a session.
#[derive(Clone)]
pub(crate) struct Caller {
    /// The id of the key, or the name of the person.
    pub(crate) id: String,
    pub(crate) role: Role,
    /// True if a session's cookie identified the caller. Browsers send it by themselves.
    pub(crate) by_cookie: bool,
}

#[cfg(test)]
impl Caller {
    /// A caller with a key, for tests.
    pub(crate) fn of_key(id: &str, role: Role) -> Self {
        Self { id: id.to_owned(), role, by_cookie: false }
    }
}
