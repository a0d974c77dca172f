//! The certificates that providers are trusted by: those of the machine. An authority of one's own is added to them, or named by
//! `SSL_CERT_FILE`.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

/// How connections to providers are secured.
pub fn client() -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    // What cannot be read is named when a connection fails for want of it; one bad file must not take the good ones away.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("secured connections are not possible: {error}"))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
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
