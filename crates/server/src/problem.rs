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
    fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Problem {
        Problem { kind, title, status: status.as_u16(), detail: detail.into(), errors: Vec::new() }
    }

    pub fn bad_input(detail: impl Into<String>) -> Problem {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "/problems/bad-input",
            "the request cannot be understood",
            detail,
        )
    }

    pub fn unauthorized() -> Problem {
        let detail =
            "send a token, as in `Authorization: Bearer TOKEN`, or open the link that the server printed";
        Problem::new(StatusCode::UNAUTHORIZED, "/problems/no-token", "who asks is not known", detail)
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

    pub fn unavailable(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "/problems/unavailable", "not possible now", detail)
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
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        match error {
            StoreError::NoSuchStudy { .. } => Problem::not_found(error.to_string()),
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
