//! One-time links.

use super::{USERS, ends, refuses, sessions, users, word};
use crate::clock::now;
use crate::people::sql;
use crate::people::types::{Fresh, Hashed, Link, NewUser, Purpose, Source, User, UserId, Welcome};
use crate::session::{Session, cells};
use crate::{Result, StoreError};
use paramo_model::Timestamp;

pub async fn offer_first_administrator(session: &mut Session<'_>, link: &Fresh) -> Result<bool> {
    session.claim(USERS.to_owned()).await?;
    if users::any(session).await? {
        return Ok(false);
    }
    session.execute(sql::CLEAR_FIRST_LINKS, cells![]).await?;
    insert(session, Purpose::FirstAdministrator, None, link).await?;
    Ok(true)
}

pub async fn create(session: &mut Session<'_>, id: UserId, purpose: Purpose, link: &Fresh) -> Result<()> {
    if purpose == Purpose::FirstAdministrator {
        return Err(refuses("a link for the first administrator is of no user"));
    }
    users::of_here(&users::get(session, id).await?)?;
    session.execute(sql::CLEAR_LINKS_FOR, cells![id.0, purpose.word()]).await?;
    insert(session, purpose, Some(id), link).await
}

async fn insert(
    session: &mut Session<'_>,
    purpose: Purpose,
    user: Option<UserId>,
    link: &Fresh,
) -> Result<()> {
    let now = now();
    let cells = cells![&link.hash, purpose.word(), user.map(|user| user.0), now.0, ends(link, now)];
    session.execute(sql::INSERT_LINK, cells).await.map(|_| ())
}

pub async fn get(session: &mut Session<'_>, hash: &Hashed) -> Result<Option<Link>> {
    let row: Option<(String, Option<i64>, i64, Option<i64>)> =
        session.optional(sql::LINK, cells![hash, now().0]).await?;
    let Some((purpose, user, created, expires)) = row else { return Ok(None) };
    let purpose = word(session, Purpose::of_word(&purpose), "purpose of links", &purpose)?;
    let user = match user {
        None if users::any(session).await? => return Ok(None),
        None => None,
        Some(id) => match users::get(session, UserId(id)).await? {
            user if user.disabled => return Ok(None),
            user => Some(user),
        },
    };
    Ok(Some(Link { purpose, user, created: Timestamp(created), expires: expires.map(Timestamp) }))
}

pub async fn follow(
    session: &mut Session<'_>,
    hash: &Hashed,
    welcome: &Welcome,
    fresh: &Fresh,
) -> Result<User> {
    session.claim(USERS.to_owned()).await?;
    let spent =
        || StoreError::Missing { what: "such link: it was used, has expired, or was replaced".to_owned() };
    let link = get(session, hash).await?.ok_or_else(spent)?;
    // Of several at once, one finds it unused.
    let used: Option<(String, Option<i64>)> = session.optional(sql::USE_LINK, cells![hash, now().0]).await?;
    used.ok_or_else(spent)?;
    let id = match link.user {
        None => first_administrator(session, welcome).await?,
        Some(mut user) => {
            session.execute(sql::SET_PASSWORD, cells![user.id.0, welcome.password.as_str()]).await?;
            session.execute(sql::CLEAR_LINKS, cells![user.id.0]).await?;
            sessions::end_all(session, user.id, None).await?;
            if let Some(display_name) = &welcome.display_name {
                user.display_name.clone_from(display_name);
                users::update(session, &user).await?;
            }
            user.id
        }
    };
    users::sign_in(session, id, fresh).await
}

async fn first_administrator(session: &mut Session<'_>, welcome: &Welcome) -> Result<UserId> {
    let name = welcome.name.clone().ok_or_else(|| refuses("the first administrator needs a name"))?;
    let new = NewUser {
        display_name: welcome.display_name.clone().unwrap_or_else(|| name.clone()),
        name,
        email: None,
        administrator: true,
        password: Some(welcome.password.clone()),
    };
    users::insert(session, &new, Source::Local, None).await
}
