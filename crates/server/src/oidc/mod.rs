//! Sign-in with the site's identity provider: OpenID Connect Core 1.0, authorization code flow,
//! with PKCE (RFC 7636).
//!
//! The server keeps nothing of a sign-in that has begun. A cookie of the browser that began it has
//! the values that its end is compared with.
//!
//! A build without the feature `oidc` has the settings, and no provider.

#[cfg(feature = "oidc")]
mod claims;
#[cfg(feature = "oidc")]
mod provider;
#[cfg(not(feature = "oidc"))]
#[path = "absent.rs"]
mod provider;
mod settings;

use super::keys::Role;
pub(super) use provider::Provider;
pub use settings::{NameClaim, OidcSettings, Roles};

/// The path at which browsers begin a sign-in.
pub(super) const BEGIN_PATH: &str = "/sign-in";
/// The path to which they come back, below this server's address.
pub(super) const RETURN_PATH: &str = "/sign-in/done";

/// A sign-in that has begun.
pub(super) struct Begun {
    /// The address to send the browser to.
    pub(super) address: String,
    /// The value of the browser's cookie meanwhile.
    pub(super) kept: String,
}

/// A person who has signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Person {
    /// The provider's name for them, prefixed by `oidc:`, so that none is the id of a key.
    pub(super) name: String,
    pub(super) role: Role,
}

/// The reason why a sign-in failed.
#[derive(Debug)]
pub(super) enum Refused {
    /// This browser did not begin the sign-in, or did so too long ago.
    NotBegun,
    /// The provider refused.
    ByProvider,
    /// The person is known, but has no role here.
    NoRole,
    /// The provider was unreachable, or its answer cannot be trusted.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for Refused {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}
