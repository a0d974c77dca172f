//! Studies and results come back; counts and batches move together.

use super::*;
use crate::Content;
use paramo_model::CauseKind;

#[tokio::test]
async fn studies_are_versions_of_their_name() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    let first = store.create(&study("hes1")).await.unwrap();
    assert_eq!((first.version, first.state, &first.study), (1, StudyState::Open, &study("hes1")));
    let second = store.create(&study("hes1")).await.unwrap();
    let other = store.create(&study("pi")).await.unwrap();
    assert_eq!((second.version, other.version), (2, 1));
    assert_eq!(store.find("hes1", None).await.unwrap().as_ref(), Some(&second));
    assert_eq!(store.find("hes1", Some(1)).await.unwrap().as_ref(), Some(&first));
    assert_eq!(store.find("hes2", None).await.unwrap(), None);
    let names = |rows: Vec<StudyRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(names(store.studies().await.unwrap()), [first.id, second.id, other.id]);
    assert_eq!(store.summaries().await.unwrap().len(), 3);

    store.set_state(first.id, StudyState::Cancelled).await.unwrap();
    let changed = Study { description: None, ..study("hes1") };
    store.replace(first.id, &changed).await.unwrap();
    let row = store.study(first.id).await.unwrap();
    assert_eq!((row.state, row.study), (StudyState::Cancelled, changed));

    store.delete(other.id).await.unwrap();
    assert!(store.find("pi", None).await.unwrap().is_none());
    assert!(store.create(&study("pi")).await.unwrap().id > other.id, "an identity is never used again");
}

#[tokio::test]
async fn what_is_not_there_is_named_with_what_is_near() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    let row = store.create(&study("hes1")).await.unwrap();
    assert_eq!(store.require("hes1", None).await.unwrap(), row);
    let mut messages = vec![
        store.require("hes2", None).await.unwrap_err().to_string(),
        store.require("hes1", Some(7)).await.unwrap_err().to_string(),
        store.require("zzz", None).await.unwrap_err().to_string(),
    ];
    let gone = StudyId(99);
    for error in [
        store.study(gone).await.err(),
        store.set_state(gone, StudyState::Open).await.err(),
        store.replace(gone, &study("x")).await.err(),
        store.commit(gone, &[good(1)]).await.err(),
        store.commit(gone, &[]).await.err(),
        store.reopen(gone, &RoaringTreemap::new()).await.err(),
        store.ended(gone).await.err(),
        store.batches(gone, None, 1).await.err(),
        store.run(gone, 1).await.err(),
        store.delete(gone).await.err(),
    ] {
        messages.push(error.unwrap().to_string());
    }
    messages.dedup();
    insta::assert_snapshot!(messages.join("\n"), @"
    there is no study `hes2`; did you mean `hes1`?
    there is no study `hes1` version 7; did you mean `hes1@1`?
    there is no study `zzz`; `paramo list` shows those there are
    there is no study number 99; `paramo list` shows those there are
    ");
}

#[tokio::test]
async fn results_come_back_and_are_counted() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    let id = store.create(&study("s")).await.unwrap().id;
    let first = vec![good(0), good(2), bad(1, Cause::Exit { code: 3 })];
    let second = vec![good(10), bad(11, Cause::LostWorker), bad(3, Cause::Exit { code: 1 })];
    assert_eq!(store.commit(id, &first).await.unwrap(), BatchId { study: id, seq: Seq(1) });
    assert_eq!(store.commit(id, &second).await.unwrap().seq, Seq(2));
    assert_eq!(store.commit(id, &[]).await.unwrap().seq, Seq(2));

    let counts = store.study(id).await.unwrap().counts;
    assert_eq!((counts.succeeded, counts.failed, counts.retried, counts.done()), (3, 3, 3, 6));
    assert_eq!((counts.wall, counts.cpu), (Micros(9000), Micros(5400)));
    assert_eq!(counts.by_cause, [(CauseKind::Exit, 2), (CauseKind::LostWorker, 1)].into());

    let ended = store.ended(id).await.unwrap();
    assert_eq!(ended.succeeded, RoaringTreemap::from_iter([0, 2, 10]));
    assert_eq!(ended.failed, RoaringTreemap::from_iter([1, 3, 11]));

    for run in first.iter().chain(&second) {
        assert_eq!(store.run(id, run.index).await.unwrap().as_ref(), Some(run));
    }
    assert_eq!(store.run(id, 5).await.unwrap(), None);

    let batches = store.batches(id, None, 1).await.unwrap();
    assert_eq!(batches.len(), 1);
    let rest = store.batches(id, Some(batches[0].seq), 10).await.unwrap();
    assert_eq!(rest.iter().map(|batch| (batch.seq, batch.runs())).collect::<Vec<_>>(), [(Seq(2), 3)]);
    let Content::Runs(columns) = rest[0].decode().unwrap() else { panic!("not runs") };
    assert_eq!(columns.index, [10, 11, 3]);
    assert!(columns.succeeded(0) && !columns.succeeded(1));
    assert_eq!(columns.outputs[1].value(0), Value::Integer(10));
    assert!(store.batches(id, Some(Seq(2)), 10).await.unwrap().is_empty());
    assert!(store.check(true).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_run_is_committed_once_in_a_commit_and_all_or_none() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    let id = store.create(&study("s")).await.unwrap().id;
    let twice = store.commit(id, &[good(1), good(4), good(1)]).await.unwrap_err();
    assert!(matches!(twice, StoreError::Duplicate { index: 1 }), "{twice}");
    assert_eq!(store.ended(id).await.unwrap(), Ended::default());
    store.commit(id, &[good(1)]).await.unwrap();
    store.commit(id, &[bad(1, Cause::Cancelled)]).await.unwrap();
    let ended = store.ended(id).await.unwrap();
    assert_eq!((ended.succeeded.len(), ended.failed.len()), (0, 1), "the later one counts for readers");
    assert!(!store.run(id, 1).await.unwrap().unwrap().succeeded());
}

#[tokio::test]
async fn failed_runs_are_opened_again_and_superseded() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    let id = store.create(&study("s")).await.unwrap().id;
    let exit = || Cause::Exit { code: 1 };
    store.commit(id, &[good(0), bad(1, exit()), bad(2, exit()), bad(3, Cause::Cancelled)]).await.unwrap();
    store.set_state(id, StudyState::Finished).await.unwrap();

    assert_eq!(store.reopen(id, &RoaringTreemap::from_iter([0, 1, 3, 77])).await.unwrap(), 2);
    let row = store.study(id).await.unwrap();
    assert_eq!((row.state, row.counts.succeeded, row.counts.failed), (StudyState::Open, 1, 1));
    assert_eq!(row.counts.by_cause, [(CauseKind::Exit, 1)].into());
    assert_eq!(store.ended(id).await.unwrap().failed, RoaringTreemap::from_iter([2]));
    assert_eq!(store.run(id, 1).await.unwrap(), None);
    assert!(store.run(id, 2).await.unwrap().is_some());
    let batches = store.batches(id, None, 9).await.unwrap();
    assert_eq!(batches[1].decode().unwrap(), Content::Reopened(RoaringTreemap::from_iter([1, 3])));

    store.commit(id, &[good(1), bad(3, exit())]).await.unwrap();
    assert_eq!(store.run(id, 1).await.unwrap(), Some(good(1)));
    let ended = store.ended(id).await.unwrap();
    assert_eq!(ended.succeeded, RoaringTreemap::from_iter([0, 1]));
    assert_eq!(ended.failed, RoaringTreemap::from_iter([2, 3]));
    assert_eq!(store.study(id).await.unwrap().counts.by_cause, [(CauseKind::Exit, 2)].into());
    assert_eq!(store.reopen(id, &RoaringTreemap::from_iter([0])).await.unwrap(), 0);
    assert!(store.check(true).await.unwrap().is_empty());
}

#[tokio::test]
async fn many_small_batches_are_read_in_pages() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    let id = store.create(&study("s")).await.unwrap().id;
    // One transaction holds several batches when its runs are many.
    let runs: Vec<RunRecord> =
        (0..70_000).rev().map(|i| RunRecord { outputs: Vec::new(), ..good(i) }).collect();
    assert_eq!(store.commit(id, &runs).await.unwrap().seq, Seq(2));
    assert_eq!(store.ended(id).await.unwrap().succeeded.len(), 70_000);
    assert_eq!(store.run(id, 69_999).await.unwrap().as_ref(), runs.first());
    assert_eq!(store.run(id, 0).await.unwrap().as_ref(), runs.last());
}

#[tokio::test]
async fn a_store_is_read_while_it_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let writer = open(directory.path()).await;
    let id = writer.create(&study("s")).await.unwrap().id;
    let reader = SqliteStore::open(directory.path(), OpenMode::ReadOnly).await.unwrap().store;
    let second = open(directory.path()).await;
    let mut seen = None;
    for i in 0..20 {
        // Two processes may work on different studies of one store.
        let by = if i % 2 == 0 { &writer } else { &second };
        by.commit(id, &[good(i)]).await.unwrap();
        let news = reader.batches(id, seen, 10).await.unwrap();
        assert_eq!(news.len(), 1);
        seen = news.last().map(|batch| batch.seq);
    }
    assert!(matches!(reader.commit(id, &[good(99)]).await, Err(StoreError::ReadOnly { .. })));
    assert!(reader.check(true).await.unwrap().is_empty());
    drop(writer);
    assert_eq!(second.ended(id).await.unwrap().succeeded.len(), 20);
}
