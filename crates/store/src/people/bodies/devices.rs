//! Logins of devices, such as a terminal on a machine without a browser.

use super::{ends, exists, missing, tokens, users, word};
use crate::Result;
use crate::clock::now;
use crate::people::sql;
use crate::people::types::{
    Device, DeviceAnswer, DeviceState, Fresh, Hashed, NewDevice, NewToken, Scope, TokenUse, UserId,
};
use crate::session::{Session, cells};
use paramo_model::Timestamp;

pub async fn create(session: &mut Session<'_>, new: &NewDevice) -> Result<Device> {
    let now = now();
    session.execute(sql::CLEAR_DEVICE, cells![new.user_code.as_str(), now.0]).await?;
    let expires = ends(&new.fresh, now);
    let cells = cells![&new.fresh.hash, new.user_code.as_str(), new.name.as_str(), now.0, expires];
    if session.execute(sql::INSERT_DEVICE, cells).await? == 0 {
        return Err(exists("device login", &new.user_code));
    }
    Ok(Device {
        name: new.name.clone(),
        user_code: new.user_code.clone(),
        created: now,
        expires: expires.map(Timestamp),
        state: DeviceState::Waiting,
    })
}

pub async fn get(session: &mut Session<'_>, user_code: &str) -> Result<Option<Device>> {
    let row: Option<(String, String, i64, Option<i64>, String)> =
        session.optional(sql::DEVICE, cells![user_code, now().0]).await?;
    let Some((name, user_code, created, expires, state)) = row else { return Ok(None) };
    let state = word(session, DeviceState::of_word(&state), "state of device logins", &state)?;
    let expires = expires.map(Timestamp);
    Ok(Some(Device { name, user_code, created: Timestamp(created), expires, state }))
}

pub async fn answer(session: &mut Session<'_>, user_code: &str, user: UserId, approve: bool) -> Result<()> {
    users::get(session, user).await?;
    let state = if approve { DeviceState::Approved } else { DeviceState::Refused };
    let cells = cells![user_code, now().0, state.word(), user.0];
    match session.execute(sql::ANSWER_DEVICE, cells).await? {
        0 => Err(missing("waiting device login", user_code)),
        _ => Ok(()),
    }
}

pub async fn take(
    session: &mut Session<'_>,
    hash: &Hashed,
    scopes: &[Scope],
    fresh: &Fresh,
) -> Result<DeviceAnswer> {
    let taken: Option<(Option<i64>, String)> =
        session.optional(sql::TAKE_DEVICE, cells![hash, now().0]).await?;
    let Some((user, name)) = taken else {
        let state: Option<(String,)> = session.optional(sql::DEVICE_STATE, cells![hash, now().0]).await?;
        let waits = state.is_some_and(|(state,)| state == DeviceState::Waiting.word());
        return Ok(if waits { DeviceAnswer::Pending } else { DeviceAnswer::Over });
    };
    let user = match user {
        Some(id) => users::optional(session, UserId(id)).await?,
        None => None,
    };
    let Some(user) = user.filter(|user| !user.disabled) else { return Ok(DeviceAnswer::Over) };
    let new = NewToken { user: user.id, name, scopes: scopes.to_vec(), project: None, fresh: *fresh };
    let token = tokens::create(session, &new).await?;
    Ok(DeviceAnswer::Granted(Box::new(TokenUse { token, user })))
}
