//! A study as the file that it could have been begun from.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use paramo_model::document::write_study;

use super::download;
use crate::access::extract::OfStudy;
use crate::problem::{Problem, Result};

/// The study file: what `paramo run` takes to make the same study anew
///
/// It says the same as the file that the study was begun from and is laid out anew; points of a file are in it as lists.
#[utoipa::path(get, path = "/studies/{study}/file", tag = "studies", params(("study" = String, Path)),
    responses((status = 200, description = "TOML", body = String, content_type = "application/toml"),
        (status = 206, description = "a part of it", body = String, content_type = "application/toml"),
        (status = 304, description = "as it was"), (status = 404, body = Problem),
        (status = 409, description = "No file can say what the study is", body = Problem), (status = 416, body = Problem)))]
pub(super) async fn show(OfStudy(row): OfStudy, headers: HeaderMap) -> Result<Response> {
    let text = write_study(&row.study).map_err(|error| {
        Problem::conflict(format!(
            "{} cannot be written as a file: {error}; GET …/definition gives it as JSON",
            row.name
        ))
    })?;
    let mut response = download::bytes(&headers, text.into(), "application/toml")?;
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{}.toml\"", row.name)) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}
