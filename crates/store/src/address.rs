//! Where a store is, as it is typed: a directory, or the address of a database in PostgreSQL.
//!
//! `postgres://USER@HOST:PORT/DATABASE?sslmode=…&files=DIR`. The password is not part of it: every user of a machine can read
//! the words of a command. It comes from `PGPASSWORD` or `~/.pgpass`, as for `psql`.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;

use crate::StoreError;

/// Where the files of runs go when an address does not say: below this directory.
const FILES: &str = ".paramo";

/// Where a store is.
#[derive(Clone, Debug)]
pub enum Address {
    /// A directory, which holds everything.
    Directory(PathBuf),
    Postgres(Box<PostgresAddress>),
}

/// A database in PostgreSQL, and the directory of this machine for what is not kept in it.
#[derive(Clone, Debug)]
pub struct PostgresAddress {
    pub(crate) options: PgConnectOptions,
    /// For messages; there is no password in it.
    pub(crate) shown: PathBuf,
    /// Below this the files of runs are kept.
    pub files: PathBuf,
}

impl Address {
    /// Reads what was typed. [`StoreError::Address`] when it begins as an address and is none.
    pub fn parse(text: &Path) -> Result<Address, StoreError> {
        match text.to_str() {
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                PostgresAddress::parse(url).map(|address| Address::Postgres(Box::new(address)))
            }
            _ => Ok(Address::Directory(text.to_owned())),
        }
    }
}

impl std::fmt::Display for PostgresAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.shown.display().fmt(f)
    }
}

impl PostgresAddress {
    fn parse(url: &str) -> Result<PostgresAddress, StoreError> {
        let (place, query) = url.split_once('?').unwrap_or((url, ""));
        let (scheme, place) = place.split_once("://").unwrap_or(("postgres", place));
        let authority = place.split_once('/').map_or(place, |(authority, _)| authority);
        let mut files = PathBuf::from(FILES);
        let mut kept = Vec::new();
        let mut password = authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'));
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            match key {
                "files" => files = PathBuf::from(decoded(value)),
                "password" => password = true,
                _ => kept.push(pair),
            }
        }
        if password {
            return Err(StoreError::Address {
                why: "it holds a password, which every user of this machine can read in the list of processes; \
                      put it into PGPASSWORD or ~/.pgpass"
                    .to_owned(),
            });
        }
        let bare = format!("{scheme}://{place}?{}", kept.join("&"));
        let options = PgConnectOptions::from_str(bare.trim_end_matches('?'));
        let options = options.map_err(|error| StoreError::Address {
            why: format!("{}; write postgres://USER@HOST:PORT/DATABASE", reason(&error)),
        })?;
        let shown = PathBuf::from(format!("{scheme}://{place}"));
        Ok(PostgresAddress { options: options.disable_statement_logging(), shown, files })
    }
}

fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Configuration(source) => source.to_string(),
        error => error.to_string(),
    }
}

/// A part of an address with its `%` sequences replaced; one that is none stays as it is.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let code = (*byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(code) => {
                out.push(code);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn postgres(text: &str) -> PostgresAddress {
        match Address::parse(Path::new(text)).unwrap() {
            Address::Postgres(address) => *address,
            Address::Directory(path) => panic!("{} was taken for a directory", path.display()),
        }
    }

    #[test]
    fn an_address_is_read_and_shown() {
        let address = postgres("postgres://me@db.example:5433/runs?sslmode=require&files=/data/my%20runs");
        assert_eq!(address.options.get_host(), "db.example");
        assert_eq!(address.options.get_port(), 5433);
        assert_eq!(address.options.get_username(), "me");
        assert_eq!(address.options.get_database(), Some("runs"));
        assert_eq!(address.shown, Path::new("postgres://me@db.example:5433/runs"));
        assert_eq!(address.files, Path::new("/data/my runs"));
        assert_eq!(postgres("postgresql:///runs").files, Path::new(".paramo"));
    }

    #[test]
    fn everything_else_is_a_directory() {
        for text in [".paramo", "/data/postgres", "postgres", "mysql://x/y"] {
            assert!(
                matches!(Address::parse(Path::new(text)), Ok(Address::Directory(path)) if path == Path::new(text))
            );
        }
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        for text in ["postgres://me:secret@db/runs", "postgres://me@db/runs?password=secret&sslmode=require"]
        {
            let message = Address::parse(Path::new(text)).unwrap_err().to_string();
            assert!(message.contains("PGPASSWORD") && !message.contains("secret"), "{message}");
        }
        for text in ["postgres://me@db:port/runs", "postgres://db/runs?sslmode=perhaps"] {
            assert!(matches!(Address::parse(Path::new(text)), Err(StoreError::Address { .. })), "{text}");
        }
    }
}
