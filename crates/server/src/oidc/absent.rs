//! The identity provider of a build without the feature `oidc`: none can be opened.

use anyhow::Result;

use super::{Begun, OidcSettings, Person, Refused};
use crate::features::left_out;

/// The identity provider, which this build does not have.
pub(crate) enum Provider {}

impl Provider {
    /// Says which feature is missing.
    ///
    /// # Errors
    /// Always.
    pub(crate) fn open(_: OidcSettings) -> Result<Self> {
        Err(left_out("--oidc-issuer", "oidc"))
    }

    pub(crate) fn is_secure(&self) -> bool {
        match *self {}
    }

    pub(crate) fn begin(&self) -> Result<Begun> {
        match *self {}
    }

    pub(crate) fn end(&self, _code: String, _state: &str, _kept: &str) -> Result<Person, Refused> {
        match *self {}
    }
}
