//! Who asks: the session, tokens, and logging in from a terminal (RFC 8628, in JSON).

use std::collections::BTreeMap;

use reqwest::Method;
use serde::{Deserialize, Serialize};

use crate::address::segment;
use crate::{ClientError, Result, Secret, Server};

/// Who a token belongs to, and what it may see.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Session {
    pub user: Option<SessionUser>,
    /// A server of one person, without accounts.
    #[serde(default)]
    pub embedded: bool,
    #[serde(default)]
    pub projects: Vec<SessionProject>,
    #[serde(default)]
    pub version: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SessionUser {
    pub name: String,
    #[serde(default)]
    pub display_name: Option<String>,
    #[serde(default)]
    pub administrator: bool,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SessionProject {
    pub name: String,
    #[serde(default)]
    pub title: Option<String>,
    #[serde(default)]
    pub role: Option<String>,
}

/// A request to let this terminal in.
#[derive(Clone, Debug, Deserialize)]
pub struct Device {
    device_code: String,
    /// What a person types or compares.
    pub user_code: String,
    pub verification_uri: String,
    #[serde(default)]
    pub verification_uri_complete: Option<String>,
    /// Seconds between two questions.
    #[serde(default = "five")]
    pub interval: u64,
    /// Seconds until it is too late.
    pub expires_in: u64,
}

fn five() -> u64 {
    5
}

/// What became of the request.
#[derive(Clone, Debug)]
pub enum Polled {
    Pending,
    /// Ask less often.
    SlowDown,
    /// It was refused, or nobody said anything in time.
    Expired(String),
    In {
        token: Secret,
        user: Option<String>,
    },
}

/// A token, without its secret.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct TokenRow {
    pub id: serde_json::Value,
    pub name: String,
    #[serde(default)]
    pub scopes: Vec<String>,
    #[serde(default)]
    pub project: Option<String>,
    #[serde(default)]
    pub created: Option<String>,
    #[serde(default)]
    pub expires: Option<String>,
    #[serde(default)]
    pub used: Option<String>,
    /// Only of one that was just made.
    #[serde(default, skip_serializing)]
    pub token: Option<Secret>,
}

/// A token to make.
#[derive(Clone, Debug, Serialize)]
pub struct NewToken<'a> {
    pub name: &'a str,
    pub scopes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_days: Option<u32>,
}

/// A token of workers.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct WorkerTokenRow {
    pub id: i64,
    pub name: String,
    #[serde(default)]
    pub project: Option<String>,
    /// Who made it.
    #[serde(default)]
    pub by: String,
    #[serde(default)]
    pub created: Option<String>,
    #[serde(default)]
    pub expires: Option<String>,
    #[serde(default)]
    pub used: Option<String>,
    /// Only of one that was just made.
    #[serde(default, skip_serializing)]
    pub token: Option<Secret>,
}

impl Server {
    /// Who the server takes us for. A token that it does not know is an error.
    pub async fn session(&self) -> Result<Session> {
        // The session is open to all, so that it says nothing of a token; this is not.
        let _: serde_json::Value = self.http().get("/version").await?;
        self.http().get("/session").await
    }

    /// Asks to be let in; `name` is what a person is shown.
    pub async fn device(&self, name: &str) -> Result<Device> {
        self.http().send(Method::POST, "/device", &BTreeMap::from([("name", name)])).await
    }

    /// Asks what became of it.
    pub async fn poll(&self, device: &Device) -> Result<Polled> {
        #[derive(Deserialize)]
        struct In {
            token: Secret,
            user: serde_json::Value,
        }
        let body = BTreeMap::from([("device_code", &device.device_code)]);
        match self.http().send::<In>(Method::POST, "/device/token", &body).await {
            Ok(answer) => Ok(Polled::In { token: answer.token, user: user_name(&answer.user) }),
            Err(ClientError::Problem(problem)) => match problem.kind.rsplit('/').next() {
                Some("authorization-pending") => Ok(Polled::Pending),
                Some("slow-down") => Ok(Polled::SlowDown),
                Some("expired" | "refused" | "access-denied") => Ok(Polled::Expired(problem.to_string())),
                _ => Err(ClientError::Problem(problem)),
            },
            Err(error) => Err(error),
        }
    }

    /// The workers of each kind at each site, and the allocations they are in.
    pub async fn pools(&self) -> Result<Vec<crate::PoolShape>> {
        self.http().get("/pools").await
    }

    pub async fn tokens(&self) -> Result<Vec<TokenRow>> {
        self.http().get("/tokens").await
    }

    pub async fn create_token(&self, new: &NewToken<'_>) -> Result<TokenRow> {
        self.http().send(Method::POST, "/tokens", new).await
    }

    /// Makes a token with which workers come in.
    pub async fn create_worker_token(
        &self,
        name: &str,
        project: Option<&str>,
        expires_hours: u32,
    ) -> Result<WorkerTokenRow> {
        let mut wanted = serde_json::json!({ "name": name, "expires_hours": expires_hours });
        if let Some(project) = project {
            wanted["project"] = project.into();
        }
        self.http().send(Method::POST, "/workers/tokens", &wanted).await
    }

    /// The tokens with which workers come in.
    pub async fn worker_tokens(&self) -> Result<Vec<WorkerTokenRow>> {
        self.http().get("/workers/tokens").await
    }

    /// Ends one, and lets those go who came with it.
    pub async fn revoke_worker_token(&self, id: i64) -> Result<()> {
        self.http().act(Method::DELETE, &format!("/workers/tokens/{id}")).await
    }

    pub async fn revoke_token(&self, id: &str) -> Result<()> {
        self.http().act(Method::DELETE, &format!("/tokens/{}", segment(id))).await
    }
}

/// A user by name, or as an object that has one.
fn user_name(user: &serde_json::Value) -> Option<String> {
    user.as_str().or_else(|| user.get("name")?.as_str()).map(str::to_owned)
}
