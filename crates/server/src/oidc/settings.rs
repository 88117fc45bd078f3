//! Settings of sign-in: the provider, this server's identity with it, and what its claims mean.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use openidconnect::ClientSecret;

use super::claims::{NameClaim, Roles};

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

impl OidcSettings {
    /// Tells whether the provider is on this machine and has no TLS.
    pub(super) fn is_plain(&self) -> bool {
        self.issuer.starts_with("http://")
    }

    /// The secret shared with the provider, if any.
    ///
    /// # Errors
    /// If its file cannot be read, or is not one line.
    pub(super) fn secret(&self) -> Result<Option<ClientSecret>> {
        let Some(path) = &self.secret else { return Ok(None) };
        let text = fs::read_to_string(path)
            .with_context(|| format!("cannot read `{}`", path.display()))?;
        let text = text.trim();
        if text.is_empty() || text.chars().any(char::is_control) {
            bail!(
                "`{}` has nothing, or several lines; expected the secret in one line",
                path.display()
            );
        }
        Ok(Some(ClientSecret::new(text.to_owned())))
    }
}
