//! Changes that are made exactly once, though the connection may break while their end is being told.
//!
//! A transaction has a number in the database. When nobody answered its COMMIT, the database is asked by that number whether it came
//! through: then what it found stands, else it is carried out again.

use super::{Patience, PostgresStore};
use crate::session::{Session, cells};
use crate::{Result, StoreError, sql};

/// Carries out a change in a transaction of its own, so that it takes place once. A macro because the change borrows the session across
/// its waits.
macro_rules! once {
    ($store:expr, |$session:ident| $work:expr) => {{
        let mut patience = Patience::new();
        loop {
            let result = async {
                let mut transaction = $store.pool.begin().await.map_err(|error| $store.failed(error))?;
                let $session = &mut Session::postgres(&mut transaction, &$store.at);
                let value = $work.await?;
                let number = $crate::postgres::once::number($session).await?;
                Ok((value, number, transaction.commit().await))
            };
            match result.await {
                Err(error) => patience.over(error).await?,
                Ok((value, _, Ok(()))) => break Result::Ok(value),
                Ok((value, number, Err(error))) => {
                    patience.over($store.failed(error)).await?;
                    if $store.came_through(number, &mut patience).await? {
                        break Result::Ok(value);
                    }
                }
            }
        }
    }};
}
pub(super) use once;

/// The number of this transaction; none when it has changed nothing.
pub async fn number(session: &mut Session<'_>) -> Result<Option<String>> {
    let row: Option<(Option<String>,)> = session.optional(sql::TRANSACTION, cells![]).await?;
    Ok(row.and_then(|row| row.0))
}

impl PostgresStore {
    /// Whether a transaction of which no end was told came through after all. Waits while it is still on its way.
    pub(super) async fn came_through(&self, number: Option<String>, patience: &mut Patience) -> Result<bool> {
        let Some(number) = number else { return Ok(true) };
        loop {
            match self.fate(&number).await {
                Ok(fate) if fate == "committed" => return Ok(true),
                Ok(fate) if fate == "aborted" => return Ok(false),
                Ok(_) => {
                    let why = "it does not say whether a change came through".to_owned();
                    patience.over(StoreError::Unreachable { file: self.at.to_path_buf(), why }).await?;
                }
                Err(error) => patience.over(error).await?,
            }
        }
    }

    async fn fate(&self, number: &str) -> Result<String> {
        let mut connection = self.pool.acquire().await.map_err(|error| self.failed(error))?;
        let session = &mut Session::postgres(&mut connection, &self.at);
        let row: Option<(Option<String>,)> = session.optional(sql::FATE, cells![number]).await?;
        Ok(row.and_then(|row| row.0).unwrap_or_default())
    }
}
