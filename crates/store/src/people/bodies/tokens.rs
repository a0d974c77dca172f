//! Tokens of the API.

use super::{ends, made, met, missing, users, word};
use crate::clock::now;
use crate::people::sql;
use crate::people::types::{Hashed, NewToken, Scope, Token, TokenUse, UserId};
use crate::session::{Session, cells};
use crate::{Result, project};
use paramo_model::Timestamp;

/// id, user, name, scopes, project, created, expires, used.
type Cells = (i64, i64, String, String, Option<String>, i64, Option<i64>, Option<i64>);

fn token(session: &Session<'_>, cells: Cells) -> Result<(UserId, Token)> {
    let (id, user, name, scopes, project, created, expires, used) = cells;
    let scope = |text| word(session, Scope::of_word(text), "scope of tokens", text);
    let token = Token {
        id,
        name,
        scopes: scopes.split_ascii_whitespace().map(scope).collect::<Result<Vec<Scope>>>()?,
        project: project.map(|name| project::read_name(&name, session.at())).transpose()?,
        created: Timestamp(created),
        expires: expires.map(Timestamp),
        used: used.map(Timestamp),
    };
    Ok((UserId(user), token))
}

pub async fn create(session: &mut Session<'_>, new: &NewToken) -> Result<Token> {
    users::get(session, new.user).await?;
    if let Some(name) = &new.project
        && !project::exists(session, name.as_str()).await?
    {
        return Err(missing("project", name));
    }
    let now = now();
    let scopes: Vec<&str> = new.scopes.iter().map(|scope| scope.word()).collect();
    let expires = ends(&new.fresh, now);
    let cells = cells![
        &new.fresh.hash,
        new.user.0,
        new.name.as_str(),
        scopes.join(" "),
        new.project.as_ref().map(ToString::to_string),
        now.0,
        expires,
    ];
    let row = session.optional(sql::INSERT_TOKEN, cells).await?;
    Ok(Token {
        id: made(session, row)?,
        name: new.name.clone(),
        scopes: new.scopes.clone(),
        project: new.project.clone(),
        created: now,
        expires: expires.map(Timestamp),
        used: None,
    })
}

pub async fn of_user(session: &mut Session<'_>, user: UserId) -> Result<Vec<Token>> {
    let rows: Vec<Cells> = session.all(sql::TOKENS, cells![user.0]).await?;
    rows.into_iter().map(|row| token(session, row).map(|(_, token)| token)).collect()
}

pub async fn has_lapsed(session: &mut Session<'_>, hash: &Hashed) -> Result<bool> {
    let row: Option<(i64,)> = session.optional(sql::LAPSED, cells![hash, now().0]).await?;
    Ok(row.is_some_and(|(count,)| count > 0))
}

pub async fn get(session: &mut Session<'_>, hash: &Hashed) -> Result<Option<TokenUse>> {
    let row: Option<Cells> = session.optional(sql::TOKEN, cells![hash, now().0]).await?;
    let Some(row) = row else { return Ok(None) };
    let (user, token) = token(session, row)?;
    let user = users::get(session, user).await?;
    Ok(if user.disabled { None } else { Some(TokenUse { token, user }) })
}

pub async fn touch(session: &mut Session<'_>, id: i64) -> Result<()> {
    session.execute(sql::TOUCH_TOKEN, cells![id, now().0]).await.map(|_| ())
}

pub async fn delete(session: &mut Session<'_>, user: UserId, id: i64) -> Result<()> {
    let rows = session.execute(sql::DELETE_TOKEN, cells![user.0, id]).await?;
    met(rows, || missing("token", id))
}
