//! Answers to what cannot be done, as problem details (RFC 9457): a type that programs tell apart, a title, and what to do.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use paramo_model::Diagnostic;
use paramo_store::StoreError;
use paramo_table::TableError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::host::HostError;

/// An answer that is no success.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// What kind of problem it is: a path that is the same for all of its kind.
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub title: &'static str,
    pub status: u16,
    /// What is wrong here, and what can be done.
    pub detail: String,
    /// What is wrong in a document that was sent, by place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Fault>,
    /// Seconds after which to try again.
    #[serde(skip)]
    retry_after: Option<u64>,
}

/// One thing that is wrong in a document.
#[derive(Debug, Serialize, ToSchema)]
pub struct Fault {
    /// The field, as a path: `space.0.k1`.
    pub field: String,
    pub message: String,
    pub help: Option<String>,
}

pub type Result<T> = std::result::Result<T, Problem>;

impl Problem {
    /// The type of what does not fit the server's memory.
    pub const TOO_LARGE: &'static str = "/problems/too-large";

    fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Problem {
        Problem {
            kind,
            title,
            status: status.as_u16(),
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
        }
    }

    pub fn bad_input(detail: impl Into<String>) -> Problem {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "/problems/bad-input",
            "the request cannot be understood",
            detail,
        )
    }

    /// `embedded`: the link with the token was printed.
    pub fn unauthorized(embedded: bool) -> Problem {
        let detail = match embedded {
            true => {
                "send a token, as in `Authorization: Bearer TOKEN`, or open the link that the server printed"
            }
            false => "sign in, or send a token that is good, as in `Authorization: Bearer prm_…`",
        };
        Problem::new(StatusCode::UNAUTHORIZED, "/problems/no-token", "who asks is not known", detail)
    }

    /// What was shown was good until it expired.
    pub fn lapsed() -> Problem {
        let detail =
            "the token, or the session, was good and has expired; sign in again, or make another token";
        Problem::new(StatusCode::UNAUTHORIZED, "/problems/expired", "it has expired", detail)
    }

    pub fn forbidden(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::FORBIDDEN, "/problems/forbidden", "not allowed", detail)
    }

    pub fn not_found(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "/problems/not-found", "there is no such thing", detail)
    }

    pub fn conflict(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::CONFLICT, "/problems/conflict", "the state does not allow it", detail)
    }

    pub fn changed() -> Problem {
        let detail = "it has changed since it was read; read it again and send its new ETag in If-Match";
        Problem::new(StatusCode::PRECONDITION_FAILED, "/problems/changed", "somebody else was faster", detail)
    }

    pub fn too_large(detail: impl Into<String>) -> Problem {
        let title = "it is too large for this";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, Problem::TOO_LARGE, title, detail)
    }

    /// A document that is well formed and makes no sense.
    pub fn unprocessable(detail: impl Into<String>) -> Problem {
        let title = "the document has errors";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "/problems/bad-document", title, detail)
    }

    /// A range beyond the end of what has so many bytes.
    pub fn beyond(whole: u64) -> Problem {
        let mut problem = Problem::bad_input(format!("the file has {whole} bytes; the range lies beyond"));
        problem.status = StatusCode::RANGE_NOT_SATISFIABLE.as_u16();
        problem
    }

    /// So many tries were wrong that the next has to wait.
    pub fn too_many(wait: std::time::Duration) -> Problem {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let detail = format!("there were too many wrong tries; wait {seconds} s");
        let mut problem =
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "/problems/too-many-tries", "not so fast", detail);
        problem.retry_after = Some(seconds);
        problem
    }

    /// A body that is no JSON, or not of the right shape.
    pub fn json(error: &serde_json::Error) -> Problem {
        let problem = Problem::bad_input(format!("the body: {error}"));
        match error.is_data() {
            true => problem.with_status(StatusCode::UNPROCESSABLE_ENTITY),
            false => problem,
        }
    }

    /// The same problem under a more telling status.
    pub fn with_status(mut self, status: StatusCode) -> Problem {
        self.status = status.as_u16();
        self
    }

    /// The same problem with another explanation.
    pub fn with_detail(mut self, detail: impl Into<String>) -> Problem {
        self.detail = detail.into();
        self
    }

    /// The same problem of a kind of its own, for programs that tell it apart.
    pub fn with_kind(mut self, kind: &'static str) -> Problem {
        self.kind = kind;
        self
    }

    pub fn unavailable(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "/problems/unavailable", "not possible now", detail)
    }

    /// A site that was asked, and will not.
    pub fn site(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_GATEWAY, "/problems/site", "the site does not do it", detail)
    }

    pub fn internal(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "/problems/internal", "the server failed", detail)
    }

    /// What is wrong in a document.
    pub fn document(found: &[Diagnostic]) -> Problem {
        let fault = |diagnostic: &Diagnostic| Fault {
            field: diagnostic.field.to_string(),
            message: diagnostic.message.clone(),
            help: diagnostic.help.clone(),
        };
        let first = found.first().map(ToString::to_string).unwrap_or_default();
        let mut problem = Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "/problems/bad-document",
            "the document has errors",
            first,
        );
        problem.errors = found.iter().map(fault).collect();
        problem
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(&self)).into_response();
        let json = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        match error {
            StoreError::NoSuchStudy { .. } | StoreError::Missing { .. } => {
                Problem::not_found(error.to_string())
            }
            StoreError::Exists { .. } | StoreError::Refuses { .. } => Problem::conflict(error.to_string()),
            _ => Problem::unavailable(error.to_string()),
        }
    }
}

impl From<HostError> for Problem {
    fn from(error: HostError) -> Problem {
        match error {
            HostError::Store(error) => error.into(),
            HostError::Held(_) | HostError::Preflight { .. } | HostError::Differs { .. } => {
                Problem::conflict(error.to_string())
            }
        }
    }
}

impl From<TableError> for Problem {
    fn from(error: TableError) -> Problem {
        match error {
            TableError::Store(error) => error.into(),
            TableError::Io(_) | TableError::Parquet(_) | TableError::Space(_) => {
                Problem::internal(error.to_string())
            }
            other => Problem::bad_input(other.to_string()),
        }
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Problem {
        let mut problem = Problem::bad_input(rejection.body_text());
        // Too large and not JSON keep their own statuses.
        problem.status = rejection.status().as_u16();
        problem
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Problem {
        Problem::bad_input(rejection.body_text())
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Problem {
        Problem::not_found(rejection.body_text())
    }
}
