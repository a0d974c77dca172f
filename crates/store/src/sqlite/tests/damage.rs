//! A store that was cut short or overwritten with zeros: what is left is whole, or the damage is named.

use super::*;
use std::collections::BTreeMap;

/// What was committed: the study's runs, in the order of their commits.
struct Committed {
    id: StudyId,
    runs: BTreeMap<u64, RunRecord>,
}

/// Makes a store with small pages and many commits, part of them still in the log, and copies it as a process that is
/// killed leaves it.
async fn killed(directory: &Path, commits: u64) -> Committed {
    let running = tempfile::tempdir().unwrap();
    let store = open_with(running.path(), OpenMode::Create, 512).await.unwrap().store;
    let id = store.create("default", &study("s")).await.unwrap().id;
    let mut runs = BTreeMap::new();
    for i in 0..commits {
        let batch: Vec<RunRecord> = (0..i % 4 + 1).map(|j| good(i * 4 + j)).collect();
        store.commit(id, &batch).await.unwrap();
        runs.extend(batch.into_iter().map(|run| (run.index, run)));
        if i == commits / 2 {
            let mut connection = store.options.connect().await.unwrap();
            sqlx::query("PRAGMA wal_checkpoint(RESTART)").execute(&mut connection).await.unwrap();
        }
    }
    copy(running.path(), directory);
    Committed { id, runs }
}

/// Opens a store and reads everything. Either all that was committed is there, or damage is named; and whatever is read is
/// as it was committed. Returns whether damage was named.
async fn survives(directory: &Path, committed: &Committed, mode: OpenMode, what: &str) -> bool {
    let opened = match SqliteStore::open(directory, mode).await {
        Ok(opened) => opened,
        Err(error) => {
            assert!(error.is_damage(), "{what}: {error}");
            return true;
        }
    };
    let mut named = opened.damage.is_some();
    let store = opened.store;
    match store.ended(committed.id).await {
        Ok(ended) => {
            let missing = committed.runs.keys().filter(|index| !ended.succeeded.contains(**index)).count();
            assert!(missing == 0 || named, "{what}: {missing} runs have gone without a word");
            assert!(ended.succeeded.iter().all(|index| committed.runs.contains_key(&index)), "{what}");
        }
        Err(error) => {
            let gone = matches!(error, StoreError::NoSuchStudy { .. }) && named;
            assert!(error.is_damage() || gone, "{what}: {error}");
            named = true;
        }
    }
    match store.batches(committed.id, None, 1000).await {
        Ok(batches) => {
            for batch in batches {
                match batch.decode() {
                    Ok(crate::Content::Runs(columns)) => {
                        for run in columns.records() {
                            let whole = committed.runs.get(&run.index);
                            assert_eq!(Some(&run.outputs), whole.map(|run| &run.outputs), "{what}");
                        }
                    }
                    Ok(other) => panic!("{what}: {other:?}"),
                    Err(error) => {
                        assert!(error.is_damage(), "{what}: {error}");
                        named = true;
                    }
                }
            }
        }
        Err(error) => {
            assert!(error.is_damage() || named, "{what}: {error}");
            named = true;
        }
    }
    if mode != OpenMode::ReadOnly {
        store.close().await.unwrap();
    }
    named
}

#[derive(Clone, Copy, Debug)]
enum Harm {
    Cut,
    Zeros,
}

/// Harms a file of a copied store from each of some bytes on, and looks at what is left.
async fn harm(file: &str, commits: u64, step: usize) {
    let whole = tempfile::tempdir().unwrap();
    let committed = killed(whole.path(), commits).await;
    let bytes = std::fs::read(whole.path().join(file)).unwrap();
    let mut named = 0;
    let mut cases = 0;
    for harm in [Harm::Cut, Harm::Zeros] {
        for (nth, at) in (0..bytes.len()).step_by(step).enumerate() {
            let copied = tempfile::tempdir().unwrap();
            copy(whole.path(), copied.path());
            let mut harmed = bytes[..at].to_vec();
            if matches!(harm, Harm::Zeros) {
                harmed.resize(bytes.len(), 0);
            }
            std::fs::write(copied.path().join(file), harmed).unwrap();
            let mode = if nth % 2 == 0 { OpenMode::Create } else { OpenMode::ReadOnly };
            let what = format!("{file}: {harm:?} from byte {at} of {}", bytes.len());
            named += usize::from(survives(copied.path(), &committed, mode, &what).await);
            cases += 1;
        }
    }
    println!("{file}: {cases} cases, damage named in {named}");
    assert!(named * 2 > cases, "{file}: harm was noticed in {named} of {cases} cases only");
}

#[tokio::test]
async fn a_killed_store_is_whole() {
    let whole = tempfile::tempdir().unwrap();
    let committed = killed(whole.path(), 40).await;
    assert!(!survives(whole.path(), &committed, OpenMode::Existing, "untouched").await);
}

#[tokio::test]
async fn a_log_that_was_cut_or_zeroed_is_never_lost_silently() {
    harm("store.db-wal", 12, 197).await;
}

#[tokio::test]
async fn a_database_that_was_cut_or_zeroed_is_never_lost_silently() {
    harm("store.db", 24, 83).await;
}

/// The same at every byte; takes minutes.
#[tokio::test]
#[ignore = "takes minutes; run it when the store's files change"]
async fn no_byte_is_lost_silently() {
    harm("store.db-wal", 12, 1).await;
    harm("store.db", 24, 1).await;
}

#[tokio::test]
async fn a_log_that_is_gone_is_named_until_it_is_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    killed(directory.path(), 20).await;
    std::fs::remove_file(directory.path().join("store.db-wal")).unwrap();
    for mode in [OpenMode::ReadOnly, OpenMode::Existing, OpenMode::Create] {
        let opened = SqliteStore::open(directory.path(), mode).await.unwrap();
        let damage =
            opened.damage.unwrap().to_string().replace(&*directory.path().to_string_lossy(), "[dir]");
        assert_eq!(
            damage,
            "[dir]/store.db has lost its last 9 commits, with the results of up to 24 runs: its end was cut off, or an \
             older copy was put in its place; what is left is whole, and `paramo run` makes the lost runs again"
        );
        assert_eq!(opened.store.check(false).await.unwrap().len(), 1);
    }
    let store = SqliteStore::open(directory.path(), OpenMode::Existing).await.unwrap().store;
    store.acknowledge_damage().await.unwrap();
    assert!(store.check(true).await.unwrap().is_empty());
    let id = store.summaries().await.unwrap()[0].id;
    store.commit(id, &[good(900)]).await.unwrap();
    drop(store);
    assert_eq!(SqliteStore::open(directory.path(), OpenMode::Existing).await.unwrap().damage, None);
}

#[tokio::test]
async fn a_database_that_is_gone_or_empty_is_not_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    killed(directory.path(), 20).await;
    let log = std::fs::read(directory.path().join("store.db-wal")).unwrap();
    std::fs::write(directory.path().join("store.db"), "").unwrap();
    for _ in 0..2 {
        let error = SqliteStore::open(directory.path(), OpenMode::Create).await.unwrap_err();
        assert!(error.is_damage(), "{error}");
        std::fs::remove_file(directory.path().join("store.db")).ok();
    }
    assert_eq!(std::fs::read(directory.path().join("store.db-wal")).unwrap(), log, "the log is left alone");
    std::fs::remove_file(directory.path().join("store.db-wal")).unwrap();
    let error = SqliteStore::open(directory.path(), OpenMode::Create).await.unwrap_err();
    assert!(error.is_damage(), "{error}");
    std::fs::remove_file(directory.path().join("mark")).unwrap();
    open(directory.path()).await;
}

#[tokio::test]
async fn a_mark_that_is_missing_is_made_again_and_one_of_another_store_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    store.create("default", &study("s")).await.unwrap();
    store.close().await.unwrap();
    std::fs::remove_file(directory.path().join("mark")).unwrap();
    open(directory.path()).await.close().await.unwrap();
    assert_eq!(Mark::read(&directory.path().join("mark")).unwrap().commits, 1);
    let other = tempfile::tempdir().unwrap();
    let store = open(other.path()).await;
    store.create("default", &study("s")).await.unwrap();
    store.close().await.unwrap();
    std::fs::copy(other.path().join("store.db"), directory.path().join("store.db")).unwrap();
    let damage = SqliteStore::open(directory.path(), OpenMode::Existing).await.unwrap().damage;
    assert!(matches!(damage, Some(Damage::Replaced { .. })));
}

#[tokio::test]
async fn a_missing_batch_a_changed_count_and_a_changed_result_are_found() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    let id = store.create("default", &study("s")).await.unwrap().id;
    for i in 0..5 {
        store.commit(id, &[good(i)]).await.unwrap();
    }
    let mut connection = store.options.connect().await.unwrap();
    let mut harm = async |statement: &'static str| {
        sqlx::query(statement).execute(&mut connection).await.map(|_| ()).unwrap()
    };
    harm("UPDATE batches SET data = x'0100' WHERE seq = 2").await;
    assert!(store.ended(id).await.is_ok());
    assert!(store.check(false).await.unwrap().is_empty(), "only a deep check reads the data");
    let found = store.check(true).await.unwrap();
    assert!(
        found.len() == 1 && found[0].message.contains("in batch 2 of study 1: it ends too early"),
        "{found:?}"
    );
    harm("UPDATE batches SET seq = 9 WHERE seq = 3").await;
    for error in [
        store.ended(id).await.unwrap_err(),
        store.batches(id, None, 10).await.unwrap_err(),
        store.run(id, 0).await.unwrap_err(),
        store.reopen(id, &RoaringTreemap::new()).await.unwrap_err(),
    ] {
        assert!(error.to_string().contains("in batch 3 of study 1: it is missing"), "{error}");
    }
    harm("UPDATE batches SET seq = 3 WHERE seq = 9").await;
    harm("DELETE FROM batches WHERE seq = 5").await;
    assert!(store.batches(id, Some(Seq(3)), 10).await.unwrap_err().is_damage());
    harm("UPDATE studies SET seq = 4").await;
    let error = store.ended(id).await.unwrap_err();
    assert!(error.to_string().contains("its batches hold 4 runs"), "{error}");
    assert_eq!(store.check(false).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_damaged_does_not_move() {
    let (directory, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (store, to) = (open(directory.path()).await, open(other.path()).await);
    let row = store.create("default", &study("s")).await.unwrap();
    for i in 0..3 {
        store.commit(row.id, &[good(i)]).await.unwrap();
    }
    let mut connection = store.options.connect().await.unwrap();
    let harm = "UPDATE batches SET output = x'010000000000' || output WHERE seq = 2";
    sqlx::query(harm).execute(&mut connection).await.unwrap();
    let mut moving = crate::Move::begin(&store, &to, row.clone()).await.unwrap();
    let error = moving.copy(&mut |_| ()).await.unwrap_err();
    assert!(error.to_string().contains("in batch 2 of study 1: its checksum is wrong"), "{error}");
    assert!(to.summaries().await.unwrap().is_empty());
    assert_eq!(store.ended(row.id).await.unwrap().succeeded.len(), 3);
}
