//! Secrets at rest: sealed by a key that lies in a file beside the store, never in it.
//!
//! ChaCha20-Poly1305 with a random nonce; the project and the name are sealed along, so that a value that is moved to another place in the
//! database does not open there.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use super::code;

/// What a sealed value begins with, so that another way of sealing can be told apart later.
const FORMAT: u8 = 1;
const KEY_LENGTH: usize = 32;

/// A key. It is never printed.
pub struct Seal(LessSafeKey);

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(…)")
    }
}

impl Seal {
    /// The key in a file; made there, readable by its owner only, if there is no such file.
    pub fn of_file(path: &Path) -> Result<Seal, String> {
        let failed = |error: std::io::Error| format!("cannot read the key file {}: {error}", path.display());
        let file = match std::fs::File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Seal::make(path),
            Err(error) => return Err(failed(error)),
        };
        let mode = file.metadata().map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(format!(
                "others may read the key file {}; type `chmod 600 {0}`, and set the secrets anew if somebody may have read it",
                path.display()
            ));
        }
        let mut key = Vec::new();
        file.take(KEY_LENGTH as u64 + 1).read_to_end(&mut key).map_err(failed)?;
        Seal::of_key(&key)
            .ok_or_else(|| format!("the key file {} does not hold {KEY_LENGTH} bytes", path.display()))
    }

    fn make(path: &Path) -> Result<Seal, String> {
        let failed = |error: std::io::Error| format!("cannot make the key file {}: {error}", path.display());
        let key: [u8; KEY_LENGTH] = code::bytes().map_err(failed)?;
        // Another server that begins at the same moment must not read half a key: it appears whole, or not at all.
        let mut aside = path.as_os_str().to_owned();
        aside.push(format!(".{}", std::process::id()));
        let aside = Path::new(&aside);
        let mut options = std::fs::OpenOptions::new();
        let mut file =
            options.write(true).create(true).truncate(true).mode(0o600).open(aside).map_err(failed)?;
        let linked = file
            .write_all(&key)
            .and_then(|()| file.sync_all())
            .and_then(|()| std::fs::hard_link(aside, path));
        let _ = std::fs::remove_file(aside);
        match linked {
            Ok(()) => Seal::of_key(&key).ok_or_else(|| "the key could not be made".to_owned()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Seal::of_file(path),
            Err(error) => Err(failed(error)),
        }
    }

    fn of_key(key: &[u8]) -> Option<Seal> {
        UnboundKey::new(&CHACHA20_POLY1305, key).ok().map(|key| Seal(LessSafeKey::new(key)))
    }

    /// Seals a value for its place.
    pub fn close(&self, project: &str, name: &str, value: &str) -> Result<Vec<u8>, String> {
        let nonce: [u8; NONCE_LEN] =
            code::bytes().map_err(|error| format!("no random numbers to be had: {error}"))?;
        let mut sealed = value.as_bytes().to_vec();
        let place = place(project, name);
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place), &mut sealed)
            .map_err(|_| "the secret could not be sealed".to_owned())?;
        Ok([&[FORMAT][..], &nonce, &sealed].concat())
    }

    /// Opens what was sealed for this place, with this key.
    pub fn open(&self, project: &str, name: &str, sealed: &[u8]) -> Result<String, String> {
        let wrong = || {
            format!(
                "the secret {name} of {project} does not open with this key file; set it anew, or give the key file it was set with"
            )
        };
        let (format, rest) = sealed.split_first().ok_or_else(wrong)?;
        let (nonce, text) = rest.split_at_checked(NONCE_LEN).ok_or_else(wrong)?;
        if *format != FORMAT {
            return Err(wrong());
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| wrong())?;
        let mut text = text.to_vec();
        let place = place(project, name);
        let open = self.0.open_in_place(nonce, Aad::from(place), &mut text).map_err(|_| wrong())?;
        String::from_utf8(open.to_vec()).map_err(|_| wrong())
    }
}

/// Neither a project nor a name has a slash in it.
fn place(project: &str, name: &str) -> String {
    format!("{project}/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_at_its_place_and_with_its_key_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let seal = Seal::of_file(&file).unwrap();
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let sealed = seal.close("default", "slurm", "hush").unwrap();
        assert_ne!(sealed, seal.close("default", "slurm", "hush").unwrap(), "each time another nonce");
        assert!(!sealed.windows(4).any(|four| four == b"hush"));
        let again = Seal::of_file(&file).unwrap();
        assert_eq!(again.open("default", "slurm", &sealed).unwrap(), "hush");
        for (project, name) in [("default", "other"), ("other", "slurm")] {
            assert!(again.open(project, name, &sealed).is_err(), "{project}/{name}");
        }
        for cut in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[cut] ^= 1;
            assert!(again.open("default", "slurm", &bent).is_err(), "byte {cut}");
            assert!(again.open("default", "slurm", &sealed[..cut]).is_err(), "{cut} bytes");
        }
        let other = Seal::of_file(&folder.path().join("other")).unwrap();
        assert!(other.open("default", "slurm", &sealed).is_err());
        assert_eq!(format!("{seal:?}"), "Seal(…)");
    }

    #[test]
    fn a_key_file_that_others_read_or_that_is_no_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        std::fs::write(&file, [7; 32]).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Seal::of_file(&file).unwrap_err().contains("chmod 600"));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(Seal::of_file(&file).is_ok());
        std::fs::write(&file, [7; 33]).unwrap();
        assert!(Seal::of_file(&file).unwrap_err().contains("32 bytes"));
    }
}
