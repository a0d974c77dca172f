//! The provider over HTTP: what it says of itself, its keys, and the two questions of a sign-in.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::{RequestBuilder, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::id_token::{Claims, Expected, Fault, Keys, check};
use crate::login::{LoginError, Secret, tls};

const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(15);
/// The largest answer that is read, in bytes.
const LARGEST: usize = 1024 * 1024;
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// What a provider says of itself. What is not used is not read.
#[derive(Debug, Deserialize)]
pub struct Description {
    issuer: String,
    pub authorization_endpoint: Url,
    token_endpoint: Url,
    userinfo_endpoint: Option<Url>,
    jwks_uri: Url,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

/// What was learned of it so far.
#[derive(Debug, Default, Clone)]
struct Known {
    description: Option<Arc<Description>>,
    keys: Option<Arc<Keys>>,
}

#[derive(Debug)]
pub struct Provider {
    issuer: Url,
    /// As it was configured, which is what tokens must say letter by letter.
    pub name: String,
    pub client_id: String,
    secret: Option<Secret>,
    http: reqwest::Client,
    known: Mutex<Known>,
}

/// What is handed over for a code.
#[derive(Deserialize)]
pub struct Tokens {
    access_token: Option<String>,
    id_token: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
    error_description: Option<String>,
}

impl Provider {
    pub fn new(issuer: &str, client_id: &str, secret: Option<Secret>) -> Result<Provider, String> {
        let url = Url::parse(issuer)
            .map_err(|error| format!("login.oidc.issuer: `{issuer}` is no address: {error}"))?;
        if !secure(&url) || url.query().is_some() || url.fragment().is_some() {
            return Err(format!(
                "login.oidc.issuer: `{issuer}` must be an address with https:// and without `?` and `#`"
            ));
        }
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::client()?)
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            // Who answers for a provider is who was asked.
            .redirect(reqwest::redirect::Policy::none());
        let builder = if tls::is_loopback(&url) { builder.no_proxy() } else { builder };
        let http = builder.build().map_err(|error| format!("login.oidc: {}", causes(&error)))?;
        Ok(Provider {
            issuer: url,
            name: issuer.to_owned(),
            client_id: client_id.to_owned(),
            secret,
            http,
            known: Mutex::default(),
        })
    }

    fn known(&self) -> Known {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the provider says of itself: asked for when it is first needed, and again until it has answered once.
    pub async fn description(&self) -> Result<Arc<Description>, LoginError> {
        if let Some(description) = self.known().description {
            return Ok(description);
        }
        let mut address = self.issuer.clone();
        address.set_path(&format!("{}{WELL_KNOWN}", self.issuer.path().trim_end_matches('/')));
        let description: Description = self.ask(self.http.get(address)).await?;
        if description.issuer != self.name {
            return Err(self.unavailable(format!(
                "it calls itself {}; write it like that as `issuer` into [login.oidc]",
                description.issuer.escape_debug()
            )));
        }
        let mut endpoints =
            vec![&description.authorization_endpoint, &description.token_endpoint, &description.jwks_uri];
        endpoints.extend(&description.userinfo_endpoint);
        if let Some(open) = endpoints.into_iter().find(|url| !secure(url)) {
            return Err(self.unavailable(format!("it names {open}, which is not https://")));
        }
        let description = Arc::new(description);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).description = Some(description.clone());
        Ok(description)
    }

    async fn fetch_keys(&self, description: &Description) -> Result<Arc<Keys>, LoginError> {
        let set: Value = self.ask(self.http.get(description.jwks_uri.clone())).await?;
        let keys = Arc::new(
            Keys::parse(set).map_err(|why| self.unavailable(format!("{}: {why}", description.jwks_uri)))?,
        );
        self.known.lock().unwrap_or_else(PoisonError::into_inner).keys = Some(keys.clone());
        Ok(keys)
    }

    /// Hands in a code and gets the tokens that it stands for.
    pub async fn redeem(&self, code: &str, verifier: &str, callback: &str) -> Result<Tokens, LoginError> {
        let description = self.description().await?;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", callback),
            ("code_verifier", verifier),
        ];
        let mut request = self.http.post(description.token_endpoint.clone());
        // Where a provider does not say, it takes the secret in the header.
        let methods = description.token_endpoint_auth_methods_supported.as_deref();
        let in_header =
            methods.is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic"));
        match &self.secret {
            Some(secret) if in_header => {
                // Both are encoded as in a form before they are joined (RFC 6749, 2.3.1).
                let encoded =
                    |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                let pair = format!("{}:{}", encoded(&self.client_id), encoded(secret.reveal()));
                request = request.header("authorization", format!("Basic {}", STANDARD.encode(pair)));
            }
            Some(secret) => {
                form.extend([("client_id", self.client_id.as_str()), ("client_secret", secret.reveal())])
            }
            None => form.push(("client_id", &self.client_id)),
        }
        self.ask(request.form(&form)).await
    }

    /// The claims of an ID token that holds. When no known key fits, the keys are fetched once more: providers change them.
    pub async fn believe(&self, tokens: &Tokens, nonce: &str, now: i64) -> Result<Claims, LoginError> {
        let refused =
            |why: &str| LoginError::Refused(format!("the ID token of {} is not believed: {why}", self.name));
        let token = tokens
            .id_token
            .as_deref()
            .ok_or_else(|| refused("there is none; is `openid` among the scopes?"))?;
        let description = self.description().await?;
        let expected = Expected { issuer: &self.name, client_id: &self.client_id, nonce, now };
        let mut fresh = false;
        let mut keys = match self.known().keys {
            Some(keys) => keys,
            None => {
                fresh = true;
                self.fetch_keys(&description).await?
            }
        };
        loop {
            match check(token, &keys, &expected) {
                Ok(claims) => return Ok(claims),
                Err(Fault::Key(_)) if !fresh => {
                    fresh = true;
                    keys = self.fetch_keys(&description).await?;
                }
                Err(Fault::Key(why) | Fault::Untrue(why)) => return Err(refused(&why)),
            }
        }
    }

    /// Adds the claims that the provider keeps for this question. They must be of the same person.
    pub async fn complete(&self, claims: Claims, tokens: &Tokens) -> Result<Claims, LoginError> {
        let description = self.description().await?;
        let (Some(address), Some(token)) = (&description.userinfo_endpoint, &tokens.access_token) else {
            return Ok(claims);
        };
        let more: Claims = self.ask(self.http.get(address.clone()).bearer_auth(token)).await?;
        if more.get("sub") != claims.get("sub") {
            return Err(LoginError::Refused(format!("{} speaks of somebody else at {address}", self.name)));
        }
        // What is signed counts.
        let mut all = more;
        all.extend(claims);
        Ok(all)
    }

    async fn ask<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, LoginError> {
        let failed = |error: reqwest::Error| self.unavailable(causes(&error));
        let request = request.header("accept", "application/json").build().map_err(failed)?;
        let address = request.url().clone();
        let response = self.http.execute(request).await.map_err(failed)?;
        let status = response.status();
        let body = self.body(response).await?;
        if !status.is_success() {
            // What is asked with a good code and a good secret is not refused: one of them is not good.
            return Err(match serde_json::from_slice::<Refusal>(&body) {
                Ok(refusal) if status.is_client_error() => {
                    LoginError::Refused(format!("{} refuses: {}", self.name, refusal.text()))
                }
                _ => self.unavailable(format!("{address} answers with status {status}")),
            });
        }
        serde_json::from_slice(&body)
            .map_err(|error| self.unavailable(format!("{address} answers with what cannot be read: {error}")))
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, LoginError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unavailable(causes(&error)))? {
            if body.len() + chunk.len() > LARGEST {
                return Err(self.unavailable(format!("{} answers with more than 1 MiB", response.url())));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn unavailable(&self, why: String) -> LoginError {
        LoginError::Unavailable(format!(
            "the sign-in provider {} cannot be asked: {why}; try again later, or sign in with a local account",
            self.name
        ))
    }
}

impl Refusal {
    fn text(&self) -> String {
        refusal(&self.error, self.error_description.as_deref())
    }
}

/// A provider's word for why not, kept short and to one line.
pub fn refusal(error: &str, description: Option<&str>) -> String {
    let line =
        |text: &str| text.chars().filter(|character| !character.is_control()).take(200).collect::<String>();
    match description {
        Some(description) => format!("{} ({})", line(description), line(error)),
        None => line(error),
    }
}

/// Tokens and secrets go over secured connections only, or over none.
fn secure(url: &Url) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && tls::is_loopback(url))
}

/// An error with what caused it: the outermost alone says only that something was sent.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
