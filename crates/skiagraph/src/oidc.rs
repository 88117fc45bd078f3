//! Options of sign-in: the provider, this server's identity with it, and the meaning of its claims.

use std::path::PathBuf;

use clap::ValueEnum;
use server::keys::Role;
use server::{NameClaim, OidcSettings, Roles};

/// Sign-in with an identity provider, or none.
#[derive(clap::Args)]
pub(crate) struct OidcArgs {
    /// Address of the identity provider (OpenID Connect) with which people sign in
    #[arg(long, value_name = "URL", value_parser = address, requires = "oidc_client", requires = "oidc_url")]
    oidc_issuer: Option<String>,
    /// Name of this server at the provider (client id)
    #[arg(long, value_name = "ID", requires = "oidc_issuer")]
    oidc_client: Option<String>,
    /// File with the secret shared with the provider, if it requires one beside PKCE
    #[arg(long, value_name = "FILE", requires = "oidc_issuer")]
    oidc_secret: Option<PathBuf>,
    /// Address of this server for browsers; the provider sends them back to /sign-in/done below it
    #[arg(long, value_name = "URL", value_parser = address, requires = "oidc_issuer")]
    oidc_url: Option<String>,
    /// Authorities (PEM), one of which must have signed the provider's certificate [default: those
    /// that browsers trust]
    #[arg(long, value_name = "FILE", requires = "oidc_issuer")]
    oidc_authorities: Option<PathBuf>,
    /// Scopes to ask the provider for
    #[arg(long, value_name = "SCOPES", default_value = "profile")]
    oidc_scopes: String,
    /// Claim that identifies a person, in the audit log and for saved answers
    #[arg(long, value_name = "CLAIM", default_value = "sub")]
    oidc_name: ClaimName,
    /// Claim whose text, or list of texts, gives roles; dots lead into objects, as in
    /// realm_access.roles
    #[arg(long, value_name = "CLAIM", default_value = "roles")]
    oidc_roles: String,
    /// Value of that claim for a reader
    #[arg(long, value_name = "VALUE", default_value = "skiagraph-reader")]
    oidc_reader: String,
    /// Value of that claim for a contributor
    #[arg(long, value_name = "VALUE", default_value = "skiagraph-contributor")]
    oidc_contributor: String,
    /// Value of that claim for an admin
    #[arg(long, value_name = "VALUE", default_value = "skiagraph-admin")]
    oidc_admin: String,
}

/// The name of a claim that identifies a person.
#[derive(Clone, Copy, ValueEnum)]
enum ClaimName {
    /// The provider's own name, which never changes and is nobody else's.
    Sub,
    /// The name that they sign in with.
    PreferredUsername,
    Email,
}

impl From<ClaimName> for NameClaim {
    fn from(name: ClaimName) -> Self {
        match name {
            ClaimName::Sub => Self::Sub,
            ClaimName::PreferredUsername => Self::PreferredUsername,
            ClaimName::Email => Self::Email,
        }
    }
}

impl OidcArgs {
    /// The settings; `None` if no provider is named.
    pub(crate) fn settings(&self) -> Option<OidcSettings> {
        let values = [
            (Role::Reader, self.oidc_reader.clone()),
            (Role::Contributor, self.oidc_contributor.clone()),
            (Role::Admin, self.oidc_admin.clone()),
        ];
        Some(OidcSettings {
            issuer: self.oidc_issuer.clone()?,
            client_id: self.oidc_client.clone()?,
            secret: self.oidc_secret.clone(),
            url: self.oidc_url.as_ref()?.trim_end_matches('/').to_owned(),
            authorities: self.oidc_authorities.clone(),
            scopes: self.oidc_scopes.clone(),
            name: self.oidc_name.into(),
            roles: Roles { claim: self.oidc_roles.clone(), values },
        })
    }
}

/// Checks that an address is one with TLS, or of this machine.
fn address(text: &str) -> Result<String, String> {
    let host = |scheme: &str| {
        let rest = text.strip_prefix(scheme)?;
        let plain = |letter: char| letter.is_ascii_graphic() && !"@?#".contains(letter);
        (!rest.is_empty() && !rest.starts_with('/') && rest.chars().all(plain)).then_some(rest)
    };
    let here = ["localhost", "127.0.0.1", "[::1]"];
    let is_here = |rest: &str| here.contains(&rest.split('/').next().map_or(rest, without_port));
    if host("https://").is_some() || host("http://").is_some_and(is_here) {
        return Ok(text.to_owned());
    }
    Err("expected https:// and a host (http:// for this machine alone), with no name, query or fragment"
        .to_owned())
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn without_tls_a_provider_is_on_this_machine() {
        for good in [
            "https://id.example/realms/a",
            "http://localhost:3000",
            "http://127.0.0.1/x",
            "http://[::1]:1",
        ] {
            assert!(address(good).is_ok(), "{good}");
        }
        for bad in [
            "http://id.example",
            "https://",
            "https:///a",
            "https://a@b",
            "https://a?b",
            "ftp://a",
            "http://localhost.example",
        ] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }
}
