//! Settings of sign-in: the provider, this server's identity with it, and what its claims mean.

use std::path::PathBuf;

use crate::keys::Role;

/// The settings of sign-in.
#[derive(Clone, Debug)]
pub struct OidcSettings {
    /// The provider's address.
    pub issuer: String,
    /// The server's name at the provider.
    pub client_id: String,
    /// The file with the secret shared with the provider, if any.
    pub secret: Option<PathBuf>,
    /// The server's address, without a slash at its end.
    pub url: String,
    /// The file of authorities that sign the provider's certificate; by default those of browsers.
    pub authorities: Option<PathBuf>,
    /// The scopes to ask the provider for.
    pub scopes: String,
    /// The claim that identifies a person.
    pub name: NameClaim,
    /// The rule that gives roles.
    pub roles: Roles,
}

/// The claim that identifies a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameClaim {
    /// The provider's own name, which never changes and is nobody else's.
    Sub,
    /// The name that they sign in with.
    PreferredUsername,
    /// Their e-mail address.
    Email,
}

/// The rule that gives roles by a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles {
    /// The claim, a text or a list of them. Dots lead into objects.
    pub claim: String,
    /// The claim's value for each role.
    pub values: [(Role, String); 3],
}
