//! Who has which role in a project, by themselves or through a group.

use std::collections::BTreeMap;

use super::{met, missing, users, word};
use crate::people::sql;
use crate::people::types::{Member, Role, UserId, Who};
use crate::session::{Session, cells};
use crate::{Result, project};
use paramo_model::Name;

fn role(session: &Session<'_>, text: &str) -> Result<Role> {
    word(session, Role::of_word(text), "role", text)
}

async fn must_exist(session: &mut Session<'_>, project: &str) -> Result<()> {
    if project::exists(session, project).await? { Ok(()) } else { Err(missing("project", project)) }
}

pub async fn all(session: &mut Session<'_>, project: &str) -> Result<Vec<Member>> {
    must_exist(session, project).await?;
    let mut users: Vec<(String, String, String)> = session.all(sql::MEMBERS, cells![project]).await?;
    let mut groups: Vec<(String, String)> = session.all(sql::MEMBER_GROUPS, cells![project]).await?;
    users.sort();
    groups.sort();
    let mut members = Vec::with_capacity(users.len() + groups.len());
    for (name, display_name, held) in users {
        members.push(Member { who: Who::User { name, display_name }, role: role(session, &held)? });
    }
    for (name, held) in groups {
        members.push(Member { who: Who::Group { name }, role: role(session, &held)? });
    }
    Ok(members)
}

pub async fn set(session: &mut Session<'_>, project: &str, user: UserId, role: Role) -> Result<()> {
    must_exist(session, project).await?;
    users::get(session, user).await?;
    session.execute(sql::SET_MEMBER, cells![project, user.0, role.word()]).await.map(|_| ())
}

pub async fn remove(session: &mut Session<'_>, project: &str, user: UserId) -> Result<()> {
    let rows = session.execute(sql::REMOVE_MEMBER, cells![project, user.0]).await?;
    met(rows, || missing("member", format!("number {}", user.0)))
}

pub async fn set_group(session: &mut Session<'_>, project: &str, group: &str, role: Role) -> Result<()> {
    must_exist(session, project).await?;
    session.execute(sql::SET_MEMBER_GROUP, cells![project, group, role.word()]).await.map(|_| ())
}

pub async fn remove_group(session: &mut Session<'_>, project: &str, group: &str) -> Result<()> {
    let rows = session.execute(sql::REMOVE_MEMBER_GROUP, cells![project, group]).await?;
    met(rows, || missing("group", group))
}

pub async fn roles(session: &mut Session<'_>, user: UserId) -> Result<Vec<(Name, Role)>> {
    let rows: Vec<(String, String)> = session.all(sql::ROLES, cells![user.0]).await?;
    let mut highest: BTreeMap<Name, Role> = BTreeMap::new();
    for (name, held) in rows {
        let held = role(session, &held)?;
        let name = project::read_name(&name, session.at())?;
        highest.entry(name).and_modify(|known| *known = held.max(*known)).or_insert(held);
    }
    Ok(highest.into_iter().collect())
}
