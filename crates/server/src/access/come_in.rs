//! From what a request carries to who sends it.

use axum::http::HeaderMap;
use paramo_store::StoreError;

use super::browser::{self, From};
use super::caller::{Caller, Credential, Person};
use crate::people::{Service, code};

/// What tokens of the API begin with, so that people and programs that look for lost secrets know them.
pub const TOKEN: &str = "prm_";
/// The same for links to a study.
pub const SHARED: &str = "shr_";
/// The same for tokens of workers.
pub const WORKER: &str = "prw_";

/// Who sends a request.
#[derive(Debug)]
pub enum Known {
    Yes(Caller),
    /// Nothing was shown, or nothing that is good (any more).
    No,
    /// A cookie came along with a request that a page of somebody else made.
    Forged(Caller),
}

/// Who sends a request. `changes`: whether it changes something, so that a cookie is not enough.
pub async fn known(service: &Service, headers: &HeaderMap, changes: bool) -> Result<Known, StoreError> {
    // What a program shows counts before what a browser sends along.
    if let Some(token) = browser::bearer(headers) {
        return Ok(of_bearer(service, token).await?.map_or(Known::No, Known::Yes));
    }
    let Some(caller) = of_cookie(service, headers).await? else { return Ok(Known::No) };
    let origin = service.public_url().map(|url| url.origin.as_str());
    match changes && browser::from(headers, origin) != From::Ours {
        true => Ok(Known::Forged(caller)),
        false => Ok(Known::Yes(caller)),
    }
}

async fn of_bearer(service: &Service, token: &str) -> Result<Option<Caller>, StoreError> {
    if service.owner().is_some_and(|owner| owner.is(token)) {
        return Ok(Some(Caller::Owner));
    }
    if token.starts_with(SHARED) {
        let share = service.store().share(&code::hash(token)).await?;
        return Ok(share.map(|share| Caller::Share { study: share.study }));
    }
    if token.starts_with(WORKER) {
        let hash = code::hash(token);
        let found = service.store().worker_token(&hash).await?;
        return Ok(found.map(|found| Caller::Worker(Box::new(found), hash)));
    }
    if !token.starts_with(TOKEN) || service.is_embedded() {
        return Ok(None);
    }
    let Some(found) = service.store().token_use(&code::hash(token)).await? else { return Ok(None) };
    let roles = service.store().roles(found.user.id).await?.into_iter().collect();
    let by = Credential::Token(found.token);
    Ok(Some(Caller::User(Box::new(Person { user: found.user, roles, by }))))
}

async fn of_cookie(service: &Service, headers: &HeaderMap) -> Result<Option<Caller>, StoreError> {
    if service.is_embedded() {
        let owner = browser::cookie(headers, browser::OWNER);
        let is_owner = |token| service.owner().is_some_and(|owner| owner.is(token));
        if owner.is_some_and(is_owner) {
            return Ok(Some(Caller::Owner));
        }
    } else if let Some(session) = browser::cookie(headers, browser::SESSION) {
        let hash = code::hash(session);
        if let Some(found) = service.store().session(&hash).await? {
            let roles = service.store().roles(found.user.id).await?.into_iter().collect();
            let by = Credential::Session(hash);
            return Ok(Some(Caller::User(Box::new(Person { user: found.user, roles, by }))));
        }
    }
    // Somebody who has an account here sees what it sees; a share counts for those who have none.
    shared(service, headers).await
}

/// Whoever was shown a study by a link.
pub async fn shared(service: &Service, headers: &HeaderMap) -> Result<Option<Caller>, StoreError> {
    let Some(share) = browser::cookie(headers, browser::SHARE) else { return Ok(None) };
    let share = service.store().share(&code::hash(share)).await?;
    Ok(share.map(|share| Caller::Share { study: share.study }))
}

/// Whether what somebody shows was good until it expired.
pub async fn has_lapsed(service: &Service, headers: &HeaderMap) -> Result<bool, StoreError> {
    let mut shown = Vec::from_iter(browser::bearer(headers));
    shown.extend(browser::cookie(headers, browser::SESSION));
    shown.extend(browser::cookie(headers, browser::SHARE));
    for code in shown {
        if service.store().has_lapsed(&code::hash(code)).await? {
            return Ok(true);
        }
    }
    Ok(false)
}
