//! Which action each route is, and whose the thing is that it is done to. A route that is not here is refused; a test compares this
//! table with the OpenAPI document.

use axum::http::Method;

use super::roles::Action;

/// Where the project of a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// The study that `{study}` names.
    Study,
    /// The batch job that `{job}` names.
    Job,
    /// The schedule that `{schedule}` names.
    Schedule,
    /// The project that `{project}` names.
    Project,
    /// `?project=`; all that the caller sees when it is not given.
    Query,
    /// `project` in the body, or `default`.
    Body,
    /// None: the server itself. The handler shows no more than the caller sees.
    Server,
}

/// Who may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Those whose role allows the action.
    Needs(Action, Of),
    /// Everybody, known or not; the word is for the audit trail.
    Open(&'static str),
    /// Everybody who is known; the word is for the audit trail.
    Known(&'static str),
    /// Workers, and whoever started the server; the word is for the audit trail.
    Work(&'static str),
}

/// A line of the table.
#[derive(Debug)]
pub struct Route {
    pub method: &'static str,
    /// As axum and OpenAPI write it.
    pub path: &'static str,
    pub guard: Guard,
}

const fn needs(method: &'static str, path: &'static str, action: Action, of: Of) -> Route {
    Route { method, path, guard: Guard::Needs(action, of) }
}

const fn open(method: &'static str, path: &'static str, word: &'static str) -> Route {
    Route { method, path, guard: Guard::Open(word) }
}

const fn known(method: &'static str, path: &'static str, word: &'static str) -> Route {
    Route { method, path, guard: Guard::Known(word) }
}

const fn work(method: &'static str, path: &'static str, word: &'static str) -> Route {
    Route { method, path, guard: Guard::Work(word) }
}

use Action::*;
use Of::{Body, Job, Project, Query, Schedule, Server, Study};

/// The table.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    // the session, and what leads to one
    open("GET", "/api/v1/session", "session.read"),
    open("POST", "/api/v1/session", "session.open"),
    open("DELETE", "/api/v1/session", "session.close"),
    open("GET", "/api/v1/session/oidc", "session.open"),
    open("GET", "/api/v1/session/oidc/callback", "session.open"),
    known("PUT", "/api/v1/session/password", "session.password"),
    open("GET", "/api/v1/welcome/{code}", "welcome.read"),
    open("POST", "/api/v1/welcome/{code}", "welcome.use"),
    open("POST", "/api/v1/device", "device.ask"),
    open("POST", "/api/v1/device/token", "device.take"),
    known("GET", "/api/v1/device/{user_code}", "device.read"),
    known("POST", "/api/v1/device/{user_code}", "device.answer"),
    open("GET", "/share/{token}", "share.use"),
    // people
    needs("GET", "/api/v1/users", UserManage, Server),
    needs("POST", "/api/v1/users", UserManage, Server),
    needs("GET", "/api/v1/users/{user}", UserManage, Server),
    needs("PATCH", "/api/v1/users/{user}", UserManage, Server),
    needs("DELETE", "/api/v1/users/{user}", UserManage, Server),
    needs("POST", "/api/v1/users/{user}/invitation", UserManage, Server),
    needs("GET", "/api/v1/tokens", TokenOwn, Server),
    needs("POST", "/api/v1/tokens", TokenOwn, Server),
    needs("DELETE", "/api/v1/tokens/{id}", TokenOwn, Server),
    needs("GET", "/api/v1/audit", AuditRead, Query),
    needs("GET", "/api/v1/roles", SystemRead, Server),
    // projects
    needs("GET", "/api/v1/projects", ProjectRead, Query),
    needs("POST", "/api/v1/projects", ProjectCreate, Server),
    needs("GET", "/api/v1/projects/{project}", ProjectRead, Project),
    needs("PATCH", "/api/v1/projects/{project}", ProjectManage, Project),
    needs("DELETE", "/api/v1/projects/{project}", ProjectDelete, Project),
    needs("PUT", "/api/v1/projects/{project}/quota", ProjectQuota, Project),
    needs("GET", "/api/v1/projects/{project}/members", ProjectRead, Project),
    needs("PUT", "/api/v1/projects/{project}/members/{user}", ProjectManage, Project),
    needs("DELETE", "/api/v1/projects/{project}/members/{user}", ProjectManage, Project),
    needs("PUT", "/api/v1/projects/{project}/groups/{group}", ProjectManage, Project),
    needs("DELETE", "/api/v1/projects/{project}/groups/{group}", ProjectManage, Project),
    needs("GET", "/api/v1/projects/{project}/secrets", SecretRead, Project),
    needs("PUT", "/api/v1/projects/{project}/secrets/{name}", SecretWrite, Project),
    needs("DELETE", "/api/v1/projects/{project}/secrets/{name}", SecretWrite, Project),
    // applications
    needs("GET", "/api/v1/applications", ApplicationRead, Query),
    needs("POST", "/api/v1/applications", ApplicationWrite, Body),
    needs("GET", "/api/v1/applications/{project}/{name}", ApplicationRead, Project),
    needs("GET", "/api/v1/applications/{project}/{name}/{version}", ApplicationRead, Project),
    needs("POST", "/api/v1/applications/{project}/{name}/{version}/deprecate", ApplicationWrite, Project),
    needs("DELETE", "/api/v1/applications/{project}/{name}/{version}/deprecate", ApplicationWrite, Project),
    // studies
    needs("GET", "/api/v1/studies", StudyRead, Query),
    needs("POST", "/api/v1/studies", StudyCreate, Body),
    needs("POST", "/api/v1/studies/estimate", StudyCreate, Body),
    needs("GET", "/api/v1/studies/{study}", StudyRead, Study),
    needs("DELETE", "/api/v1/studies/{study}", StudyDelete, Study),
    needs("GET", "/api/v1/studies/{study}/file", StudyRead, Study),
    needs("GET", "/api/v1/studies/{study}/definition", StudyRead, Study),
    needs("GET", "/api/v1/studies/{study}/running", StudyRead, Study),
    needs("GET", "/api/v1/studies/{study}/why", StudyRead, Study),
    needs("GET", "/api/v1/studies/{study}/ended", StudyRead, Study),
    needs("GET", "/api/v1/studies/{study}/batches", StudyRead, Study),
    needs("GET", "/api/v1/studies/{study}/runs/{index}/record", StudyRead, Study),
    needs("POST", "/api/v1/studies/{study}/start", StudyControl, Study),
    needs("POST", "/api/v1/studies/{study}/pause", StudyControl, Study),
    needs("POST", "/api/v1/studies/{study}/resume", StudyControl, Study),
    needs("POST", "/api/v1/studies/{study}/cancel", StudyControl, Study),
    needs("POST", "/api/v1/studies/{study}/retry", StudyControl, Study),
    needs("POST", "/api/v1/studies/{study}/extend", StudyControl, Study),
    needs("PUT", "/api/v1/studies/{study}/slots", StudyControl, Study),
    needs("PUT", "/api/v1/studies/{study}/limits", StudyControl, Study),
    needs("GET", "/api/v1/studies/{study}/shares", StudyShare, Study),
    needs("POST", "/api/v1/studies/{study}/shares", StudyShare, Study),
    needs("DELETE", "/api/v1/studies/{study}/shares/{id}", StudyShare, Study),
    // runs and results
    needs("GET", "/api/v1/studies/{study}/runs", StudyRead, Study),
    needs("GET", "/api/v1/studies/{study}/runs/{index}", StudyRead, Study),
    needs("GET", "/api/v1/studies/{study}/runs/{index}/files", StudyRead, Study),
    needs("GET", "/api/v1/studies/{study}/runs/{index}/files/{name}", StudyRead, Study),
    needs("GET", "/api/v1/studies/{study}/runs/{index}/{stream}", StudyRead, Study),
    needs("GET", "/api/v1/studies/{study}/results", StudyRead, Study),
    needs("GET", "/api/v1/studies/{study}/aggregate", StudyRead, Study),
    needs("GET", "/api/v1/studies/{study}/plot/{kind}", StudyRead, Study),
    // batch jobs
    needs("GET", "/api/v1/jobs", JobRead, Query),
    needs("POST", "/api/v1/jobs", JobSubmit, Body),
    needs("GET", "/api/v1/jobs/{job}", JobRead, Job),
    needs("DELETE", "/api/v1/jobs/{job}", JobControl, Job),
    needs("POST", "/api/v1/jobs/{job}/cancel", JobControl, Job),
    needs("GET", "/api/v1/jobs/{job}/output", JobRead, Job),
    needs("GET", "/api/v1/jobs/{job}/files", JobRead, Job),
    needs("GET", "/api/v1/jobs/{job}/files/{name}", JobRead, Job),
    needs("GET", "/api/v1/schedules", JobRead, Query),
    needs("POST", "/api/v1/schedules", JobSubmit, Body),
    needs("DELETE", "/api/v1/schedules/{schedule}", JobControl, Schedule),
    // where
    needs("GET", "/api/v1/workers", SiteRead, Server),
    work("GET", "/api/v1/workers/connect", "worker.connect"),
    needs("GET", "/api/v1/workers/tokens", WorkerManage, Server),
    needs("POST", "/api/v1/workers/tokens", WorkerManage, Server),
    needs("DELETE", "/api/v1/workers/tokens/{id}", WorkerManage, Server),
    needs("GET", "/api/v1/sites", SiteRead, Server),
    needs("GET", "/api/v1/pools", SiteRead, Server),
    // the server
    known("GET", "/api/v1/events", "system.read"),
    needs("GET", "/api/v1/version", SystemRead, Server),
    needs("GET", "/api/v1/health", SystemRead, Server),
    needs("GET", "/api/v1/openapi.json", SystemRead, Server),
    needs("GET", "/api/docs", SystemRead, Server),
    needs("GET", "/api/docs/", SystemRead, Server),
    needs("GET", "/api/docs/{file}", SystemRead, Server),
];

/// What a route is.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    Guard(Guard),
    /// The path is known with these methods.
    Method(Vec<&'static str>),
    Nothing,
}

/// Looks a route up. `HEAD` is answered as `GET` is.
pub fn find(method: &Method, path: &str) -> Found {
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    let mut others = Vec::new();
    for route in ROUTES.iter().filter(|route| route.path == path) {
        if route.method == method {
            return Found::Guard(route.guard);
        }
        others.push(route.method);
    }
    if others.is_empty() { Found::Nothing } else { Found::Method(others) }
}

/// Whether a request changes something, so that it is written down.
pub fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Whether a request is written into the audit trail: those that change something. An estimate is asked for with a body, and changes nothing.
pub fn is_recorded(method: &Method, path: &str) -> bool {
    changes(method) && path != "/api/v1/studies/estimate"
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::people::roles::{RULES, Reach};

    #[test]
    fn no_route_is_listed_twice_and_its_project_can_be_found() {
        let mut seen = BTreeSet::new();
        for Route { method, path, guard } in ROUTES {
            assert!(seen.insert((method, path)), "{method} {path}");
            if let Guard::Needs(_, of) = guard {
                assert_eq!(*of == Study, path.contains("{study}"), "{method} {path}");
                assert_eq!(*of == Job, path.contains("{job}"), "{method} {path}");
                assert_eq!(*of == Schedule, path.contains("{schedule}"), "{method} {path}");
                assert_eq!(*of == Project, path.contains("{project}"), "{method} {path}");
            }
        }
    }

    #[test]
    fn a_route_is_found_by_its_method_and_path() {
        let pause = "/api/v1/studies/{study}/pause";
        assert_eq!(find(&Method::POST, pause), Found::Guard(Guard::Needs(StudyControl, Study)));
        assert_eq!(find(&Method::GET, pause), Found::Method(vec!["POST"]));
        assert_eq!(find(&Method::GET, "/api/v1/nothing"), Found::Nothing);
        let head = find(&Method::HEAD, "/api/v1/studies");
        assert_eq!(head, Found::Guard(Guard::Needs(StudyRead, Query)));
    }

    /// Answered outside of the description: the description itself, its page, and the links that people follow.
    const NOT_DESCRIBED: [&str; 5] =
        ["/api/v1/openapi.json", "/api/docs", "/api/docs/", "/api/docs/{file}", "/share/{token}"];

    #[test]
    fn the_table_and_the_description_have_the_same_routes() {
        let document: serde_json::Value = serde_json::from_str(&crate::openapi()).unwrap();
        let mut described = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys().filter(|key| *key != "parameters") {
                described.insert((method.to_uppercase(), path.clone()));
            }
        }
        let listed: BTreeSet<_> = ROUTES
            .iter()
            .filter(|route| !NOT_DESCRIBED.contains(&route.path))
            .map(|route| (route.method.to_owned(), route.path.to_owned()))
            .collect();
        assert_eq!(described, listed);
        let left_out = ROUTES.iter().filter(|route| NOT_DESCRIBED.contains(&route.path)).count();
        assert_eq!(left_out, NOT_DESCRIBED.len());
    }

    /// An action that no route is could be given to nobody; and a route is of an action only where its project can be found.
    #[test]
    fn every_action_has_a_route_and_is_of_what_its_routes_are() {
        for rule in &RULES {
            let routes: Vec<_> = ROUTES
                .iter()
                .filter_map(|route| match route.guard {
                    Guard::Needs(action, of) if action.rule().name == rule.name => Some((route.path, of)),
                    _ => None,
                })
                .collect();
            assert!(!routes.is_empty(), "no route is {}", rule.name);
            for (path, of) in routes {
                assert_eq!(rule.reach == Reach::Server, of == Server, "{path} is {}", rule.name);
            }
        }
    }
}
