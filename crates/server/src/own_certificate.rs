//! TLS without an authority: a certificate that the server makes for itself once, and that its workers are given to trust.
//!
//! The key is kept beside the store. As long as it is, workers that trust an older certificate of it trust the next one as well: what they
//! compare is its name and its key. So a restart of the server, or a further name, ends no worker.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Datelike, Days, Utc};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, PublicKeyData, date_time_ymd};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;

use crate::clock;
use crate::config::Tls;

const CERTIFICATE: &str = "own-certificate.pem";
const KEY: &str = "own-certificate.key";
/// How long a certificate is good.
const YEARS: i32 = 10;
/// One that would end sooner than this is made anew.
const LEFT: Duration = Duration::from_secs(365 * 24 * 3600);

/// A certificate of the server's own, with its key.
#[derive(Debug)]
pub struct OwnCertificate {
    tls: Tls,
    pem: String,
}

impl OwnCertificate {
    /// The certificate that is kept in a directory, for these names and addresses; made when there is none, or none that is good for all of
    /// them and for another year. The directory must be on a file system of this machine's owner: in it is the key (mode 0600).
    ///
    /// # Errors
    ///
    /// A name that no certificate can have, a key that others can read or that is none, a directory that cannot be written; in words for
    /// people.
    pub fn at(directory: &Path, names: &[String]) -> Result<OwnCertificate, String> {
        let tls = Tls { certificate: directory.join(CERTIFICATE), key: directory.join(KEY) };
        let wanted = names
            .iter()
            .map(|name| ServerName::try_from(name.clone()).map_err(|_| wrong_name(name)))
            .collect::<Result<Vec<_>, _>>()?;
        if wanted.is_empty() {
            return Err("a certificate needs a name of the server at least".to_owned());
        }
        let key = kept_key(&tls.key)?;
        if let Ok(pem) = std::fs::read_to_string(&tls.certificate)
            && is_good(&pem, &key, &wanted)
        {
            return Ok(OwnCertificate { tls, pem });
        }
        let pem = make(&key, names)?;
        let failed = |error: std::io::Error| format!("cannot write {}: {error}", tls.certificate.display());
        paramo_table::replace_file(&tls.certificate, |file| file.write_all(pem.as_bytes()))
            .map_err(failed)?;
        Ok(OwnCertificate { tls, pem })
    }

    /// As the door takes it.
    pub fn tls(&self) -> &Tls {
        &self.tls
    }

    /// The certificate, for those who are to trust it (`--ca-file`). It is no secret.
    pub fn pem(&self) -> &str {
        &self.pem
    }
}

fn wrong_name(name: &str) -> String {
    format!("expected a host name or an address that a certificate can have, found `{name}`")
}

/// The key of a file, which is made when it is not there. Of two that make it at once, both have the one that came first.
fn kept_key(file: &Path) -> Result<KeyPair, String> {
    let failed = |error: &dyn std::fmt::Display| format!("cannot use the key {}: {error}", file.display());
    if !file.exists() {
        let fresh = KeyPair::generate().map_err(|error| failed(&error))?;
        keep(file, &fresh.serialize_pem()).map_err(|error| failed(&error))?;
    }
    let found = std::fs::metadata(file).map_err(|error| failed(&error))?;
    if found.mode() & 0o077 != 0 {
        return Err(failed(
            &"others can read it; remove it, so that a new one is made (workers that trust the old one must then be started again)",
        ));
    }
    let pem = std::fs::read_to_string(file).map_err(|error| failed(&error))?;
    KeyPair::from_pem(&pem).map_err(|error| {
        failed(&format!("expected a private key in PEM: {error}; remove it, so that a new one is made"))
    })
}

/// Writes a file that is whole as soon as it has its name, readable by its owner alone; one that is there stays.
fn keep(file: &Path, text: &str) -> std::io::Result<()> {
    let mut part = file.as_os_str().to_owned();
    part.push(format!(".{}.part", std::process::id()));
    let part = PathBuf::from(part);
    let linked = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&part)
        .and_then(|mut open| {
            open.write_all(text.as_bytes())?;
            open.sync_all()
        })
        .and_then(|()| std::fs::hard_link(&part, file));
    // Its other name is the one that counts.
    let _ = std::fs::remove_file(&part);
    match linked {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && file.exists() => Ok(()),
        other => other,
    }
}

/// Whether whoever trusts this certificate, and nothing else, would take it for all these names, now and in a year.
fn is_good(pem: &str, key: &KeyPair, names: &[ServerName]) -> bool {
    let Ok(certificate) = CertificateDer::from_pem_slice(pem.as_bytes()) else { return false };
    let of_key = ParsedCertificate::try_from(&certificate)
        .is_ok_and(|parsed| parsed.subject_public_key_info().as_ref() == key.subject_public_key_info());
    let mut roots = RootCertStore::empty();
    if !of_key || roots.add(certificate.clone()).is_err() {
        return false;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let Ok(verifier) = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build() else {
        return false;
    };
    let now = Duration::from_micros(u64::try_from(clock::now().0).unwrap_or(0));
    [now, now + LEFT].into_iter().all(|moment| {
        let moment = UnixTime::since_unix_epoch(moment);
        names.iter().all(|name| verifier.verify_server_cert(&certificate, &[], name, &[], moment).is_ok())
    })
}

fn make(key: &KeyPair, names: &[String]) -> Result<String, String> {
    let failed = |error: rcgen::Error| format!("cannot make a certificate for {}: {error}", names.join(", "));
    let mut params = CertificateParams::new(names).map_err(failed)?;
    // Another server's has another name, so that who trusts that one says that it does not know this one.
    let print = ring::digest::digest(&ring::digest::SHA256, key.public_key_raw());
    let print: String = print.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, format!("paramo {print}"));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let now: DateTime<Utc> = DateTime::from_timestamp_micros(clock::now().0).unwrap_or_default();
    // Clocks of compute nodes may be behind.
    let from = now.checked_sub_days(Days::new(2)).unwrap_or(now);
    // Every month has these days, also in ten years.
    let day = |of: DateTime<Utc>| u8::try_from(of.day().min(28)).unwrap_or(1);
    let month = |of: DateTime<Utc>| u8::try_from(of.month()).unwrap_or(1);
    params.not_before = date_time_ymd(from.year(), month(from), day(from));
    params.not_after = date_time_ymd(now.year() + YEARS, month(now), day(now));
    Ok(params.self_signed(key).map_err(failed)?.pem())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use axum::Router;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::watch;

    use super::*;
    use crate::{Door, serve};

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn it_is_kept_and_made_anew_with_the_same_key_for_further_names() {
        let folder = tempfile::tempdir().unwrap();
        let at = |list: &[&str]| OwnCertificate::at(folder.path(), &names(list)).unwrap();
        let first = at(&["127.0.0.1", "lab.example"]);
        let key = std::fs::read(&first.tls().key).unwrap();
        let mode = std::fs::metadata(&first.tls().key).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(at(&["lab.example"]).pem(), first.pem());
        let more = at(&["127.0.0.1", "::1", "lab.example"]);
        assert_ne!(more.pem(), first.pem());
        assert_eq!(std::fs::read(&more.tls().key).unwrap(), key);
        assert_eq!(std::fs::read_to_string(&more.tls().certificate).unwrap(), more.pem());
        // One that was torn, or is somebody else's, is made anew as well.
        std::fs::write(&more.tls().certificate, "torn").unwrap();
        let again = at(&["::1"]);
        let other = tempfile::tempdir().unwrap();
        let other = OwnCertificate::at(other.path(), &names(&["::1"])).unwrap();
        std::fs::write(&again.tls().certificate, other.pem()).unwrap();
        assert_ne!(at(&["::1"]).pem(), other.pem());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is left");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let wrong = |list: &[&str]| OwnCertificate::at(folder.path(), &names(list)).unwrap_err();
        assert!(wrong(&["not a name"]).contains("`not a name`"));
        assert!(wrong(&[]).contains("needs a name"));
        let key = folder.path().join(KEY);
        std::fs::write(&key, "nothing").unwrap();
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(wrong(&["a.b"]).contains("others can read it"));
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(wrong(&["a.b"]).contains("expected a private key in PEM"));
        let missing = OwnCertificate::at(Path::new("/proc/nowhere"), &names(&["a.b"])).unwrap_err();
        assert!(missing.contains("cannot use the key /proc/nowhere"), "{missing}");
    }

    #[test]
    fn one_that_ends_soon_is_no_good() {
        let key = KeyPair::generate().unwrap();
        let name = [ServerName::try_from("a.b").unwrap()];
        let with = |year: i32| {
            let mut params = CertificateParams::new(names(&["a.b"])).unwrap();
            params.not_after = date_time_ymd(year, 1, 1);
            params.self_signed(&key).unwrap().pem()
        };
        assert!(is_good(&with(4000), &key, &name));
        assert!(!is_good(&with(2001), &key, &name));
    }

    /// Speaks with a server, trusting one certificate.
    async fn answer(place: std::net::SocketAddr, trusted: &str) -> std::io::Result<String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), trusted).unwrap();
        let trust = Arc::new(paramo_worker::remote::trust(Some(file.path())).unwrap());
        let stream = TcpStream::connect(place).await?;
        let name = ServerName::try_from("lab.example").unwrap();
        let mut stream = tokio_rustls::TlsConnector::from(trust).connect(name, stream).await?;
        stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await?;
        Ok(text)
    }

    #[tokio::test]
    async fn who_trusts_an_older_certificate_of_the_key_trusts_the_server_and_nobody_else_does() {
        let folder = tempfile::tempdir().unwrap();
        let old = OwnCertificate::at(folder.path(), &names(&["127.0.0.1", "lab.example"])).unwrap();
        let own = OwnCertificate::at(folder.path(), &names(&["lab.example", "new.example"])).unwrap();
        assert_ne!(old.pem(), own.pem());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let door = Door::new(listener, Some(own.tls()), "", Duration::from_secs(10)).unwrap();
        let place = door.address();
        let (stop, stopped) = watch::channel(false);
        let router = Router::new().route("/", axum::routing::get(|| async { "here" }));
        let serving = tokio::spawn(serve(door, router, stopped));
        for trusted in [own.pem(), old.pem()] {
            let text = answer(place, trusted).await.unwrap();
            assert!(text.ends_with("here"), "{text}");
        }
        let elsewhere = tempfile::tempdir().unwrap();
        let other = OwnCertificate::at(elsewhere.path(), &names(&["lab.example"])).unwrap();
        let error = answer(place, other.pem()).await.unwrap_err().to_string();
        assert!(error.contains("UnknownIssuer"), "{error}");
        stop.send(true).unwrap();
        serving.await.unwrap();
    }
}
