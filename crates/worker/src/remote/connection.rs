//! Opening the WebSocket to a server: plain or with TLS, straight, through an HTTP proxy, or through a relay.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::{CertificateError, ClientConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode, Uri, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

use super::trust::trust;
use super::via::{HostPort, Via};
use super::wire::LARGEST;

pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A connection that is not there after this long is tried anew.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where a server is.
#[derive(Clone)]
pub struct Address {
    uri: Uri,
    host: String,
    port: u16,
    secure: bool,
    tls: Option<Arc<ClientConfig>>,
    proxy: Option<HostPort>,
    via: Option<Via>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// It may be there the next time.
    #[error("{0}")]
    Away(String),
    /// Asking again is of no use.
    #[error("{0}")]
    Refused(String),
}

impl Address {
    /// From the address of a server, `https://paramo.example/base`. `certificates`: a file of authorities to trust beside those of the system.
    /// A proxy is taken from `https_proxy` and `http_proxy` as the environment has them, unless `no_proxy` names the host.
    pub fn parse(
        url: &str,
        certificates: Option<&PathBuf>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Address, String> {
        let wrong =
            || format!("expected the address of a server, as in https://paramo.example, found `{url}`");
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let secure = match uri.scheme_str() {
            Some("http" | "ws") => false,
            Some("https" | "wss") => true,
            _ => return Err(wrong()),
        };
        let host = uri.host().ok_or_else(wrong)?.trim_matches(['[', ']']).to_owned();
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let base = uri.path().trim_end_matches('/');
        let authority = uri.authority().ok_or_else(wrong)?;
        let scheme = if secure { "wss" } else { "ws" };
        let uri = format!("{scheme}://{authority}{base}/api/v1/workers/connect");
        let tls = if secure { Some(Arc::new(trust(certificates.map(PathBuf::as_path))?)) } else { None };
        let proxy = proxy_for(&host, secure, environment)?;
        Ok(Address { uri: uri.parse().map_err(|_| wrong())?, host, port, secure, tls, proxy, via: None })
    }

    /// The same server by way of a relay. Its name still is what its certificate must say. A proxy is not asked then: whoever names a relay
    /// means it, and the environment is that of everybody.
    ///
    /// # Errors
    ///
    /// Without TLS. A relay listens where others are, who could read all and use the token.
    pub fn through(self, via: Via) -> Result<Address, String> {
        if !self.secure {
            return Err(format!(
                "through a relay others could read what is said to {}; expected a server with TLS (https://)",
                self.place()
            ));
        }
        Ok(Address { via: Some(via), ..self })
    }

    /// The proxy that the environment names and that is not asked, as there is a relay.
    pub fn proxy_passed_over(&self) -> Option<&HostPort> {
        self.proxy.as_ref().filter(|_| self.via.is_some())
    }

    /// The host and port, for messages.
    pub fn place(&self) -> String {
        HostPort { host: self.host.clone(), port: self.port }.to_string()
    }

    pub(super) async fn connect(&self, token: &str) -> Result<Socket, ConnectError> {
        match tokio::time::timeout(PATIENCE, self.open(token)).await {
            Ok(opened) => opened,
            Err(_) => {
                let place = self.place();
                Err(ConnectError::Away(format!("{place} does not answer within {} s", PATIENCE.as_secs())))
            }
        }
    }

    async fn open(&self, token: &str) -> Result<Socket, ConnectError> {
        let relay = match &self.via {
            Some(via) => Some(
                via.now()
                    .await
                    .map_err(|why| ConnectError::Away(format!("cannot reach {}: {why}", self.place())))?,
            ),
            None => None,
        };
        let way = relay.as_ref().map_or(String::new(), |relay| format!(" through the relay at {relay}"));
        let away = |error: &dyn std::fmt::Display| {
            ConnectError::Away(format!("cannot reach {}{way}: {error}", self.place()))
        };
        let proxy = self.proxy.as_ref().filter(|_| relay.is_none());
        let (host, port) = match relay.as_ref().or(proxy) {
            Some(HostPort { host, port }) => (host.as_str(), *port),
            None => (self.host.as_str(), self.port),
        };
        let mut stream = TcpStream::connect((host, port)).await.map_err(|error| away(&error))?;
        // Small messages are waited for.
        stream.set_nodelay(true).map_err(|error| away(&error))?;
        if proxy.is_some() {
            tunnel(&mut stream, &self.place()).await.map_err(|why| away(&why))?;
        }
        let mut request = self.uri.clone().into_client_request().map_err(|error| away(&error))?;
        let bearer = HeaderValue::from_str(&format!("Bearer {token}"));
        let mut bearer =
            bearer.map_err(|_| ConnectError::Refused("the token has characters that no token has".into()))?;
        bearer.set_sensitive(true);
        request.headers_mut().insert(header::AUTHORIZATION, bearer);
        let config = WebSocketConfig::default().max_message_size(Some(LARGEST)).max_frame_size(Some(LARGEST));
        let connector = match &self.tls {
            Some(tls) if self.secure => Connector::Rustls(Arc::clone(tls)),
            _ => Connector::Plain,
        };
        match client_async_tls_with_config(request, stream, Some(config), Some(connector)).await {
            Ok((socket, _)) => Ok(socket),
            Err(Error::Http(answer)) => Err(self.refusal(answer.status(), answer.body().as_deref())),
            Err(error) => Err(match distrust(&error) {
                Some(why) => ConnectError::Refused(format!("{}{way} {why}", self.place())),
                None => away(&error),
            }),
        }
    }

    fn refusal(&self, status: StatusCode, body: Option<&[u8]>) -> ConnectError {
        let detail = body
            .and_then(|body| serde_json::from_slice::<serde_json::Value>(body).ok())
            .and_then(|problem| problem["detail"].as_str().map(str::to_owned))
            .unwrap_or_else(|| format!("it answers with status {status}"));
        let message = format!("{} does not take this worker: {detail}", self.place());
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::UPGRADE_REQUIRED => {
                ConnectError::Refused(message)
            }
            _ => ConnectError::Away(message),
        }
    }
}

/// What is wrong with a certificate that will be no better the next time. One that is too old or too young may be renewed.
fn distrust(error: &Error) -> Option<String> {
    let Error::Io(error) = error else { return None };
    let Some(rustls::Error::InvalidCertificate(reason)) = error.get_ref()?.downcast_ref() else {
        return None;
    };
    match reason {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => Some(
            "shows a certificate that is not trusted here; name the file of its authority by --ca-file, and compare it with the one of the server"
                .to_owned(),
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Some(format!("shows a certificate of somebody else ({reason}); name the server by --server as its certificate does"))
        }
        _ => None,
    }
}

/// The proxy that the environment names, as other programs read it.
fn proxy_for(
    host: &str,
    secure: bool,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Option<HostPort>, String> {
    let either = |name: &str| environment(name).or_else(|| environment(&name.to_uppercase()));
    let without = either("no_proxy").unwrap_or_default();
    let excepted = without.split(',').map(str::trim).filter(|suffix| !suffix.is_empty()).any(|suffix| {
        let suffix = suffix.trim_start_matches('.');
        suffix == "*" || host == suffix || host.ends_with(&format!(".{suffix}"))
    });
    let name = if secure { "https_proxy" } else { "http_proxy" };
    let Some(text) = either(name).filter(|text| !text.is_empty() && !excepted) else { return Ok(None) };
    let with_scheme = if text.contains("://") { text.clone() } else { format!("http://{text}") };
    let wrong = || {
        format!(
            "{name}: expected the address of an HTTP proxy, as in http://proxy.example:3128, found `{text}`"
        )
    };
    let uri: Uri = with_scheme.parse().map_err(|_| wrong())?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http"), Some(host)) => {
            let host = host.trim_matches(['[', ']']).to_owned();
            Ok(Some(HostPort { host, port: uri.port_u16().unwrap_or(3128) }))
        }
        _ => Err(wrong()),
    }
}

/// Asks an HTTP proxy for a way to a server (RFC 9110, 9.3.6).
async fn tunnel(stream: &mut TcpStream, place: &str) -> Result<(), String> {
    let request = format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.map_err(|error| format!("the proxy: {error}"))?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = stream.read_u8().await.map_err(|error| format!("the proxy: {error}"))?;
        head.push(byte);
        if head.len() > 16_384 {
            return Err("the proxy does not answer as an HTTP proxy does".to_owned());
        }
    }
    let text = String::from_utf8_lossy(&head);
    let line = text.lines().next().unwrap_or_default();
    match line.split(' ').nth(1) {
        Some(status) if status.starts_with('2') => Ok(()),
        _ => Err(format!("the proxy answers `{line}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str, environment: &[(&str, &str)]) -> Address {
        let value = |name: &str| {
            environment.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned())
        };
        Address::parse(url, None, value).unwrap()
    }

    #[test]
    fn a_proxy_is_that_of_the_environment_but_where_it_is_excepted() {
        let proxy = |url: &str, environment: &[(&str, &str)]| {
            address(url, environment).proxy.map(|proxy| proxy.to_string())
        };
        let named = [("https_proxy", "http://proxy.example:3129"), ("NO_PROXY", "near.example, .lab")];
        assert_eq!(proxy("https://far.example", &named).as_deref(), Some("proxy.example:3129"));
        assert_eq!(proxy("http://far.example", &named), None);
        assert_eq!(proxy("https://near.example", &named), None);
        assert_eq!(proxy("https://a.lab", &named), None);
        assert_eq!(proxy("http://a.b", &[("HTTP_PROXY", "[::1]")]).as_deref(), Some("[::1]:3128"));
        let wrong = Address::parse("https://a.b", None, |_| Some("socks5://p:1".to_owned())).err().unwrap();
        assert!(wrong.contains("https_proxy: expected the address of an HTTP proxy"), "{wrong}");
    }

    #[test]
    fn a_relay_comes_before_a_proxy_and_needs_a_server_with_tls() {
        let via = Via::At("login1:4711".parse().unwrap());
        let both = address("https://a.example", &[("https_proxy", "p:1")]);
        assert_eq!(both.proxy_passed_over(), None);
        let both = both.through(via.clone()).unwrap();
        assert_eq!(both.proxy_passed_over().map(ToString::to_string).as_deref(), Some("p:1"));
        let wrong = address("http://a.example", &[]).through(via).err().unwrap();
        assert!(wrong.contains("a.example:80") && wrong.contains("https://"), "{wrong}");
    }
}
