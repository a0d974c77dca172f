//! Passwords: hashed by Argon2id on threads of their own, a few at a time, and in the same time whether there is such a user or not.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use super::code;

/// Hashes at once: each takes 19 MiB and all of a CPU for some hundredths of a second.
const AT_ONCE: usize = 2;
/// The shortest password, in characters, and the longest, in bytes: a longer one only costs time.
const SHORTEST: usize = 10;
const LONGEST: usize = 1024;

/// Makes and checks the hashes of passwords.
#[derive(Debug)]
pub struct Passwords {
    permits: Semaphore,
    /// Of a password that nobody has: what is checked when there is no such user.
    nobody: String,
}

/// Why there is no hash.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("a password has at least {SHORTEST} characters and at most {LONGEST} bytes")]
    Length,
    #[error("a password is not the name of its user")]
    Name,
    #[error("the password could not be hashed: {0}")]
    Failed(String),
}

impl Passwords {
    /// Takes as long as a hash does.
    pub fn new() -> Result<Passwords, PasswordError> {
        let nobody = hash(&code::random().map_err(failed)?)?;
        Ok(Passwords { permits: Semaphore::new(AT_ONCE), nobody })
    }

    /// The hash of a new password, as a PHC string.
    pub async fn hash(&self, user: &str, password: String) -> Result<String, PasswordError> {
        if password.chars().count() < SHORTEST || password.len() > LONGEST {
            return Err(PasswordError::Length);
        }
        if password.eq_ignore_ascii_case(user) {
            return Err(PasswordError::Name);
        }
        let _permit = self.permits.acquire().await.map_err(failed)?;
        tokio::task::spawn_blocking(move || hash(&password)).await.map_err(failed)?
    }

    /// Whether a password is the one of a hash. Without a hash it is not, which takes as long to say.
    pub async fn verify(&self, stored: Option<String>, password: String) -> Result<bool, PasswordError> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.nobody.clone());
        // What is too long for any hash is not hashed at all, whoever it is for.
        if password.len() > LONGEST {
            return Ok(false);
        }
        let _permit = self.permits.acquire().await.map_err(failed)?;
        let right = tokio::task::spawn_blocking(move || {
            // The parameters of the stored hash count, so older ones stay good when ours grow.
            PasswordHash::new(&stored)
                .is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok())
        });
        Ok(right.await.map_err(failed)? && known)
    }
}

/// Argon2id with 19 MiB, two passes and one lane, as OWASP's cheat sheet for storing passwords says (2024).
fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::default())
}

fn hash(password: &str) -> Result<String, PasswordError> {
    let salt: [u8; 16] = code::bytes().map_err(failed)?;
    let hash: PasswordHash = argon2().hash_password_with_salt(password.as_bytes(), &salt).map_err(failed)?;
    Ok(hash.to_string())
}

fn failed(error: impl ToString) -> PasswordError {
    PasswordError::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_checked_against_its_hash_and_against_none() {
        let passwords = Passwords::new().unwrap();
        let hash = passwords.hash("ada", "correct horse".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify(Some(hash.clone()), "correct horse".to_owned()).await.unwrap());
        assert!(!passwords.verify(Some(hash.clone()), "correct house".to_owned()).await.unwrap());
        assert!(!passwords.verify(None, "correct horse".to_owned()).await.unwrap());
        assert!(!passwords.verify(Some("damaged".to_owned()), "correct horse".to_owned()).await.unwrap());
        assert!(!passwords.verify(Some(hash), "x".repeat(1 << 20)).await.unwrap());
    }

    #[tokio::test]
    async fn a_weak_password_is_refused() {
        let passwords = Passwords::new().unwrap();
        for (user, password) in [("ada", "short"), ("ada", ""), ("ada-lovelace", "Ada-Lovelace")] {
            assert!(passwords.hash(user, password.to_owned()).await.is_err(), "{password}");
        }
        assert!(passwords.hash("ada", "x".repeat(1025)).await.is_err());
        assert!(passwords.hash("ada", "ä".repeat(10)).await.is_ok());
    }
}
