//! The store in PostgreSQL: the suite of all stores, and what only a database on the other side of a connection can do.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use sqlx::{Connection, PgConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::conformance::{Ground, conformance, fill_old, good, study};
use crate::migration::migrate_postgres_to;
use crate::{
    Address, AuditEntry, AuditQuery, Begun, Hashed, NewUser, News, Outcome, People, SqliteStore, Via,
};

/// The address of the database that all tests share while they run; see `tests/rigs/postgres`.
fn shared() -> String {
    let rig = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/rigs/postgres");
    let output = Command::new(rig).args(["shared", &std::process::id().to_string()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A database of its own for a test.
struct Database {
    server: String,
    name: String,
}

impl Database {
    fn address(&self) -> PostgresAddress {
        parse(&format!("{}/{}", self.server, self.name))
    }

    async fn connect(&self) -> PgConnection {
        PgConnection::connect(&format!("{}/{}?options=-csearch_path%3Dparamo", self.server, self.name))
            .await
            .unwrap()
    }
}

fn parse(url: &str) -> PostgresAddress {
    match Address::parse(Path::new(url)).unwrap() {
        Address::Postgres(address) => *address,
        Address::Directory(path) => panic!("{} is a directory", path.display()),
    }
}

async fn said(connection: &mut PgConnection, statement: &str) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(connection).await.unwrap();
}

#[async_trait]
impl Ground for Database {
    type Store = PostgresStore;

    async fn new() -> Database {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let server = shared();
        let name = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut connection = PgConnection::connect(&format!("{server}/postgres")).await.unwrap();
        said(&mut connection, &format!("DROP DATABASE IF EXISTS {name} (FORCE)")).await;
        said(&mut connection, &format!("CREATE DATABASE {name}")).await;
        Database { server, name }
    }

    async fn open(&self, mode: OpenMode) -> Result<PostgresStore> {
        PostgresStore::open(&self.address(), mode).await
    }

    async fn say(&self, statement: &str) -> sqlx::Result<()> {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut self.connect().await).await.map(|_| ())
    }

    async fn old(&self, version: usize) {
        let at: Arc<Path> = Path::new("a database").into();
        let mut connection = self.connect().await;
        migrate_postgres_to(&mut connection, &at, version).await.unwrap();
        fill_old(&mut Session::postgres(&mut connection, &at)).await;
    }
}

conformance!(Database);

async fn made() -> (Database, PostgresStore, StudyId) {
    let database = Database::new().await;
    let store = database.open(OpenMode::Create).await.unwrap();
    let id = store.create("default", &study("s")).await.unwrap().id;
    (database, store, id)
}

#[tokio::test]
async fn several_at_once_make_one_store() {
    let database = Database::new().await;
    let opened = (0..6).map(|_| {
        let address = database.address();
        tokio::spawn(async move {
            let store = PostgresStore::open(&address, OpenMode::Create).await.unwrap();
            store.create("default", &study("s")).await.unwrap().version
        })
    });
    let mut versions = Vec::new();
    for task in opened.collect::<Vec<_>>() {
        versions.push(task.await.unwrap());
    }
    versions.sort_unstable();
    assert!(versions.into_iter().eq(1..=6));
}

#[tokio::test]
async fn both_engines_have_the_same_tables_and_columns() {
    let (database, ..) = made().await;
    let mut postgres: Vec<(String, String, String, bool)> = sqlx::query_as(
        "SELECT table_name::text, column_name::text, data_type::text, is_nullable = 'YES' \
         FROM information_schema.columns WHERE table_schema = 'paramo' AND table_name <> '_sqlx_migrations'",
    )
    .fetch_all(&mut database.connect().await)
    .await
    .unwrap();
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path(), OpenMode::Create).await.unwrap().store;
    let file = format!("sqlite://{}", store.file().display());
    let mut connection = sqlx::SqliteConnection::connect(&file).await.unwrap();
    let mut sqlite: Vec<(String, String, String, bool)> = sqlx::query_as(
        "SELECT t.name, c.name, c.type, c.\"notnull\" = 0 AND c.pk = 0 FROM sqlite_master t, pragma_table_info(t.name) c \
         WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name <> '_sqlx_migrations'",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    for (_, _, kind, _) in &mut postgres {
        *kind = match kind.as_str() {
            "bytea" => "BLOB".to_owned(),
            other => other.to_uppercase(),
        };
    }
    for (_, _, kind, _) in &mut sqlite {
        // The name for a key that counts by itself.
        *kind = kind.replace("INTEGER", "BIGINT");
    }
    postgres.sort();
    sqlite.sort();
    assert_eq!(postgres, sqlite);
    assert!(postgres.len() > 20);
}

#[tokio::test]
async fn what_is_wrong_with_a_database_is_named() {
    let (database, store, _) = made().await;
    let mut connection = database.connect().await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (99, 'later', TRUE, '', 0)";
    said(&mut connection, newer).await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let locked = parse(&format!("{}/locked", database.server));
    let mut messages = Vec::new();
    for address in [
        database.address(),
        parse(&format!("{}/nowhere", database.server)),
        locked,
        parse(&format!("postgres://paramo@127.0.0.1:{closed}/x")),
    ] {
        let error = PostgresStore::open(&address, OpenMode::Create).await.unwrap_err();
        messages.push(error.to_string());
    }
    let text = messages.join("\n").replace(&database.server, "[server]").replace(&database.name, "[name]");
    insta::assert_snapshot!(text.replace(&closed.to_string(), "[port]"));
    drop(store);
}

#[tokio::test]
async fn tables_of_others_are_left_alone() {
    let database = Database::new().await;
    let mut connection =
        PgConnection::connect(&format!("{}/{}", database.server, database.name)).await.unwrap();
    said(&mut connection, "CREATE TABLE studies (title TEXT); INSERT INTO studies VALUES ('mine')").await;
    let store = database.open(OpenMode::Create).await.unwrap();
    assert!(store.summaries().await.unwrap().is_empty());
    let title: String =
        sqlx::query_scalar("SELECT title FROM public.studies").fetch_one(&mut connection).await.unwrap();
    assert_eq!(title, "mine");
}

#[tokio::test]
async fn changes_are_told_to_the_process_that_holds_the_study() {
    let (database, store, id) = made().await;
    let other = database.open(OpenMode::Existing).await.unwrap();
    let second = store.create("default", &study("other")).await.unwrap().id;
    let mut lock = store.lock(id).await.unwrap();
    let mut news = lock.news().unwrap();
    other.set_state(second, StudyState::Paused).await.unwrap();
    other.set_state(id, StudyState::Cancelled).await.unwrap();
    assert_eq!(news.recv().await, Some(News::Changed));
    assert_eq!(store.study(id).await.unwrap().state, StudyState::Cancelled);
    assert!(news.try_recv().is_err(), "a change of another study is no news");
}

/// Ends the connections that hold a lock, as a network that fails.
async fn cut_the_lock(connection: &mut PgConnection) {
    said(
        connection,
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 \
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    )
    .await;
}

#[tokio::test]
async fn a_lock_whose_connection_broke_is_taken_again() {
    let (database, store, id) = made().await;
    let mut lock = store.lock(id).await.unwrap();
    let mut news = lock.news().unwrap();
    cut_the_lock(&mut database.connect().await).await;
    assert_eq!(news.recv().await, Some(News::Changed), "what was said meanwhile was not heard");
    assert!(store.holder(id).await.unwrap().is_some());
    store.commit(id, &[good(1)]).await.unwrap();
}

#[tokio::test]
async fn who_was_overtaken_cannot_commit() {
    let (database, store, id) = made().await;
    let mut lock = store.lock(id).await.unwrap();
    let mut news = lock.news().unwrap();
    store.commit(id, &[good(1)]).await.unwrap();
    let mut connection = database.connect().await;
    // As another process does that finds the lock free.
    said(&mut connection, "UPDATE studies SET fence = fence + 1").await;
    cut_the_lock(&mut connection).await;
    assert_eq!(news.recv().await, Some(News::Lost));
    let error = store.commit(id, &[good(2)]).await.unwrap_err();
    assert!(matches!(error, StoreError::Taken { .. }), "{error}");
    assert_eq!(store.ended(id).await.unwrap().succeeded.len(), 1);
}

/// Stands between a store and its database, and breaks connections when it is told to.
struct Wire {
    port: u16,
    /// The answer to the next COMMIT is lost.
    lose_answer: Arc<AtomicBool>,
    /// The next COMMIT itself is lost.
    lose_question: Arc<AtomicBool>,
}

impl Wire {
    async fn to(server: &str) -> Wire {
        let there = server.rsplit_once('@').unwrap().1.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (lose_answer, lose_question) =
            (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let flags = (lose_answer.clone(), lose_question.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&there).await.unwrap();
                tokio::spawn(carry(client, server, flags.clone()));
            }
        });
        Wire { port, lose_answer, lose_question }
    }
}

async fn carry(mut client: TcpStream, mut server: TcpStream, flags: (Arc<AtomicBool>, Arc<AtomicBool>)) {
    let (mut said, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            n = client.read(&mut said) => {
                let n = match n { Ok(n) if n > 0 => n, _ => return };
                let commits = said[..n].windows(6).any(|word| word == b"COMMIT");
                if commits && flags.1.swap(false, Ordering::Relaxed) {
                    return;
                }
                if server.write_all(&said[..n]).await.is_err() {
                    return;
                }
                if commits && flags.0.swap(false, Ordering::Relaxed) {
                    // It has come through once it is answered; nobody hears of it.
                    let _ = server.read(&mut answered).await;
                    return;
                }
            }
            n = server.read(&mut answered) => {
                let n = match n { Ok(n) if n > 0 => n, _ => return };
                if client.write_all(&answered[..n]).await.is_err() {
                    return;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_neither_lost_nor_made_twice() {
    let (database, _, id) = made().await;
    let wire = Wire::to(&database.server).await;
    let url = format!("postgres://paramo@127.0.0.1:{}/{}", wire.port, database.name);
    let store = PostgresStore::open(&parse(&url), OpenMode::Existing).await.unwrap();
    store.commit(id, &[good(0)]).await.unwrap();
    for (flag, first) in [(&wire.lose_answer, 10), (&wire.lose_question, 20)] {
        flag.store(true, Ordering::Relaxed);
        let error = store.commit(id, &[good(first), good(first + 1)]).await.unwrap_err();
        assert!(error.is_unreachable() && error.passes(), "{error}");
        // The engine keeps what was refused and commits it with what came since.
        store.commit(id, &[good(first), good(first + 1), good(first + 2)]).await.unwrap();
    }
    // The same results only, and nothing since.
    wire.lose_answer.store(true, Ordering::Relaxed);
    store.commit(id, &[good(30)]).await.unwrap_err();
    store.commit(id, &[good(30)]).await.unwrap();
    let row = store.study(id).await.unwrap();
    assert_eq!(row.counts.succeeded, 8);
    let mut indices = Vec::new();
    for batch in store.batches(id, None, 100).await.unwrap() {
        if let crate::Content::Runs(columns) = batch.decode().unwrap() {
            indices.extend(columns.index);
        }
    }
    assert_eq!(indices, [0, 10, 11, 12, 20, 21, 22, 30]);
    assert!(store.check(true).await.unwrap().is_empty());
}

#[tokio::test]
async fn other_changes_are_made_once_whatever_is_lost() {
    let (database, _, id) = made().await;
    let wire = Wire::to(&database.server).await;
    let url = format!("postgres://paramo@127.0.0.1:{}/{}", wire.port, database.name);
    let store = PostgresStore::open(&parse(&url), OpenMode::Existing).await.unwrap();
    for flag in [&wire.lose_answer, &wire.lose_question] {
        flag.store(true, Ordering::Relaxed);
        let made = store.create("default", &study("once")).await.unwrap();
        flag.store(true, Ordering::Relaxed);
        store.delete(made.id).await.unwrap();
    }
    let bad = crate::conformance::bad(7, paramo_model::Cause::Cancelled);
    store.commit(id, &[bad]).await.unwrap();
    wire.lose_answer.store(true, Ordering::Relaxed);
    assert_eq!(store.reopen(id, &RoaringTreemap::from_iter([7])).await.unwrap(), 1);
    wire.lose_answer.store(true, Ordering::Relaxed);
    store.set_state(id, StudyState::Paused).await.unwrap();
    assert_eq!(store.summaries().await.unwrap().len(), 1);
    assert_eq!(store.study(id).await.unwrap().counts.failed, 0);
}

#[tokio::test]
async fn what_is_changed_of_people_is_changed_once_whatever_is_lost() {
    let (database, ..) = made().await;
    let wire = Wire::to(&database.server).await;
    let url = format!("postgres://paramo@127.0.0.1:{}/{}", wire.port, database.name);
    let store = PostgresStore::open(&parse(&url), OpenMode::Existing).await.unwrap();
    for (flag, name) in [(&wire.lose_answer, "ada"), (&wire.lose_question, "bob")] {
        let new = NewUser {
            name: name.into(),
            display_name: name.into(),
            email: None,
            administrator: true,
            password: None,
        };
        flag.store(true, Ordering::Relaxed);
        assert_eq!(store.create_user(&new, None).await.unwrap().name, name);
        flag.store(true, Ordering::Relaxed);
        let begun = store.begin_request(name, "key", &Hashed([7; 32])).await.unwrap();
        assert_eq!(begun, Begun::New, "it was this one that began it");
        flag.store(true, Ordering::Relaxed);
        let entry = AuditEntry {
            user: Some(name.into()),
            via: Via::Owner,
            action: "user.manage".into(),
            project: None,
            target: name.into(),
            outcome: Outcome::Done,
            detail: String::new(),
        };
        let row = store.record(&entry).await.unwrap();
        assert!(!flag.load(Ordering::Relaxed), "nothing was lost on the way");
        let query = AuditQuery { user: Some(name.into()), limit: 9, ..AuditQuery::default() };
        assert_eq!(store.audit(&query).await.unwrap(), [row]);
        // Nothing is changed here, so it does not matter whether its end was told.
        flag.store(true, Ordering::Relaxed);
        assert_eq!(store.begin_request(name, "key", &Hashed([7; 32])).await.unwrap(), Begun::Running);
        flag.store(false, Ordering::Relaxed);
    }
    assert_eq!(store.users().await.unwrap().len(), 2);
}

#[test]
fn a_process_is_known_by_the_name_of_its_connection() {
    let here = here();
    assert_eq!(Process::parse(&here.to_string()), here);
    assert_eq!(here.holder(), Holder::here(std::process::id()));
    let there = Process::parse("paramo 12 node7").holder();
    assert_eq!(there.to_string(), "process 12 on node7");
    assert_eq!(Process::parse("psql").pid, 0);
}
