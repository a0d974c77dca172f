//! Sessions.

use super::users;
use crate::Result;
use crate::clock::now;
use crate::people::sql;
use crate::people::types::{Hashed, SignedIn, UserId};
use crate::session::{Session, cells};
use paramo_model::Timestamp;

pub async fn get(session: &mut Session<'_>, hash: &Hashed) -> Result<Option<SignedIn>> {
    let row: Option<(i64, i64, Option<i64>, i64)> =
        session.optional(sql::SESSION, cells![hash, now().0]).await?;
    let Some((user, created, expires, used)) = row else { return Ok(None) };
    let user = users::get(session, UserId(user)).await?;
    let (created, used) = (Timestamp(created), Timestamp(used));
    let signed_in = SignedIn { user, created, expires: expires.map(Timestamp), used };
    Ok(Some(signed_in).filter(|signed_in| !signed_in.user.disabled))
}

pub async fn touch(session: &mut Session<'_>, hash: &Hashed) -> Result<()> {
    session.execute(sql::TOUCH_SESSION, cells![hash, now().0]).await.map(|_| ())
}

pub async fn end(session: &mut Session<'_>, hash: &Hashed) -> Result<()> {
    session.execute(sql::END_SESSION, cells![hash]).await.map(|_| ())
}

/// Ends the sessions of a user but for one.
pub async fn end_all(session: &mut Session<'_>, user: UserId, keep: Option<&Hashed>) -> Result<()> {
    let keep = keep.map_or_else(Vec::new, |hash| hash.0.to_vec());
    session.execute(sql::END_SESSIONS, cells![user.0, keep]).await.map(|_| ())
}
