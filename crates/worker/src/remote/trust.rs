//! The certificates that servers are trusted by: those of this machine, and those of an authority of one's own.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// How connections are secured. `authority`: a file with certificates in PEM. The error says what is wrong with it.
pub fn trust(authority: Option<&Path>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    // One bad file of the machine must not take the good ones away; without any a server is not trusted, and that is said.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(file) = authority {
        let failed = |error: &dyn std::fmt::Display| {
            format!("cannot read certificates from {}: {error}", file.display())
        };
        let own = CertificateDer::pem_file_iter(file).map_err(|error| failed(&error))?;
        let own = own.collect::<Result<Vec<_>, _>>().map_err(|error| failed(&error))?;
        if own.is_empty() {
            return Err(failed(&"there is none in it; expected PEM (-----BEGIN CERTIFICATE-----)"));
        }
        for certificate in own {
            roots.add(certificate).map_err(|error| failed(&error))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be used: {error}"))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let wrong = trust(Some(file.path())).unwrap_err();
        assert!(
            wrong.contains(&file.path().display().to_string()) && wrong.contains("there is none"),
            "{wrong}"
        );
        assert!(trust(Some(Path::new("/proc/nowhere"))).unwrap_err().contains("/proc/nowhere"));
        assert!(trust(None).is_ok());
    }
}
