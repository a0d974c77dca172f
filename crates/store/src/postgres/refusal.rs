//! What an error of PostgreSQL means; the codes are those of <https://www.postgresql.org/docs/15/errcodes-appendix.html>.

use std::path::Path;

use crate::StoreError;

impl StoreError {
    pub(crate) fn postgres(file: &Path, source: sqlx::Error) -> StoreError {
        let path = file.to_owned();
        let unreachable = |why: String| StoreError::Unreachable { file: path.clone(), why };
        let refused = |why: String| StoreError::Refused { file: path.clone(), why };
        match &source {
            sqlx::Error::Io(error) => return unreachable(error.to_string()),
            sqlx::Error::PoolTimedOut => return unreachable("it does not answer".to_owned()),
            // An answer that was cut off in the middle.
            sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed | sqlx::Error::PoolClosed => {
                return unreachable("the connection broke".to_owned());
            }
            sqlx::Error::Tls(error) => return refused(format!("encryption failed: {error}")),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                return StoreError::damaged(file, source.to_string());
            }
            _ => {}
        }
        let database = match &source {
            sqlx::Error::Database(error) => error,
            _ => return StoreError::Sql { file: path, source: Box::new(source) },
        };
        let message = database.message().to_owned();
        match database.code().as_deref() {
            Some("57P01" | "57P02" | "57P03" | "57P05") => unreachable(message),
            Some(code) if code.starts_with("08") => unreachable(message),
            Some(code) if code.starts_with("28") => {
                refused(format!("{message}; give the password in PGPASSWORD or ~/.pgpass"))
            }
            Some("3D000") => refused(format!("{message}; make it with `createdb`")),
            Some("42501") => refused(format!(
                "{message}; the owner of the database has to `GRANT CREATE ON DATABASE` to this user once, or let it use the schema \
                 `paramo`"
            )),
            Some("25006") => StoreError::ReadOnly { file: path },
            Some("53100") => StoreError::Full { file: path },
            Some("53300" | "55P03" | "57014" | "40001" | "40P01") => StoreError::Busy { file: path },
            Some("XX001" | "XX002") => StoreError::damaged(file, message),
            _ => StoreError::Sql { file: path, source: Box::new(source) },
        }
    }
}
