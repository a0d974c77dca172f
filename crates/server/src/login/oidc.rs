//! Signing in through a provider of OpenID Connect: authorisation code with PKCE.
//!
//! [`Oidc::begin`] says where to send the browser, [`Oidc::finish`] takes what it comes back with. Between them the sign-in is kept
//! here and bound to the browser by a cookie. Nothing is asked of the provider before somebody signs in.

mod id_token;
mod pending;
mod provider;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use paramo_model::Timestamp;
use ring::rand::SecureRandom;
use serde::Deserialize;
use serde_json::Value;

use self::id_token::Claims;
use self::pending::{Begun, Pending};
use self::provider::{Provider, refusal};
use super::{Identity, LoginError, Secret, Source, own_path};

/// The cookie that binds a sign-in to a browser, for the time that it takes.
pub const COOKIE: &str = "paramo_login";
/// How long a sign-in may take.
pub const PENDING: Duration = Duration::from_secs(600);
/// How many may be open; each takes about half a kilobyte.
const MOST_PENDING: usize = 10_000;

/// `[login.oidc]` of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcSettings {
    /// The provider's address, letter by letter as it calls itself.
    pub issuer: String,
    pub client_id: String,
    /// A file with the client's secret in its one line; none for a public client.
    pub client_secret_file: Option<PathBuf>,
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
    /// What the button on the sign-in page says.
    #[serde(default = "label")]
    pub name: String,
    /// The claim with the name to sign in with.
    #[serde(default = "name_claim")]
    pub name_claim: String,
    /// The claim with the groups: its name, or a path to it with dots between (`realm_access.roles`).
    #[serde(default = "groups_claim")]
    pub groups_claim: String,
    /// Groups whose members administer the server.
    #[serde(default)]
    pub administrators: Vec<String>,
}

fn label() -> String {
    "single sign-on".to_owned()
}

fn scopes() -> Vec<String> {
    ["openid", "profile", "email"].map(str::to_owned).to_vec()
}

fn name_claim() -> String {
    "preferred_username".to_owned()
}

fn groups_claim() -> String {
    "groups".to_owned()
}

/// Where to send a browser that wants to sign in.
#[derive(Debug, Clone)]
pub struct Redirect {
    pub location: String,
    /// The value of the cookie [`COOKIE`], for [`PENDING`]: not for scripts, and only for the same site (`Lax`).
    pub cookie: String,
}

/// The query that the provider sends a browser back with.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Answer {
    pub state: Option<String>,
    pub code: Option<String>,
    pub error: Option<String>,
    pub error_description: Option<String>,
    pub iss: Option<String>,
}

/// One provider.
#[derive(Debug)]
pub struct Oidc {
    settings: OidcSettings,
    provider: Provider,
    pending: Mutex<Pending>,
}

impl Oidc {
    /// Errors name the field of the configuration that is not right. The provider is not asked yet.
    pub fn new(settings: OidcSettings) -> Result<Oidc, String> {
        if settings.client_id.is_empty() {
            return Err(
                "login.oidc.client_id: it is empty; the provider gives one when this server is registered"
                    .to_owned(),
            );
        }
        if !settings.scopes.iter().any(|scope| scope == "openid") {
            return Err("login.oidc.scopes: `openid` must be among them".to_owned());
        }
        let file = settings.client_secret_file.as_deref();
        let secret = file.map(|path| Secret::read(path, "login.oidc.client_secret_file")).transpose()?;
        let provider = Provider::new(&settings.issuer, &settings.client_id, secret)?;
        let pending = Mutex::new(Pending::new(MOST_PENDING, PENDING));
        Ok(Oidc { settings, provider, pending })
    }

    /// What the button on the sign-in page says.
    pub fn label(&self) -> &str {
        &self.settings.name
    }

    /// Begins a sign-in. `callback` is the whole address that the provider sends the browser back to, and must be registered there;
    /// `path` is where to go on afterwards, below the base path; `cookie` is what the browser has from an earlier one.
    ///
    /// Errors: [`LoginError::Unavailable`] when the provider does not answer.
    pub async fn begin(
        &self,
        callback: &str,
        path: Option<&str>,
        cookie: Option<&str>,
    ) -> Result<Redirect, LoginError> {
        let description = self.provider.description().await?;
        let (state, nonce, verifier) = (random()?, random()?, random()?);
        let challenge = ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes());
        let mut location = description.authorization_endpoint.clone();
        location
            .query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", callback)
            .append_pair("scope", &self.settings.scopes.join(" "))
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(challenge))
            .append_pair("code_challenge_method", "S256");
        let fresh = random()?;
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let cookie = cookie.filter(|cookie| pending.knows(cookie)).map_or(fresh, str::to_owned);
        let begun = Begun {
            cookie: cookie.clone(),
            nonce,
            verifier,
            callback: callback.to_owned(),
            path: own_path(path),
        };
        pending.add(state, begun, Instant::now());
        Ok(Redirect { location: location.into(), cookie })
    }

    /// Ends a sign-in: who it is, and the path to go on to, which begins with one `/`.
    ///
    /// Errors: [`LoginError::Unknown`] when this browser has not begun it; [`LoginError::Refused`] when the provider refuses or its
    /// answer is not believed; [`LoginError::Unavailable`] when it does not answer.
    pub async fn finish(
        &self,
        answer: &Answer,
        cookie: Option<&str>,
        now: Timestamp,
    ) -> Result<(Identity, String), LoginError> {
        let (Some(state), Some(cookie)) = (&answer.state, cookie) else { return Err(LoginError::Unknown) };
        let taken =
            self.pending.lock().unwrap_or_else(PoisonError::into_inner).take(state, cookie, Instant::now());
        let begun = taken.ok_or(LoginError::Unknown)?;
        let description = self.provider.description().await?;
        // With several providers, one could pass on what another one sent.
        let must_say = description.authorization_response_iss_parameter_supported;
        if answer.iss.as_ref().map_or(must_say, |issuer| *issuer != self.provider.name) {
            return Err(LoginError::Refused(format!("the answer is not of {} (`iss`)", self.provider.name)));
        }
        if let Some(error) = &answer.error {
            let why = refusal(error, answer.error_description.as_deref());
            return Err(LoginError::Refused(format!("{} refuses: {why}", self.provider.name)));
        }
        let code =
            answer.code.as_deref().ok_or_else(|| LoginError::Refused("the answer has no code".to_owned()))?;
        let tokens = self.provider.redeem(code, &begun.verifier, &begun.callback).await?;
        let mut claims = self.provider.believe(&tokens, &begun.nonce, now.0.div_euclid(1_000_000)).await?;
        let wanted = [&self.settings.name_claim, &self.settings.groups_claim];
        if wanted.into_iter().any(|name| claim(&claims, name).is_none()) {
            claims = self.provider.complete(claims, &tokens).await?;
        }
        Ok((self.identity(&claims)?, begun.path))
    }

    fn identity(&self, claims: &Claims) -> Result<Identity, LoginError> {
        let text = |name: &str| claim(claims, name).and_then(Value::as_str).map(str::to_owned);
        let missing = |name: &str| {
            LoginError::Refused(format!(
                "{} does not say the claim `{name}`; have it added there, or name another as `name_claim` in [login.oidc]",
                self.provider.name
            ))
        };
        let subject = text("sub").ok_or_else(|| missing("sub"))?;
        let name = text(&self.settings.name_claim).filter(|name| super::is_word(name));
        let name = name.ok_or_else(|| missing(&self.settings.name_claim))?;
        let groups = match claim(claims, &self.settings.groups_claim) {
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Some(Value::String(one)) => vec![one.clone()],
            _ => Vec::new(),
        };
        let identity = Identity::new(Source::Oidc, subject, name, groups, &self.settings.administrators);
        Ok(identity.known_as(text("name"), text("email")))
    }
}

/// A claim by its name, or by a path with dots between names.
fn claim<'a>(claims: &'a Claims, name: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(name) {
        return Some(value);
    }
    let mut steps = name.split('.');
    let first = claims.get(steps.next()?)?;
    steps.try_fold(first, |value, step| value.get(step))
}

/// 256 random bits as text.
fn random() -> Result<String, LoginError> {
    let mut bytes = [0u8; 32];
    ring::rand::SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| LoginError::Unavailable("this machine gives no random numbers; try again".to_owned()))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
