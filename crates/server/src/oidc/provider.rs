//! The identity provider, by the crate `openidconnect`.

use std::fs;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreErrorResponseType,
    CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
    CoreProviderMetadata, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AccessToken, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EmptyExtraTokenFields,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenClaims, IdTokenFields, IssuerUrl, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    StandardErrorResponse, StandardTokenResponse, TokenResponse, UserInfoClaims,
};

use super::claims::Claims;
use super::settings::OidcSettings;
use super::{Begun, Person, RETURN_PATH, Refused};
use crate::outbound::Http;

/// The time for which the provider's metadata, its keys included, is trusted.
const FRESH: Duration = Duration::from_secs(60);

type Fields = IdTokenFields<
    Claims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type Tokens = StandardTokenResponse<Fields, CoreTokenType>;
/// A client that knows where to authorize, and perhaps where to get tokens and a person's data.
type Client = openidconnect::Client<
    Claims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// The identity provider.
pub(crate) struct Provider {
    settings: OidcSettings,
    issuer: IssuerUrl,
    secret: Option<ClientSecret>,
    http: Http,
    /// The provider's metadata, and the time when it was read.
    known: Mutex<Option<(Instant, Arc<CoreProviderMetadata>)>>,
}

impl Provider {
    /// Opens a provider. The provider itself is not contacted yet.
    ///
    /// # Errors
    /// If an address is none, or a file cannot be read.
    pub(crate) fn open(settings: OidcSettings) -> Result<Self> {
        let issuer = IssuerUrl::new(settings.issuer.clone())
            .with_context(|| format!("the issuer is `{}`; expected an address", settings.issuer))?;
        Ok(Self {
            secret: secret(&settings)?,
            http: Http::new(settings.authorities.as_deref(), is_plain(&settings))?,
            issuer,
            settings,
            known: Mutex::default(),
        })
    }

    /// Tells whether browsers reach this server by TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.settings.url.starts_with("https://")
    }

    /// Begins a sign-in. Blocks, so it must run on a worker.
    ///
    /// # Errors
    /// If the provider does not say where to send the browser.
    pub(crate) fn begin(&self) -> Result<Begun> {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let client = self.client()?;
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let (address, state, nonce) = client
            .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
            .add_scopes(
                self.settings.scopes.split_whitespace().map(|scope| Scope::new(scope.to_owned())),
            )
            .set_pkce_challenge(challenge)
            .url();
        let kept =
            [state.secret(), nonce.secret(), verifier.secret()].map(String::as_str).join(".");
        Ok(Begun { address: address.into(), kept })
    }

    /// Ends a sign-in with the parameters that the provider sent with the browser, and the value
    /// that the browser has kept. Blocks, so it must run on a worker.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) fn end(&self, code: String, state: &str, kept: &str) -> Result<Person, Refused> {
        let mut parts = kept.split('.');
        let parts = [parts.next(), parts.next(), parts.next()];
        let [Some(begun), Some(nonce), Some(verifier)] = parts else {
            return Err(Refused::NotBegun);
        };
        if begun.is_empty() || begun != state {
            return Err(Refused::NotBegun);
        }
        let client = self.client()?;
        let tokens = self.exchange(&client, code, verifier)?;
        let token = tokens.id_token().context("the provider sent no ID token")?;
        let claims = token
            .claims(&client.id_token_verifier(), &Nonce::new(nonce.to_owned()))
            .context("the provider's ID token is not to be believed")?;
        let told = || self.ask(&client, tokens.access_token().clone(), claims);
        let roles = &self.settings.roles;
        let role = match roles.of(claims.additional_claims()) {
            Some(role) => Some(role),
            // Some providers leave roles out of the ID token.
            None => told()?.and_then(|info| roles.of(info.additional_claims())),
        };
        let name = format!("oidc:{}", self.settings.name.of(claims)?);
        role.map(|role| Person { name, role }).ok_or(Refused::NoRole)
    }

    fn exchange(&self, client: &Client, code: String, verifier: &str) -> Result<Tokens> {
        let request = client.exchange_code(AuthorizationCode::new(code));
        let request = request.context("the provider does not say where to exchange codes")?;
        let verifier = PkceCodeVerifier::new(verifier.to_owned());
        let exchanged =
            request.set_pkce_verifier(verifier).request(&|request| self.http.send(request));
        exchanged.context("the provider did not exchange the code")
    }

    /// Asks the provider for the person's data. `None` if it gives none.
    fn ask(
        &self,
        client: &Client,
        token: AccessToken,
        claims: &IdTokenClaims<Claims, CoreGenderClaim>,
    ) -> Result<Option<UserInfoClaims<Claims, CoreGenderClaim>>> {
        let Ok(request) = client.user_info(token, Some(claims.subject().clone())) else {
            return Ok(None);
        };
        let told = request.request(&|request| self.http.send(request));
        told.map(Some).context("the provider did not tell what it knows of the person")
    }

    fn client(&self) -> Result<Client> {
        let metadata = self.metadata()?;
        let redirect = RedirectUrl::new(format!("{}{RETURN_PATH}", self.settings.url))?;
        let id = ClientId::new(self.settings.client_id.clone());
        let client = Client::from_provider_metadata((*metadata).clone(), id, self.secret.clone());
        Ok(client.set_redirect_uri(redirect))
    }

    fn metadata(&self) -> Result<Arc<CoreProviderMetadata>> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((since, metadata)) = &*known()
            && since.elapsed() < FRESH
        {
            return Ok(Arc::clone(metadata));
        }
        let found =
            CoreProviderMetadata::discover(&self.issuer, &|request| self.http.send(request));
        let found = found.map_err(|error| anyhow!(error)).with_context(|| {
            format!("cannot learn of the identity provider at {}", self.settings.issuer)
        })?;
        let metadata = Arc::new(found);
        *known() = Some((Instant::now(), Arc::clone(&metadata)));
        Ok(metadata)
    }
}

/// Tells whether the provider is on this machine and has no TLS.
fn is_plain(settings: &OidcSettings) -> bool {
    settings.issuer.starts_with("http://")
}

/// The secret shared with the provider, if any.
///
/// # Errors
/// If its file cannot be read, or is not one line.
fn secret(settings: &OidcSettings) -> Result<Option<ClientSecret>> {
    let Some(path) = &settings.secret else { return Ok(None) };
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let text = text.trim();
    if text.is_empty() || text.chars().any(char::is_control) {
        bail!(
            "`{}` has nothing, or several lines; expected the secret in one line",
            path.display()
        );
    }
    Ok(Some(ClientSecret::new(text.to_owned())))
}
