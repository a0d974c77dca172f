//! The door: takes connections, with TLS where there is a certificate, and lets nobody hold one open by sending slowly.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Uri};
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::Tls;

/// Connections at once. More have to wait until one is closed.
const CONNECTIONS: u32 = 4096;
/// How long the greetings of TLS may take.
const GREETING: Duration = Duration::from_secs(10);
/// How long to wait when no connection can be taken, as when there are no files left to open.
const PAUSE: Duration = Duration::from_millis(100);

/// Who sends a request, as the network says: set as an extension of each.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// Where the server listens, and how.
pub struct Door {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    /// What stands before every path; a proxy may leave it or take it away.
    base: String,
    /// How long the head of a request may take, and how long a connection may be idle between two requests.
    head: Duration,
}

impl Door {
    /// The error names the file that is wrong.
    pub fn new(
        listener: TcpListener,
        tls: Option<&Tls>,
        base: &str,
        patience: Duration,
    ) -> Result<Door, String> {
        let tls = tls.map(acceptor).transpose()?;
        let address = listener.local_addr().map_err(|error| format!("cannot listen: {error}"))?;
        Ok(Door { listener, address, tls, base: base.to_owned(), head: patience })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn secure(&self) -> bool {
        self.tls.is_some()
    }
}

/// Serves until `stop` says so, and then until what is being answered is answered.
pub async fn serve(door: Door, router: Router, mut stop: watch::Receiver<bool>) {
    let Door { listener, tls, base, head, .. } = door;
    let base: Arc<str> = base.into();
    let places = Arc::new(Semaphore::new(CONNECTIONS as usize));
    loop {
        let next = async {
            // The semaphore is never closed.
            let place = places.clone().acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            next = next => next,
        };
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (tls, router, base, stop) = (tls.clone(), router.clone(), base.clone(), stop.clone());
        tokio::spawn(async move {
            let peer = peer.ip().to_canonical();
            greet(stream, tls, |io| connection(io, router, base, peer, head, stop)).await;
            drop(place);
        });
    }
    // Each connection has a place until it is closed.
    let _ = places.acquire_many(CONNECTIONS).await;
}

/// Speaks TLS, if there is a certificate. Who does not come to an end with it is let go.
async fn greet<F>(stream: TcpStream, tls: Option<TlsAcceptor>, then: impl FnOnce(Box<dyn Stream>) -> F)
where
    F: Future<Output = ()>,
{
    let Some(tls) = tls else { return then(Box::new(stream)).await };
    if let Ok(Ok(stream)) = tokio::time::timeout(GREETING, tls.accept(stream)).await {
        then(Box::new(stream)).await;
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

async fn connection(
    io: Box<dyn Stream>,
    router: Router,
    base: Arc<str>,
    peer: IpAddr,
    head: Duration,
    mut stop: watch::Receiver<bool>,
) {
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        if let Some(uri) = without(request.uri(), &base) {
            *request.uri_mut() = uri;
        }
        hyper::service::Service::call(&TowerToHyperService::new(router.clone()), request)
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .serve_connection(TokioIo::new(io), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    // Who goes away in the middle of an answer has gone away: there is nobody to tell.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stop.wait_for(|stop| *stop) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// The address without the base path, if it has it.
fn without(uri: &Uri, base: &str) -> Option<Uri> {
    let path = uri.path().strip_prefix(base).filter(|_| !base.is_empty())?;
    if !path.is_empty() && !path.starts_with('/') {
        return None;
    }
    let path = if path.is_empty() { "/" } else { path };
    let text = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    text.parse().ok()
}

fn acceptor(tls: &Tls) -> Result<TlsAcceptor, String> {
    let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&tls.certificate)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable("the certificate", &tls.certificate, &error))?;
    if certificates.is_empty() {
        return Err(unreadable("the certificate", &tls.certificate, &"there is no certificate in it"));
    }
    let key =
        PrivateKeyDer::from_pem_file(&tls.key).map_err(|error| unreadable("the key", &tls.key, &error))?;
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(certificates, key))
        .map_err(|error| {
            format!("{} and {} do not go together: {error}", tls.certificate.display(), tls.key.display())
        })?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn unreadable(what: &str, path: &Path, why: &dyn std::fmt::Display) -> String {
    format!("cannot read {what} {}: {why}; expected a PEM file", path.display())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[test]
    fn the_base_path_is_taken_away_once_and_only_where_it_is_one() {
        let of = |path: &str, base: &str| without(&path.parse().unwrap(), base).map(|uri| uri.to_string());
        assert_eq!(of("/lab/api/v1?x=1", "/lab").as_deref(), Some("/api/v1?x=1"));
        assert_eq!(of("/lab", "/lab").as_deref(), Some("/"));
        assert_eq!(of("/labs", "/lab"), None);
        assert_eq!(of("/api", "/lab"), None);
        assert_eq!(of("/api", ""), None);
        assert_eq!(of("/lab/lab/x", "/lab").as_deref(), Some("/lab/x"));
    }

    #[tokio::test]
    async fn a_head_that_does_not_come_is_not_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let door = Door::new(listener, None, "", Duration::from_millis(50)).unwrap();
        let address = door.address();
        let (stop, stopped) = watch::channel(false);
        let router = Router::new().route("/", axum::routing::get(|| async { "here" }));
        let serving = tokio::spawn(serve(door, router, stopped));
        let mut slow = TcpStream::connect(address).await.unwrap();
        slow.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nx-").await.unwrap();
        let mut answer = String::new();
        slow.read_to_string(&mut answer).await.unwrap();
        assert!(!answer.contains("here"), "{answer}");
        let mut quick = TcpStream::connect(address).await.unwrap();
        quick.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        quick.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("here"), "{answer}");
        stop.send(true).unwrap();
        serving.await.unwrap();
    }

    #[test]
    fn a_certificate_that_is_none_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cert.pem");
        let tls = Tls { certificate: file.clone(), key: file.clone() };
        assert!(acceptor(&tls).err().unwrap().contains("cert.pem"));
        std::fs::write(&file, "nothing").unwrap();
        assert!(acceptor(&tls).err().unwrap().contains("expected a PEM file"));
    }
}
