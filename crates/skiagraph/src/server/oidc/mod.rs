//! Sign-in by the identity provider of the house: OpenID Connect Core 1.0, authorization code flow,
//! with PKCE (RFC 7636).
//!
//! Nothing of a sign-in that has begun is kept here: what its end is compared with lies in a cookie
//! of the browser that began it.

mod claims;
mod settings;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
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

use super::keys::Role;
use super::outbound::Http;
use claims::Claims;
pub(crate) use settings::{OidcArgs, Settings};

/// How long what the provider says of itself, its keys among it, is believed.
const FRESH: Duration = Duration::from_secs(60);
/// Where browsers begin a sign-in.
pub(super) const BEGIN_PATH: &str = "/sign-in";
/// Where they come back to, below our address.
pub(super) const RETURN_PATH: &str = "/sign-in/done";

type Fields = IdTokenFields<
    Claims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type Tokens = StandardTokenResponse<Fields, CoreTokenType>;
/// A client that knows where to authorize, and perhaps where to get tokens and what is known of a
/// person.
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
pub(super) struct Provider {
    settings: Settings,
    issuer: IssuerUrl,
    secret: Option<ClientSecret>,
    http: Http,
    /// What it said of itself, and when.
    known: Mutex<Option<(Instant, Arc<CoreProviderMetadata>)>>,
}

/// A sign-in that has begun.
pub(super) struct Begun {
    /// Where the browser goes.
    pub(super) address: String,
    /// What it keeps meanwhile.
    pub(super) kept: String,
}

/// Who has signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Person {
    /// The provider's name for them, after `oidc:`, so that none is the id of a key.
    pub(super) name: String,
    pub(super) role: Role,
}

/// Why nobody is signed in.
#[derive(Debug)]
pub(super) enum Refused {
    /// This browser did not begin it, or too long ago.
    NotBegun,
    /// The provider says so.
    ByProvider,
    /// Known, but with no role here.
    NoRole,
    /// The provider could not be asked, or its answer is not to be believed.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for Refused {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl Provider {
    /// # Errors
    /// If an address is none, or a file cannot be read. The provider itself is not asked yet.
    pub(super) fn open(settings: Settings) -> Result<Self> {
        let issuer = IssuerUrl::new(settings.issuer.clone())
            .with_context(|| format!("the issuer is `{}`; expected an address", settings.issuer))?;
        Ok(Self {
            secret: settings.secret()?,
            http: Http::new(settings.authorities.as_deref(), settings.is_plain())?,
            issuer,
            settings,
            known: Mutex::default(),
        })
    }

    /// Whether browsers reach us by TLS.
    pub(super) fn is_secure(&self) -> bool {
        self.settings.url.starts_with("https://")
    }

    /// Begins a sign-in. Blocks: for workers.
    ///
    /// # Errors
    /// If the provider does not say where to send the browser.
    pub(super) fn begin(&self) -> Result<Begun> {
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

    /// Ends a sign-in with what the provider sent the browser back with, and what the browser has
    /// kept. Blocks: for workers.
    ///
    /// # Errors
    /// [`Refused`].
    pub(super) fn end(&self, code: String, state: &str, kept: &str) -> Result<Person, Refused> {
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
            // Some providers keep roles out of the ID token.
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

    /// What the provider tells of the person, if it tells anything.
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
