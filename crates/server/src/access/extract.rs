//! What handlers get of a request that was let through: who asks, and what it is about. They fail closed: what was not looked up for a
//! route is not there.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use paramo_model::Name;
use paramo_store::{Job, Schedule, StudyRow};

use super::caller::{Caller, Sight};
use crate::api::App;
use crate::people::roles::Action;
use crate::problem::{Problem, Result};
use crate::serve::Peer;

/// What was found out of a request.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub caller: Option<Caller>,
    pub project: Option<Name>,
    pub study: Option<StudyRow>,
    pub job: Option<Job>,
    pub schedule: Option<Schedule>,
}

fn asked(parts: &Parts) -> Result<&Asked> {
    parts.extensions.get::<Asked>().ok_or_else(missing)
}

fn missing() -> Problem {
    Problem::internal("this route was not looked up in the table of routes")
}

/// Who asks, on routes for those who are known.
#[derive(Clone, Debug)]
pub struct By(pub Caller);

/// Who asks, if they are known.
#[derive(Clone, Debug)]
pub struct Perhaps(pub Option<Caller>);

/// The study that the path names, which the caller may do to what the route does.
#[derive(Debug)]
pub struct OfStudy(pub StudyRow);

/// The batch job that the path names, as it is remembered.
#[derive(Debug)]
pub struct OfJob(pub Job);

/// The schedule that the path names.
#[derive(Debug)]
pub struct OfSchedule(pub Schedule);

/// The project that the request is about, in which the caller may do what the route does.
#[derive(Clone, Debug)]
pub struct InProject(pub Name);

/// Which projects a list is about: the one that was asked for, or all in which the caller may.
#[derive(Clone, Debug)]
pub struct Among {
    pub caller: Caller,
    /// `?project=`, which the caller may see.
    pub project: Option<Name>,
}

impl Among {
    /// Where an action is allowed, within what was asked for.
    pub fn sight(&self, action: Action) -> Sight {
        match (&self.project, self.caller.sight(action)) {
            (None, sight) => sight,
            (Some(only), sight) if sight.has_project(only) => Sight::Of([only.clone()].into()),
            (Some(_), _) => Sight::Of([].into()),
        }
    }
}

/// Where a request comes from, as far as it matters to those who come in.
#[derive(Clone, Debug)]
pub struct Client {
    /// Of the person, or of the proxy before them when it is not trusted to say it.
    pub address: Option<IpAddr>,
    /// What the request was sent to: `127.0.0.1:8090`.
    pub host: Option<String>,
}

impl FromRequestParts<App> for Client {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        app: &App,
    ) -> std::result::Result<Client, Self::Rejection> {
        let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        // The last one is what our own proxy saw; those before it are what it was told.
        let forwarded = text("x-forwarded-for").and_then(|all| all.rsplit(',').next()?.trim().parse().ok());
        let forwarded = forwarded.filter(|_| app.people.trusts_proxy());
        let peer = parts.extensions.get::<Peer>().map(|Peer(address)| *address);
        let plain = |host: &&str| host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b));
        let host = text("host").filter(plain).map(str::to_owned);
        Ok(Client { address: forwarded.or(peer), host })
    }
}

impl<S: Sync> FromRequestParts<S> for By {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<By> {
        asked(parts)?.caller.clone().map(By).ok_or_else(missing)
    }
}

impl<S: Sync> FromRequestParts<S> for Perhaps {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Perhaps> {
        Ok(Perhaps(asked(parts)?.caller.clone()))
    }
}

impl<S: Sync> FromRequestParts<S> for OfStudy {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<OfStudy> {
        // It may be large, and is asked for once.
        let asked = parts.extensions.get_mut::<Asked>().ok_or_else(missing)?;
        asked.study.take().map(OfStudy).ok_or_else(missing)
    }
}

impl<S: Sync> FromRequestParts<S> for OfJob {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<OfJob> {
        asked(parts)?.job.clone().map(OfJob).ok_or_else(missing)
    }
}

impl<S: Sync> FromRequestParts<S> for OfSchedule {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<OfSchedule> {
        asked(parts)?.schedule.clone().map(OfSchedule).ok_or_else(missing)
    }
}

impl<S: Sync> FromRequestParts<S> for InProject {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<InProject> {
        asked(parts)?.project.clone().map(InProject).ok_or_else(missing)
    }
}

impl<S: Sync> FromRequestParts<S> for Among {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Among> {
        let asked = asked(parts)?;
        let caller = asked.caller.clone().ok_or_else(missing)?;
        Ok(Among { caller, project: asked.project.clone() })
    }
}
