//! The schema and its versions. Versions only go forward; a store made by a newer program is refused.

use std::borrow::Cow;
use std::path::Path;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Connection, SqlSafeStr, SqliteConnection};

use crate::{Result, StoreError, sql};

/// The steps for SQLite, in order: number, name, text. One file each in `migrations/sqlite/`.
pub const SQLITE: &[(i64, &str, &str)] =
    &[(1, "studies_and_batches", include_str!("../migrations/sqlite/0001_studies_and_batches.sql"))];

/// The version that this program reads and writes.
pub const KNOWN: i64 = SQLITE[SQLITE.len() - 1].0;

/// Where a database stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// No tables at all.
    Empty,
    Older(i64),
    Current,
}

pub async fn schema(connection: &mut SqliteConnection, file: &Path) -> Result<Schema> {
    let failed = |error| StoreError::sqlite(file, error);
    let tables: i64 =
        sqlx::query_scalar(sql::COUNT_TABLES).fetch_one(&mut *connection).await.map_err(failed)?;
    if tables == 0 {
        return Ok(Schema::Empty);
    }
    let ours: i64 = sqlx::query_scalar(sql::HAS_SCHEMA).fetch_one(&mut *connection).await.map_err(failed)?;
    if ours == 0 {
        let found = "it is a database with other tables".to_owned();
        return Err(StoreError::NotAStore { file: file.to_owned(), found });
    }
    let version: i64 = sqlx::query_scalar(sql::SCHEMA).fetch_one(&mut *connection).await.map_err(failed)?;
    match version {
        0 => Ok(Schema::Empty),
        KNOWN => Ok(Schema::Current),
        version if version > KNOWN => {
            Err(StoreError::Newer { file: file.to_owned(), found: version, known: KNOWN })
        }
        version => Ok(Schema::Older(version)),
    }
}

/// Brings a database to the newest version. The caller keeps others from doing the same.
pub async fn migrate(connection: &mut SqliteConnection, file: &Path) -> Result<()> {
    let migrations = SQLITE.iter().map(|(version, name, text)| {
        Migration::new(*version, Cow::Borrowed(name), MigrationType::Simple, text.into_sql_str(), false)
    });
    let migrated = Migrator::with_migrations(migrations.collect()).run_direct(None, connection, false).await;
    migrated.map_err(|error| match error {
        sqlx::migrate::MigrateError::Execute(error)
        | sqlx::migrate::MigrateError::ExecuteMigration(error, _) => StoreError::sqlite(file, error),
        error => StoreError::damaged(file, format!("its schema is not what its version says ({error})")),
    })?;
    connection.ping().await.map_err(|error| StoreError::sqlite(file, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_a_step_and_the_steps_have_no_gaps() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let steps: Vec<String> =
            SQLITE.iter().map(|(number, name, _)| format!("{number:04}_{name}.sql")).collect();
        assert_eq!(files, steps);
        assert!(SQLITE.iter().map(|step| step.0).eq(1..=SQLITE.len() as i64));
    }
}
