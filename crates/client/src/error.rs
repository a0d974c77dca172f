//! What can go wrong between here and a server, as people read it.

use paramo_store::StoreError;
use serde::Deserialize;

pub type Result<T> = std::result::Result<T, ClientError>;

/// Why a server did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("cannot reach {server}: {why}")]
    Unreachable { server: String, why: String },

    #[error("{server} wants to know who asks: type `paramo login {server}` first")]
    NoToken { server: String },

    #[error(
        "{server} does not know the token that is kept for it (it has expired, or was revoked); `paramo login {server}` gets a new one"
    )]
    TokenRefused { server: String },

    #[error("{0}")]
    Problem(Problem),

    /// It answers, but not as a server of this version does.
    #[error("{server} {what}")]
    Strange { server: String, what: String },

    /// What was typed is wrong.
    #[error("{0}")]
    Input(String),

    /// A file or the system does not do what is needed.
    #[error("{0}")]
    Local(String),
}

/// Problem details (RFC 9457).
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Problem {
    #[serde(rename = "type", default)]
    pub kind: String,
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub status: u16,
    #[serde(default)]
    pub detail: String,
    /// What is wrong in a document that was sent, by place.
    #[serde(default)]
    pub errors: Vec<Fault>,
}

/// One thing that is wrong in a document.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Fault {
    /// As a path: `space.0.k1`.
    pub field: String,
    pub message: String,
    pub help: Option<String>,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.errors.is_empty() {
            return f.write_str(if self.detail.is_empty() { &self.title } else { &self.detail });
        }
        for (at, fault) in self.errors.iter().enumerate() {
            let begin = if at > 0 { "\nerror: " } else { "" };
            write!(f, "{begin}{}: {}", fault.field, fault.message)?;
            if let Some(help) = &fault.help {
                write!(f, "\n  help: {help}")?;
            }
        }
        Ok(())
    }
}

impl ClientError {
    /// Whether the request is at fault, and nothing was done.
    pub fn is_input(&self) -> bool {
        match self {
            ClientError::NoToken { .. } | ClientError::TokenRefused { .. } | ClientError::Input(_) => true,
            ClientError::Problem(problem) => {
                (400..500).contains(&problem.status) && ![408, 429].contains(&problem.status)
            }
            ClientError::Unreachable { .. } | ClientError::Strange { .. } | ClientError::Local(_) => false,
        }
    }

    /// Whether the same call can succeed later without anything being changed.
    pub fn passes(&self) -> bool {
        match self {
            ClientError::Unreachable { .. } => true,
            ClientError::Problem(problem) => problem.status >= 500 || [408, 429].contains(&problem.status),
            _ => false,
        }
    }

    /// Whether what was asked for is not there, or not to be seen.
    pub fn is_not_found(&self) -> bool {
        matches!(self, ClientError::Problem(problem) if problem.status == 404)
    }

    /// The problem that the server named.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            ClientError::Problem(problem) => Some(problem),
            _ => None,
        }
    }
}

impl From<ClientError> for StoreError {
    fn from(error: ClientError) -> StoreError {
        match error {
            ClientError::Unreachable { server, why } => StoreError::Unreachable { file: server.into(), why },
            other => StoreError::Elsewhere { refused: other.is_input(), why: other.to_string() },
        }
    }
}
