//! The provider's claims about a person: their identity and their role.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use openidconnect::core::CoreGenderClaim;
use openidconnect::{AdditionalClaims, IdTokenClaims};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::settings::{NameClaim, Roles};
use crate::keys::Role;

/// The claims that the standard does not name.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Claims {
    #[serde(flatten)]
    all: BTreeMap<String, Value>,
}

impl AdditionalClaims for Claims {}

impl NameClaim {
    /// The name of a person.
    ///
    /// # Errors
    /// If the provider does not give it.
    pub(super) fn of(self, claims: &IdTokenClaims<Claims, CoreGenderClaim>) -> Result<String> {
        let said = match self {
            Self::Sub => Some(claims.subject().to_string()),
            Self::PreferredUsername => claims.preferred_username().map(|name| name.to_string()),
            Self::Email => claims.email().map(|email| email.to_string()),
        };
        let tame = |name: &String| name.len() <= 200 && !name.chars().any(char::is_control);
        said.filter(tame).with_context(|| format!("the ID token has no such claim as {self:?}"))
    }
}

impl Roles {
    /// The highest role that the claim gives.
    pub(super) fn of(&self, claims: &Claims) -> Option<Role> {
        let found = self.find(&claims.all)?;
        let texts: Vec<&str> = match found {
            Value::String(text) => vec![text],
            Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let given = self.values.iter().filter(|(_, value)| texts.contains(&value.as_str()));
        given.map(|(role, _)| *role).max()
    }

    /// The value of the claim: by its whole name, as some names have dots, or else by its path.
    fn find<'a>(&self, claims: &'a BTreeMap<String, Value>) -> Option<&'a Value> {
        if let Some(value) = claims.get(&self.claim) {
            return Some(value);
        }
        let mut path = self.claim.split('.');
        let first = claims.get(path.next()?)?;
        path.try_fold(first, |value, name| value.get(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn role(claim: &str, claims: Value) -> Option<Role> {
        let value = |role| (role, format!("skiagraph-{role}"));
        let values = [Role::Reader, Role::Contributor, Role::Admin].map(value);
        Roles { claim: claim.to_owned(), values }.of(&serde_json::from_value(claims).unwrap())
    }

    #[test]
    fn the_highest_role_counts_wherever_the_claim_lies() {
        let two = json!(["else", "skiagraph-reader", "skiagraph-contributor"]);
        assert_eq!(role("roles", json!({ "roles": two })), Some(Role::Contributor));
        assert_eq!(
            role("realm_access.roles", json!({ "realm_access": { "roles": two } })),
            Some(Role::Contributor)
        );
        assert_eq!(
            role("https://a.b/roles", json!({ "https://a.b/roles": "skiagraph-admin" })),
            Some(Role::Admin)
        );
    }

    #[test]
    fn what_is_no_role_gives_none() {
        for claims in [
            json!({}),
            json!({ "roles": [] }),
            json!({ "roles": ["reader", 1, null, { "skiagraph-admin": true }] }),
            json!({ "roles": { "skiagraph-admin": true } }),
            json!({ "roles": "skiagraph-admin skiagraph-reader" }),
            json!({ "role": "skiagraph-admin" }),
        ] {
            assert_eq!(role("roles", claims.clone()), None, "{claims}");
        }
        assert_eq!(role("a.b", json!({ "a": "skiagraph-admin" })), None);
    }
}
