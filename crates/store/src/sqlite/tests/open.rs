//! Opening: what is made, what is refused and in which words.

use super::*;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

async fn refusal(directory: &Path, mode: OpenMode) -> String {
    let error = SqliteStore::open(directory, mode).await.unwrap_err().to_string();
    error.replace(&*directory.to_string_lossy(), "[dir]")
}

/// A run whose result cannot be compressed away.
fn noisy(index: u64) -> RunRecord {
    RunRecord { outputs: vec![Value::Float((index as f64).sin())], ..good(index) }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[tokio::test]
async fn a_store_is_made_once_and_hidden_from_version_control() {
    let outer = tempfile::tempdir().unwrap();
    let directory = outer.path().join("ä b/.paramo");
    for mode in [OpenMode::Existing, OpenMode::ReadOnly] {
        let error = SqliteStore::open(&directory, mode).await.unwrap_err();
        assert!(matches!(error, StoreError::NoStore { .. }), "{error}");
    }
    assert!(!directory.exists());
    let store = open(&directory).await;
    let id = store.create("default", &study("s")).await.unwrap().id;
    assert_eq!(std::fs::read_to_string(directory.join(".gitignore")).unwrap(), "*\n");
    store.close().await.unwrap();
    assert!(!directory.join("store.db-wal").exists(), "the log is put into the database at the end");
    for mode in [OpenMode::Create, OpenMode::Existing, OpenMode::ReadOnly] {
        let store = SqliteStore::open(&directory, mode).await.unwrap().store;
        assert_eq!(store.summaries().await.unwrap()[0].id, id);
    }
}

#[tokio::test]
async fn several_at_once_make_one_store() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_owned();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let path = path.clone();
            tokio::spawn(
                async move { open(&path).await.create("default", &study("s")).await.unwrap().version },
            )
        })
        .collect();
    let mut versions = Vec::new();
    for task in tasks {
        versions.push(task.await.unwrap());
    }
    versions.sort_unstable();
    assert!(versions.into_iter().eq(1..=8));
}

#[tokio::test]
async fn what_is_not_a_store_is_not_touched() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("store.db");
    std::fs::write(&file, "once upon a time ".repeat(20)).unwrap();
    let text = refusal(directory.path(), OpenMode::Create).await;
    insta::assert_snapshot!(text, @"[dir]/store.db is not a store of Paramo: it does not begin as a database does; move it away, or work in another directory");
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("once"));

    std::fs::remove_file(&file).unwrap();
    let options = SqliteConnectOptions::new().filename(&file).create_if_missing(true);
    let mut foreign = options.connect().await.unwrap();
    sqlx::query("CREATE TABLE songs (title TEXT)").execute(&mut foreign).await.unwrap();
    foreign.close().await.unwrap();
    let text = refusal(directory.path(), OpenMode::Existing).await;
    insta::assert_snapshot!(text, @"[dir]/store.db is not a store of Paramo: it is a database with other tables; move it away, or work in another directory");
}

#[tokio::test]
async fn a_store_of_a_newer_paramo_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (99, 'later', TRUE, x'00', 0)";
    let mut connection = store.options.connect().await.unwrap();
    sqlx::query(newer).execute(&mut connection).await.unwrap();
    for mode in [OpenMode::Create, OpenMode::Existing, OpenMode::ReadOnly] {
        let text = refusal(directory.path(), mode).await;
        assert_eq!(
            text,
            "[dir]/store.db was made by a newer paramo (schema 99, this one knows 11); update paramo"
        );
    }
}

#[tokio::test]
async fn a_store_that_another_process_does_not_let_go_of_is_busy() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    let id = store.create("default", &study("s")).await.unwrap().id;
    let impatient = SqliteStore {
        options: store.options.clone().busy_timeout(Duration::ZERO),
        writer: Mutex::new(None),
        folder: store.folder.clone(),
        file: store.file.clone(),
        readers: store.readers.clone(),
        writable: true,
        identity: store.identity,
        mark: std::sync::Mutex::new(None),
    };
    let mut other = store.options.connect().await.unwrap();
    let hold = other.begin_with(sql::BEGIN).await.unwrap();
    let error = impatient.commit(id, &[good(1)]).await.unwrap_err();
    assert!(matches!(error, StoreError::Busy { .. }) && error.passes(), "{error}");
    hold.rollback().await.unwrap();
    impatient.commit(id, &[good(1)]).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_passes() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    let id = store.create("default", &study("s")).await.unwrap().id;
    store.commit(id, &[good(1)]).await.unwrap();
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&store.readers).await.unwrap();
    let full = format!("PRAGMA max_page_count = {pages}");
    let set: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(full))
        .fetch_one(store.writer.lock().await.as_mut().unwrap())
        .await
        .unwrap();
    assert_eq!(set, pages);
    let many: Vec<RunRecord> = (2..5000).map(noisy).collect();
    let error = store.commit(id, &many).await.unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }) && error.passes(), "{error}");
    assert_eq!(store.ended(id).await.unwrap().succeeded.len(), 1);
    // The connection that failed is gone, and with it the limit: as when space was freed.
    store.commit(id, &many).await.unwrap();
    assert_eq!(store.ended(id).await.unwrap().succeeded.len(), 4999);
    assert!(store.check(true).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_is_named_and_can_be_read() {
    if is_root() {
        println!("the super-user may write everywhere: read-only directories were not tested");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    store.create("default", &study("s")).await.unwrap();
    store.close().await.unwrap();
    let _ = std::fs::remove_file(directory.path().join("store.db-shm"));
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        std::fs::set_permissions(entry.unwrap().path(), std::fs::Permissions::from_mode(0o444)).unwrap();
    }
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o555)).unwrap();
    let error = SqliteStore::open(directory.path(), OpenMode::Create).await.unwrap_err();
    assert!(matches!(error, StoreError::Permission { .. } | StoreError::ReadOnly { .. }), "{error}");
    let store = SqliteStore::open(directory.path(), OpenMode::ReadOnly).await.unwrap().store;
    assert_eq!(store.summaries().await.unwrap().len(), 1);
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
}
