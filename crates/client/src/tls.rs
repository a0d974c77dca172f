//! The certificates that a server is trusted by: those of this machine, and an authority of one's own (`PARAMO_CA_FILE`).

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::{ClientError, Result};

/// How connections are secured. `authority` is a file with certificates in PEM.
pub fn config(authority: Option<&Path>) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    // One bad file of the machine must not take the good ones away.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(file) = authority {
        let wrong =
            |why: String| ClientError::Input(format!("PARAMO_CA_FILE: cannot use {}: {why}", file.display()));
        let read = CertificateDer::pem_file_iter(file).map_err(|error| wrong(error.to_string()))?;
        let certificates: Vec<_> =
            read.collect::<std::result::Result<_, _>>().map_err(|error| wrong(error.to_string()))?;
        if certificates.is_empty() {
            return Err(wrong(
                "there is no certificate in it; expected PEM (-----BEGIN CERTIFICATE-----)".to_owned(),
            ));
        }
        for certificate in certificates {
            roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
        }
    }
    finish(roots)
}

/// For plain HTTP: nobody is trusted, and nothing is read.
pub fn bare() -> Result<ClientConfig> {
    finish(RootCertStore::empty())
}

fn finish(roots: RootCertStore) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ClientError::Local(format!("secured connections are not possible: {error}")))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
