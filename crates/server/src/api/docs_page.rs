//! The documentation of the API as a page: Swagger UI, which is part of the binary and asks nobody else.

use std::sync::Arc;

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use utoipa_swagger_ui::Config;

use crate::problem::{Problem, Result};

/// To the page. The address is relative, since a proxy may put all of this below a path of its own.
pub(super) async fn enter() -> Redirect {
    Redirect::permanent("docs/")
}

pub(super) async fn page() -> Result<Response> {
    file("index.html")
}

/// A part of the page.
pub(super) async fn part(Path(name): Path<String>) -> Result<Response> {
    file(&name)
}

fn file(name: &str) -> Result<Response> {
    let config = Config::from("../v1/openapi.json");
    match utoipa_swagger_ui::serve(name, Arc::new(config)) {
        Ok(Some(file)) => {
            Ok(([(header::CONTENT_TYPE, file.content_type)], file.bytes.into_owned()).into_response())
        }
        Ok(None) => Err(Problem::not_found(format!("the documentation has no file `{name}`"))),
        Err(error) => Err(Problem::internal(format!("the documentation cannot be shown: {error}"))),
    }
}
