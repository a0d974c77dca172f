//! The audit trail: what was asked, by whom, and what became of it. No body, no code of a link and no reason of a refusal is written down: any
//! of them could hold a secret.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use paramo_store::{AuditEntry, Outcome, Via};

use super::caller::Caller;

/// What a handler knows better than its path does: set as an extension of the answer.
#[derive(Clone, Debug, Default)]
pub struct Noted {
    /// Who it was, when the request itself made them known.
    pub user: Option<String>,
    pub project: Option<String>,
    pub target: Option<String>,
    pub detail: Option<String>,
    /// What became of it, where the status does not say it: a browser is sent on to a page whether somebody came in or not.
    pub outcome: Option<Outcome>,
    /// Nothing was done, and it is asked again and again.
    pub silent: bool,
}

/// What is known of a request before it is answered.
#[derive(Debug)]
pub struct Trail {
    pub action: &'static str,
    pub who: Option<(Option<String>, Via)>,
    pub project: Option<String>,
    pub target: String,
    /// `POST /studies/{study}/pause`.
    pub route: String,
}

/// Parameters of a path that name something. The others are codes that open something.
const NAMES: [&str; 11] =
    ["study", "job", "schedule", "project", "user", "group", "name", "version", "index", "id", "kind"];

impl Trail {
    pub fn new(action: &'static str, method: &str, path: &str) -> Trail {
        let path = path.strip_prefix("/api/v1").unwrap_or(path);
        Trail { action, who: None, project: None, target: String::new(), route: format!("{method} {path}") }
    }

    pub fn by(&mut self, caller: &Caller) {
        self.who = Some((caller.name().map(str::to_owned), caller.via()));
    }

    /// The target as the path says it: `user ada`.
    pub fn path<'a>(&mut self, parameters: impl Iterator<Item = (&'a str, &'a str)>) {
        let named = parameters.filter(|(name, _)| NAMES.contains(name));
        let words: Vec<String> = named.map(|(name, value)| format!("{name} {}", shortened(value))).collect();
        self.target = words.join(", ");
    }

    /// The entry of a request that was answered.
    pub fn entry(self, status: StatusCode, noted: Option<Noted>) -> AuditEntry {
        let noted = noted.unwrap_or_default();
        let by_status = match status.as_u16() {
            200..=399 => Outcome::Done,
            401 | 403 | 404 | 429 => Outcome::Refused,
            _ => Outcome::Failed,
        };
        let said = by_status == Outcome::Done;
        let outcome = noted.outcome.filter(|_| said).unwrap_or(by_status);
        let (user, via) = self.who.unwrap_or((None, Via::Session));
        let detail = match (noted.detail, said) {
            (Some(detail), true) => format!("{}: {detail}", self.route),
            (None, true) => self.route,
            (_, false) => format!("{}: {}", self.route, status.as_u16()),
        };
        AuditEntry {
            user: noted.user.or(user),
            via,
            action: self.action.to_owned(),
            project: noted.project.or(self.project),
            target: noted.target.unwrap_or(self.target),
            outcome,
            detail,
        }
    }
}

/// At most a line.
fn shortened(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c });
    plain.take(200).collect()
}

/// Lets at most so many entries through in a minute: strangers could fill the store with what they are refused.
#[derive(Debug, Default)]
pub struct Flood(Mutex<Option<(Instant, u32)>>);

impl Flood {
    const A_MINUTE: u32 = 120;

    /// How many entries were left out before this one; `None` when this one is to be left out.
    pub fn passes(&self, now: Instant) -> Option<u32> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = state.unwrap_or((now, 0));
        if now.duration_since(since) >= Duration::from_secs(60) {
            *state = Some((now, 1));
            return Some(count.saturating_sub(Flood::A_MINUTE));
        }
        *state = Some((since, count.saturating_add(1)));
        (count < Flood::A_MINUTE).then_some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_links_are_not_written_down() {
        let mut trail = Trail::new("welcome.use", "POST", "/api/v1/welcome/{code}");
        trail.path([("code", "secret"), ("user", "ada\nbob")].into_iter());
        let entry = trail.entry(StatusCode::OK, None);
        assert_eq!(
            (entry.detail.as_str(), entry.target.as_str()),
            ("POST /welcome/{code}", "user ada\u{fffd}bob")
        );
    }

    #[test]
    fn the_status_says_what_became_of_it() {
        for (status, outcome) in [
            (204, Outcome::Done),
            (303, Outcome::Done),
            (404, Outcome::Refused),
            (403, Outcome::Refused),
            (409, Outcome::Failed),
            (503, Outcome::Failed),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(Trail::new("x", "PUT", "/y").entry(status, None).outcome, outcome);
        }
    }

    #[test]
    fn a_flood_is_counted_and_not_written() {
        let (flood, now) = (Flood::default(), Instant::now());
        let passed = (0..1000).filter(|_| flood.passes(now).is_some()).count();
        assert_eq!(passed, 120);
        assert_eq!(flood.passes(now + Duration::from_secs(60)), Some(880));
        assert_eq!(flood.passes(now + Duration::from_secs(61)), Some(0));
    }
}
