//! Tests that hold for a store in a directory and for one in a database.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::{Desk, Postgres};

/// A desk with its store, in which a test may also change what no command does.
pub struct Ground {
    pub desk: Desk,
    postgres: Option<Postgres>,
}

impl Ground {
    pub fn directory(name: &str) -> Ground {
        Ground { desk: Desk::named(name), postgres: None }
    }

    /// With a database of its own in the server that all tests share.
    #[track_caller]
    pub fn database(name: &str) -> Ground {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let postgres = Postgres::start("shared");
        // The server cuts long names off.
        let short: String = name.chars().take(40).collect();
        let database = format!("{short}_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        Ground { desk: Desk::named(name).at(&postgres.database(&database)), postgres: Some(postgres) }
    }

    /// What a database answers to a question.
    #[track_caller]
    pub fn ask(&self, question: &str) -> String {
        let postgres = self.postgres.as_ref().unwrap_or_else(|| panic!("there is no database to ask"));
        postgres.sql(self.desk.store().rsplit('/').next().unwrap_or_default(), question)
    }

    /// Has a statement carried out by the store, whoever works with it.
    #[track_caller]
    pub fn sql(&self, statement: &str) {
        match &self.postgres {
            Some(postgres) => {
                let database = self.desk.store().rsplit('/').next().unwrap_or_default();
                postgres.sql(database, &format!("SET search_path TO paramo; {statement}"));
            }
            None => {
                let text = "import sqlite3, sys\nwith sqlite3.connect('.paramo/store.db', timeout=10) as store: store.execute(sys.argv[1])";
                let python = Command::new("python3")
                    .args(["-c", text, statement])
                    .current_dir(self.desk.path())
                    .status()
                    .unwrap_or_else(|error| panic!("python3 does not start: {error}"));
                assert!(python.success(), "{statement}");
            }
        }
    }
}

/// Has each test tried in a directory, under its own name, and in a database, in a module `in_a_database`.
#[macro_export]
macro_rules! on_both_engines {
    ($($test:ident),+ $(,)?) => {
        mod in_a_directory {
            $(
                #[test]
                fn $test() {
                    super::$test(&$crate::engines::Ground::directory(stringify!($test)));
                }
            )+
        }

        mod in_a_database {
            $(
                #[test]
                fn $test() {
                    super::$test(&$crate::engines::Ground::database(stringify!($test)));
                }
            )+
        }
    };
}
