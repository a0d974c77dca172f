//! Users.

use std::collections::BTreeSet;

use super::{USERS, ends, exists, links, met, missing, refuses, sessions, word};
use crate::Result;
use crate::clock::now;
use crate::people::sql;
use crate::people::types::{
    ExternalUser, Fresh, Hashed, NewUser, PasswordHash, Purpose, Source, User, UserChange, UserId,
};
use crate::session::{Session, cells};
use paramo_model::Timestamp;

/// id, name, display name, email, source, subject, whether there is a password, administrator, disabled, created, seen.
type Cells = (i64, String, String, Option<String>, String, Option<String>, i64, i64, i64, i64, Option<i64>);

fn user(session: &Session<'_>, cells: Cells) -> Result<User> {
    let (id, name, display_name, email, source, subject, password, administrator, disabled, created, seen) =
        cells;
    Ok(User {
        id: UserId(id),
        name,
        display_name,
        email,
        source: word(session, Source::of_word(&source), "source of users", &source)?,
        subject,
        has_password: password != 0,
        administrator: administrator != 0,
        disabled: disabled != 0,
        created: Timestamp(created),
        seen: seen.map(Timestamp),
    })
}

pub async fn any(session: &mut Session<'_>) -> Result<bool> {
    Ok(session.optional::<(i64,)>(sql::ANY_USER, cells![]).await?.is_some())
}

pub async fn all(session: &mut Session<'_>) -> Result<Vec<User>> {
    let rows = session.all(sql::USERS, cells![]).await?;
    let mut users = rows.into_iter().map(|row| user(session, row)).collect::<Result<Vec<User>>>()?;
    users.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(users)
}

pub async fn optional(session: &mut Session<'_>, id: UserId) -> Result<Option<User>> {
    let row = session.optional(sql::USER, cells![id.0]).await?;
    row.map(|row| user(session, row)).transpose()
}

pub async fn get(session: &mut Session<'_>, id: UserId) -> Result<User> {
    optional(session, id).await?.ok_or_else(|| missing("user", format!("number {}", id.0)))
}

pub async fn named(session: &mut Session<'_>, name: &str) -> Result<Option<User>> {
    let row = session.optional(sql::USER_NAMED, cells![name]).await?;
    row.map(|row| user(session, row)).transpose()
}

pub async fn password(session: &mut Session<'_>, name: &str) -> Result<Option<(User, PasswordHash)>> {
    let Some(user) = named(session, name).await? else { return Ok(None) };
    if user.disabled || user.source != Source::Local {
        return Ok(None);
    }
    let row: Option<(Option<String>,)> = session.optional(sql::PASSWORD, cells![user.id.0]).await?;
    Ok(row.and_then(|row| row.0).map(|phc| (user, PasswordHash::new(phc))))
}

/// Adds a row; nothing when the name or the subject is taken.
pub async fn insert(
    session: &mut Session<'_>,
    new: &NewUser,
    source: Source,
    subject: Option<&str>,
) -> Result<UserId> {
    let password = new.password.as_ref().map(|password| password.as_str().to_owned());
    let cells = cells![
        new.name.as_str(),
        new.display_name.as_str(),
        new.email.clone(),
        source.word(),
        subject.map(str::to_owned),
        password,
        i64::from(new.administrator),
        now().0,
    ];
    let id: Option<(i64,)> = session.optional(sql::INSERT_USER, cells).await?;
    id.map(|id| UserId(id.0)).ok_or_else(|| exists("user", &new.name))
}

pub async fn create(session: &mut Session<'_>, new: &NewUser, link: Option<&Fresh>) -> Result<User> {
    session.claim(USERS.to_owned()).await?;
    let id = insert(session, new, Source::Local, None).await?;
    if let Some(link) = link {
        links::create(session, id, Purpose::Invitation, link).await?;
    }
    get(session, id).await
}

pub async fn change(session: &mut Session<'_>, id: UserId, change: &UserChange) -> Result<User> {
    session.claim(USERS.to_owned()).await?;
    let before = get(session, id).await?;
    let mut user = before.clone();
    let UserChange { display_name, email, administrator, disabled } = change.clone();
    user.display_name = display_name.unwrap_or(user.display_name);
    user.email = email.unwrap_or(user.email);
    user.administrator = administrator.unwrap_or(user.administrator);
    user.disabled = disabled.unwrap_or(user.disabled);
    if !user.administrator || user.disabled {
        another_administrator(session, &before).await?;
    }
    update(session, &user).await?;
    if user.disabled {
        sessions::end_all(session, id, None).await?;
    }
    Ok(user)
}

pub async fn update(session: &mut Session<'_>, user: &User) -> Result<()> {
    let cells = cells![
        user.id.0,
        user.display_name.as_str(),
        user.email.clone(),
        i64::from(user.administrator),
        i64::from(user.disabled),
    ];
    let rows = session.execute(sql::UPDATE_USER, cells).await?;
    met(rows, || missing("user", &user.name))
}

/// There must be an administrator who may come in when this user is none any more.
async fn another_administrator(session: &mut Session<'_>, user: &User) -> Result<()> {
    if !user.administrator || user.disabled {
        return Ok(());
    }
    let other: Option<(i64,)> = session.optional(sql::OTHER_ADMINISTRATOR, cells![user.id.0]).await?;
    match other {
        Some(_) => Ok(()),
        None => Err(refuses(format!(
            "`{}` is the last administrator; make another user an administrator first",
            user.name
        ))),
    }
}

pub async fn set_password(
    session: &mut Session<'_>,
    id: UserId,
    password: &PasswordHash,
    keep: Option<&Hashed>,
) -> Result<()> {
    let user = get(session, id).await?;
    of_here(&user)?;
    session.execute(sql::SET_PASSWORD, cells![id.0, password.as_str()]).await?;
    session.execute(sql::CLEAR_LINKS, cells![id.0]).await?;
    sessions::end_all(session, id, keep).await
}

/// Only local users have passwords here.
pub fn of_here(user: &User) -> Result<()> {
    match user.source {
        Source::Local => Ok(()),
        source => Err(refuses(format!(
            "`{}` signs in through {}; their password is changed there",
            user.name,
            source.word()
        ))),
    }
}

pub async fn delete(session: &mut Session<'_>, id: UserId) -> Result<()> {
    session.claim(USERS.to_owned()).await?;
    let user = get(session, id).await?;
    another_administrator(session, &user).await?;
    session.execute(sql::DELETE_USER, cells![id.0]).await.map(|_| ())
}

pub async fn groups(session: &mut Session<'_>, id: UserId) -> Result<Vec<String>> {
    let rows: Vec<(String,)> = session.all(sql::GROUPS, cells![id.0]).await?;
    let groups: BTreeSet<String> = rows.into_iter().map(|row| row.0).collect();
    Ok(groups.into_iter().collect())
}

async fn set_groups(session: &mut Session<'_>, id: UserId, wanted: &[String]) -> Result<()> {
    let wanted: BTreeSet<&String> = wanted.iter().collect();
    if groups(session, id).await?.iter().eq(wanted.iter().copied()) {
        return Ok(());
    }
    session.execute(sql::CLEAR_GROUPS, cells![id.0]).await?;
    for group in wanted {
        session.execute(sql::INSERT_GROUP, cells![id.0, group.as_str()]).await?;
    }
    Ok(())
}

pub async fn sign_in(session: &mut Session<'_>, id: UserId, fresh: &Fresh) -> Result<User> {
    let mut user = get(session, id).await?;
    if user.disabled {
        return Err(refuses(format!("`{}` is disabled; an administrator can change that", user.name)));
    }
    let now = now();
    let cells = cells![&fresh.hash, id.0, now.0, ends(fresh, now)];
    session.execute(sql::INSERT_SESSION, cells).await?;
    session.execute(sql::SEEN, cells![id.0, now.0]).await?;
    user.seen = Some(now);
    Ok(user)
}

pub async fn sign_in_external(
    session: &mut Session<'_>,
    external: &ExternalUser,
    fresh: &Fresh,
) -> Result<User> {
    if external.source == Source::Local {
        return Err(refuses("a local user signs in with a password"));
    }
    // Two at once that come for the first time are one user.
    session.claim(USERS.to_owned()).await?;
    let key = cells![external.source.word(), external.subject.as_str()];
    let known: Option<Cells> = session.optional(sql::USER_OF_SOURCE, key).await?;
    let id = match known {
        Some(row) => {
            let mut user = user(session, row)?;
            user.display_name = external.display_name.clone();
            user.email = external.email.clone();
            user.administrator = external.administrator.unwrap_or(user.administrator);
            update(session, &user).await?;
            user.id
        }
        None => {
            let new = NewUser {
                name: external.name.clone(),
                display_name: external.display_name.clone(),
                email: external.email.clone(),
                administrator: external.administrator.unwrap_or(false),
                password: None,
            };
            insert(session, &new, external.source, Some(&external.subject)).await?
        }
    };
    set_groups(session, id, &external.groups).await?;
    sign_in(session, id, fresh).await
}
