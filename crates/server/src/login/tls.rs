//! The certificates that providers are trusted by: those of the machine. An authority of one's own is added to them, or named by
//! `SSL_CERT_FILE`.

use rustls::ClientConfig;

/// How connections to providers are secured.
pub fn client() -> Result<ClientConfig, String> {
    paramo_worker::remote::trust(None)
}

/// Whether an address is of this machine, where nothing goes over a network that others read.
pub fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
