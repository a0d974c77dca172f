//! The schema and its versions. Versions only go forward; a store made by a newer program is refused. Both engines have the
//! same steps under the same numbers.

use std::borrow::Cow;
use std::path::Path;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{Connection, PgConnection, SqlSafeStr, SqliteConnection};

use crate::{Result, StoreError, sql};

/// The steps for SQLite, in order: number, name, text. One file each in `migrations/sqlite/`.
const SQLITE: &[Step] = &[
    (1, "studies_and_batches", include_str!("../migrations/sqlite/0001_studies_and_batches.sql")),
    (2, "moving", include_str!("../migrations/sqlite/0002_moving.sql")),
    (3, "people", include_str!("../migrations/sqlite/0003_people.sql")),
    (4, "workers", include_str!("../migrations/sqlite/0004_workers.sql")),
    (5, "allocations", include_str!("../migrations/sqlite/0005_allocations.sql")),
    (6, "seats", include_str!("../migrations/sqlite/0006_seats.sql")),
    (7, "whole_allocations", include_str!("../migrations/sqlite/0007_whole_allocations.sql")),
    (8, "jobs", include_str!("../migrations/sqlite/0008_jobs.sql")),
    (9, "schedules", include_str!("../migrations/sqlite/0009_schedules.sql")),
    (10, "arrays", include_str!("../migrations/sqlite/0010_arrays.sql")),
    (11, "jobs_of_projects", include_str!("../migrations/sqlite/0011_jobs_of_projects.sql")),
];

/// The same for PostgreSQL, in `migrations/postgres/`.
const POSTGRES: &[Step] = &[
    (1, "studies_and_batches", include_str!("../migrations/postgres/0001_studies_and_batches.sql")),
    (2, "moving", include_str!("../migrations/postgres/0002_moving.sql")),
    (3, "people", include_str!("../migrations/postgres/0003_people.sql")),
    (4, "workers", include_str!("../migrations/postgres/0004_workers.sql")),
    (5, "allocations", include_str!("../migrations/postgres/0005_allocations.sql")),
    (6, "seats", include_str!("../migrations/postgres/0006_seats.sql")),
    (7, "whole_allocations", include_str!("../migrations/postgres/0007_whole_allocations.sql")),
    (8, "jobs", include_str!("../migrations/postgres/0008_jobs.sql")),
    (9, "schedules", include_str!("../migrations/postgres/0009_schedules.sql")),
    (10, "arrays", include_str!("../migrations/postgres/0010_arrays.sql")),
    (11, "jobs_of_projects", include_str!("../migrations/postgres/0011_jobs_of_projects.sql")),
];

type Step = (i64, &'static str, &'static str);

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
    stands_at(version, file)
}

fn stands_at(version: i64, file: &Path) -> Result<Schema> {
    match version {
        0 => Ok(Schema::Empty),
        KNOWN => Ok(Schema::Current),
        version if version > KNOWN => {
            Err(StoreError::Newer { file: file.to_owned(), found: version, known: KNOWN })
        }
        version => Ok(Schema::Older(version)),
    }
}

/// As [`schema`]; what else is in the database does not matter, for the store has a schema of its own in it.
pub async fn schema_postgres(connection: &mut PgConnection, file: &Path) -> Result<Schema> {
    let failed = |error| StoreError::postgres(file, error);
    let ours: bool =
        sqlx::query_scalar(sql::HAS_SCHEMA_POSTGRES).fetch_one(&mut *connection).await.map_err(failed)?;
    if !ours {
        return Ok(Schema::Empty);
    }
    let version: i64 = sqlx::query_scalar(sql::SCHEMA).fetch_one(&mut *connection).await.map_err(failed)?;
    stands_at(version, file)
}

/// Brings a database to the newest version. The caller keeps others from doing the same.
pub async fn migrate(connection: &mut SqliteConnection, file: &Path) -> Result<()> {
    migrate_to(connection, file, SQLITE.len()).await
}

/// Brings a database to a version.
pub async fn migrate_to(connection: &mut SqliteConnection, file: &Path, version: usize) -> Result<()> {
    let migrated = migrator(&SQLITE[..version]).run_direct(None, connection, false).await;
    migrated.map_err(|error| failed(file, error, StoreError::sqlite))?;
    connection.ping().await.map_err(|error| StoreError::sqlite(file, error))
}

/// The same for PostgreSQL, which keeps others from doing the same by a lock of its own.
pub async fn migrate_postgres(connection: &mut PgConnection, file: &Path) -> Result<()> {
    migrate_postgres_to(connection, file, POSTGRES.len()).await
}

/// Brings a database to a version.
pub async fn migrate_postgres_to(connection: &mut PgConnection, file: &Path, version: usize) -> Result<()> {
    let mut migrator = migrator(&POSTGRES[..version]);
    migrator.create_schema("paramo");
    let migrated = migrator.run_direct(None, connection, false).await;
    migrated.map_err(|error| failed(file, error, StoreError::postgres))
}

fn migrator(steps: &'static [Step]) -> Migrator {
    let migrations = steps.iter().map(|(version, name, text)| {
        Migration::new(*version, Cow::Borrowed(name), MigrationType::Simple, text.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}

fn failed(file: &Path, error: MigrateError, database: fn(&Path, sqlx::Error) -> StoreError) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => database(file, error),
        error => StoreError::damaged(file, format!("its schema is not what its version says ({error})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_a_folder_is_a_step_and_the_steps_have_no_gaps() {
        for (engine, steps) in [("sqlite", SQLITE), ("postgres", POSTGRES)] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine);
            let mut files: Vec<String> = std::fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            files.sort();
            let named: Vec<String> =
                steps.iter().map(|(number, name, _)| format!("{number:04}_{name}.sql")).collect();
            assert_eq!(files, named, "{engine}");
            assert!(steps.iter().map(|step| step.0).eq(1..=KNOWN), "{engine}");
        }
    }
}
