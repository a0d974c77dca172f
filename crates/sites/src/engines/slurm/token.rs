//! Tokens of slurmrestd (JWT), renewed before they expire. They are never shown.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use tokio::process::Command;
use tokio::sync::Mutex;

use super::RESTD;
use crate::{EngineError, TokenSource};

/// A token is given up so long before it expires, or at half of a shorter life.
const MARGIN: Duration = Duration::from_secs(60);
/// How long the command that makes one may take.
const LIMIT: Duration = Duration::from_secs(30);

/// The token in use, and where the next one comes from.
pub(super) struct Tokens {
    source: TokenSource,
    held: Mutex<Option<Held>>,
}

struct Held {
    token: String,
    /// Moment of the wall clock from which on another is asked for; `None`: it does not say when it expires.
    renew: Option<SystemTime>,
}

impl Tokens {
    pub(super) fn new(source: TokenSource) -> Tokens {
        Tokens { source, held: Mutex::new(None) }
    }

    /// A token that is good for a while. `refused` is one that was not accepted.
    pub(super) async fn token(&self, refused: Option<&str>) -> Result<String, EngineError> {
        let mut held = self.held.lock().await;
        let now = super::clock::now();
        if let Some(good) = held.as_ref()
            && refused != Some(good.token.as_str())
            && good.renew.is_none_or(|renew| now < renew)
        {
            return Ok(good.token.clone());
        }
        let token = self.fetch().await?;
        *held = Some(Held { token: token.clone(), renew: renew(&token, now) });
        Ok(token)
    }

    async fn fetch(&self) -> Result<String, EngineError> {
        let wrong = |why: String| EngineError::Token { engine: RESTD, why };
        let (text, from) = match &self.source {
            TokenSource::File(path) => {
                let from = path.display().to_string();
                let text =
                    std::fs::read_to_string(path).map_err(|error| wrong(format!("{from}: {error}")))?;
                (text, from)
            }
            TokenSource::Command(line) => {
                let mut command = Command::new("/bin/sh");
                command.args(["-c", line]).stdin(std::process::Stdio::null()).kill_on_drop(true);
                let output = tokio::time::timeout(LIMIT, command.output())
                    .await
                    .map_err(|_| wrong(format!("`{line}` takes more than {} s", LIMIT.as_secs())))?
                    .map_err(|error| wrong(format!("`{line}`: {error}")))?;
                if !output.status.success() {
                    let why = String::from_utf8_lossy(&output.stderr);
                    return Err(wrong(format!("`{line}` failed: {}", why.trim())));
                }
                (String::from_utf8_lossy(&output.stdout).into_owned(), format!("`{line}`"))
            }
        };
        // As `scontrol token` prints it, or alone.
        let token = text.trim().trim_start_matches("SLURM_JWT=").trim();
        match token.is_empty() || !token.chars().all(|c| c.is_ascii_graphic()) {
            true => Err(wrong(format!("{from} gives none; it must hold a token alone, or SLURM_JWT=TOKEN"))),
            false => Ok(token.to_owned()),
        }
    }
}

#[derive(Deserialize)]
struct Claims {
    exp: Option<f64>,
}

/// When another token is to be asked for.
fn renew(token: &str, now: SystemTime) -> Option<SystemTime> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?.trim_end_matches('=')).ok()?;
    let claims: Claims = serde_json::from_slice(&payload).ok()?;
    let expires = claims.exp.filter(|exp| (0.0..1e12).contains(exp))?;
    let left = Duration::from_secs_f64(expires).saturating_sub(now.duration_since(UNIX_EPOCH).ok()?);
    Some(now + left.saturating_sub(MARGIN.min(left / 2)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(exp: &str) -> String {
        format!("e30.{}.x", URL_SAFE_NO_PAD.encode(format!("{{\"exp\":{exp},\"sun\":\"ada\"}}")))
    }

    #[test]
    fn tokens_are_renewed_before_they_expire() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
        let after = |exp: &str| renew(&jwt(exp), now).map(|at| at.duration_since(now).unwrap().as_secs());
        assert_eq!(after("1000600"), Some(540));
        assert_eq!(after("1000010"), Some(5));
        assert_eq!(after("999"), Some(0));
        assert_eq!(after("null"), None);
        assert_eq!(renew("opaque", now), None);
    }

    #[tokio::test]
    async fn one_is_kept_while_it_is_good_and_read_anew_when_it_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("token");
        std::fs::write(&file, "SLURM_JWT=one\n").unwrap();
        let tokens = Tokens::new(TokenSource::File(file.clone()));
        assert_eq!(tokens.token(None).await.unwrap(), "one");
        std::fs::write(&file, "two").unwrap();
        assert_eq!(tokens.token(None).await.unwrap(), "one");
        assert_eq!(tokens.token(Some("one")).await.unwrap(), "two");
        std::fs::write(&file, "").unwrap();
        let error = tokens.token(Some("two")).await.unwrap_err().to_string();
        assert!(error.contains("must hold a token alone"), "{error}");
        let tokens = Tokens::new(TokenSource::Command("echo no >&2; exit 1".to_owned()));
        let error = tokens.token(None).await.unwrap_err().to_string();
        assert!(error.contains("failed: no"), "{error}");
    }
}
