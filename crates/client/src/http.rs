//! Requests and answers: the token goes along, problems become errors, and what is no answer of ours is said to be none.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::{ClientError, Problem, Result, Secret, ServerAddress, tls};

/// The version of the API that is spoken here.
const API: u32 = 1;
const CONNECT: Duration = Duration::from_secs(10);
/// A server that says nothing for so long is not there; one that has nothing to tell sends a comment more often.
const SILENCE: Duration = Duration::from_secs(60);

/// A server, over HTTP.
#[derive(Clone, Debug)]
pub struct Http {
    client: reqwest::Client,
    address: ServerAddress,
    token: Option<Secret>,
}

impl Http {
    /// `authority`: a file with certificates that are trusted beside those of this machine.
    pub fn new(address: ServerAddress, token: Option<Secret>, authority: Option<&Path>) -> Result<Http> {
        // Elsewhere a token would be given to whoever the server names.
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .user_agent(concat!("paramo/", env!("CARGO_PKG_VERSION")));
        // Also for plain HTTP the library wants to know how it would secure a connection.
        builder = builder.tls_backend_preconfigured(match address.base().starts_with("https:") {
            true => tls::config(authority)?,
            false => tls::bare()?,
        });
        let client = builder
            .build()
            .map_err(|error| ClientError::Local(format!("cannot speak HTTP: {}", reason(&error))))?;
        Ok(Http { client, address, token })
    }

    pub fn address(&self) -> &ServerAddress {
        &self.address
    }

    pub fn has_token(&self) -> bool {
        self.token.is_some()
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let response = self.ask(self.request(Method::GET, path)).await?;
        self.json(response).await
    }

    pub async fn octets(&self, path: &str) -> Result<Vec<u8>> {
        let response = self.ask(self.request(Method::GET, path)).await?;
        Ok(response.bytes().await.map_err(|error| self.unreachable(&error))?.to_vec())
    }

    /// An answer that is read as it comes.
    pub async fn stream(&self, path: &str, headers: &[(&'static str, &str)]) -> Result<Response> {
        let mut request = self.request(Method::GET, path);
        for (name, value) in headers {
            request = request.header(HeaderName::from_static(name), *value);
        }
        self.ask(request).await
    }

    /// Sends a document, and reads the one that comes back.
    pub async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl serde::Serialize,
    ) -> Result<T> {
        let response = self.ask(self.with_body(method, path, body)?).await?;
        self.json(response).await
    }

    /// Sends a document that is to have its effect once. A connection that broke before the answer came is tried again, with a key by which
    /// the server knows that it is the same.
    pub async fn send_once<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl serde::Serialize,
    ) -> Result<T> {
        let key = key()?;
        let mut tries = 0;
        loop {
            let request = self.with_body(Method::POST, path, body)?;
            match self.ask(request.header(HeaderName::from_static("idempotency-key"), &key)).await {
                Err(ClientError::Unreachable { .. }) if tries > 0 && tries < 3 => {}
                // Nobody was there at all: nothing has begun.
                Err(ClientError::Unreachable { server, why }) if tries == 0 && why.contains("refused") => {
                    return Err(ClientError::Unreachable { server, why });
                }
                Err(ClientError::Unreachable { .. }) if tries == 0 => {}
                Err(error) => return Err(error),
                Ok(response) => return self.json(response).await,
            }
            tries += 1;
            tokio::time::sleep(Duration::from_millis(300 * tries)).await;
        }
    }

    /// Has something done that needs no document; what comes back is not of interest.
    pub async fn act(&self, method: Method, path: &str) -> Result<()> {
        self.ask(self.request(method, path)).await.map(|_| ())
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self
            .client
            .request(method, self.address.api(path))
            .header(ACCEPT, HeaderValue::from_static("*/*"));
        match self.token.as_ref().map(|token| HeaderValue::from_str(&format!("Bearer {}", token.reveal()))) {
            Some(Ok(mut value)) => {
                value.set_sensitive(true);
                request.header(AUTHORIZATION, value)
            }
            _ => request,
        }
    }

    fn with_body(&self, method: Method, path: &str, body: &impl serde::Serialize) -> Result<RequestBuilder> {
        let text = serde_json::to_vec(body)
            .map_err(|error| ClientError::Local(format!("cannot write the request: {error}")))?;
        Ok(self.request(method, path).header(CONTENT_TYPE, "application/json").body(text))
    }

    async fn ask(&self, request: RequestBuilder) -> Result<Response> {
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        match response.status() {
            status if status.is_success() => Ok(response),
            status => Err(self.refused(status, response).await),
        }
    }

    async fn refused(&self, status: StatusCode, response: Response) -> ClientError {
        let server = self.address.to_string();
        if status == StatusCode::UNAUTHORIZED {
            return match self.has_token() {
                true => ClientError::TokenRefused { server },
                false => ClientError::NoToken { server },
            };
        }
        if status.is_redirection() {
            let to =
                response.headers().get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("another place");
            return self.strange(format!("sends to {to}; give the address that it is really at"));
        }
        let is_problem = response
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"application/problem+json"));
        let path = response.url().path().to_owned();
        let body = response.bytes().await.unwrap_or_default();
        match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) if is_problem => ClientError::Problem(Problem { status: status.as_u16(), ..problem }),
            _ => self.strange(format!(
                "answers {status} to {path}, which no server of Paramo does; is this its address?"
            )),
        }
    }

    async fn json<T: DeserializeOwned>(&self, response: Response) -> Result<T> {
        let path = response.url().path().to_owned();
        let body = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        match serde_json::from_slice(&body) {
            Ok(value) => Ok(value),
            Err(error) => Err(self.not_understood(&format!("its answer to {path}: {error}")).await),
        }
    }

    /// An answer that is not what it should be: mostly because one of the two is older than the other.
    pub async fn not_understood(&self, what: &str) -> ClientError {
        #[derive(Deserialize)]
        struct Version {
            version: String,
            api: u32,
        }
        let ours = env!("CARGO_PKG_VERSION");
        let asked = self.ask(self.request(Method::GET, "/version")).await;
        let body = match asked {
            Ok(response) => response.bytes().await.unwrap_or_default(),
            Err(_) => Default::default(),
        };
        match serde_json::from_slice::<Version>(&body) {
            Ok(Version { version, api }) if api != API => self.strange(format!(
                "is paramo {version} and speaks version {api} of the API; this is paramo {ours}, which speaks version {API}: update the older of the two"
            )),
            Ok(Version { version, .. }) => self.strange(format!("(paramo {version}) is not understood by this paramo {ours}: {what}")),
            Err(_) => self.strange(format!("does not answer as a server of Paramo does: {what}; is this its address?")),
        }
    }

    fn strange(&self, what: String) -> ClientError {
        ClientError::Strange { server: self.address.to_string(), what }
    }

    pub fn unreachable(&self, error: &reqwest::Error) -> ClientError {
        ClientError::Unreachable { server: self.address.to_string(), why: reason(error) }
    }
}

/// The innermost reason, in words.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it does not answer in time".to_owned();
    }
    let mut inner: &dyn Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    let text = inner.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    if text.contains("certificate") {
        return format!("{text}; PARAMO_CA_FILE names a file with the certificate of its authority");
    }
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

fn key() -> Result<String> {
    let mut bytes = [0u8; 16];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .map_err(|error| ClientError::Local(format!("the system gives no random numbers: {error}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
