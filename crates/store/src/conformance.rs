//! What every store does, whichever its engine: one suite, run on each.

use async_trait::async_trait;
use paramo_model::{
    Application, Attempt, Bytes, Cause, CauseKind, Ended as How, Micros, Name, OutputFile, Program,
    RunPolicy, RunRecord, SpaceSpec, Study, StudyId, StudyState, Timestamp, Value,
};
use roaring::RoaringTreemap;

use crate::transfer::Move;
use crate::{
    BatchId, Content, Counts, Ended, Held, OpenMode, People, Result, Seq, Store, StoreError, StudyRow,
    Transfer,
};

/// A place for one store, which can be opened several times.
#[async_trait]
pub trait Ground: Sized {
    type Store: Transfer + People + 'static;

    async fn new() -> Self;
    async fn open(&self, mode: OpenMode) -> Result<Self::Store>;

    /// Carries out a statement past the store, as somebody with a client of the database.
    async fn say(&self, statement: &str) -> sqlx::Result<()>;

    /// Makes the tables of an older version, and in them one study.
    async fn old(&self, version: usize);
}

/// Makes a test of each part of the suite, on one ground.
macro_rules! conformance {
    ($ground:ty) => {
        $crate::conformance::conformance!($ground:
            studies_are_versions_of_their_name,
            what_is_not_there_is_named_with_what_is_near,
            results_come_back_and_are_counted,
            a_run_is_committed_once_in_a_commit_and_all_or_none,
            failed_runs_are_opened_again_and_superseded,
            the_time_worked_only_grows,
            many_small_batches_are_read_in_pages,
            a_store_is_read_while_it_is_written,
            a_study_is_held_once,
            a_store_is_there_once_it_was_made,
            a_study_moves_with_all_that_it_has,
            what_is_changed_meanwhile_goes_along,
            a_move_that_was_cut_off_goes_on,
            a_study_that_cannot_move_stays,
            studies_are_of_their_projects,
            a_study_moves_into_the_project_of_the_same_name,
            an_older_store_keeps_what_it_has,
        );
        $crate::conformance::conformance!($ground: tests of people:
            users_are_told_apart_and_changed,
            the_last_administrator_stays,
            who_comes_from_elsewhere_is_kept_up_to_date,
            of_several_first_administrators_one_is_made,
            a_link_is_used_once,
            links_are_replaced_and_expire,
            sessions_end,
            tokens_are_those_of_their_user,
            workers_come_in_by_tokens_and_are_remembered_while_they_have_runs,
            allocations_are_remembered_as_they_are_now,
            jobs_are_numbered_and_remembered,
            jobs_of_an_older_store_are_of_the_default_project,
            one_of_several_takes_the_turn_of_a_schedule,
            a_device_gets_one_token,
            shares_are_of_one_study,
            projects_are_made_and_only_removed_when_empty,
            projects_are_added_up,
            roles_come_from_members_and_groups,
            what_was_done_stays,
            the_audit_trail_is_searched_and_paged,
            secrets_are_set_and_not_shown,
            applications_are_versions_of_their_name,
            of_two_requests_with_one_key_one_is_new,
            requests_are_forgotten_in_time,
            what_has_expired_is_tidied_up,
        );
    };
    ($ground:ty: tests of people: $($part:ident,)*) => {
        $(
            #[tokio::test]
            async fn $part() {
                $crate::people::tests::$part::<$ground>().await;
            }
        )*
    };
    ($ground:ty: $($part:ident,)*) => {
        $(
            #[tokio::test]
            async fn $part() {
                $crate::conformance::$part::<$ground>().await;
            }
        )*
    };
}
pub(crate) use conformance;

pub fn study(name: &str) -> Study {
    Study {
        name: Name::new(name).unwrap(),
        description: Some("a study".into()),
        application: Application::new(Program::Command(Vec::new())),
        space: SpaceSpec::default(),
        run: RunPolicy::default(),
        source: "/tmp/höhe 1".into(),
    }
}

pub fn attempt(number: u32, cause: Option<Cause>) -> Attempt {
    Attempt {
        number,
        ended: cause.map_or(How::Succeeded, How::Failed),
        started: Timestamp(1_700_000_000_000_000 + i64::from(number)),
        wall: Micros(1000),
        cpu: Micros(600),
        peak_memory: Bytes(3 << 20),
        exit_code: Some(0),
        worker: 0,
        slot: 1,
        stdout: OutputFile { tail: b"out\n".to_vec(), length: 4, file: None },
        stderr: OutputFile::default(),
    }
}

pub fn good(index: u64) -> RunRecord {
    let outputs = vec![Value::Float(index as f64 / 3.0), Value::Integer(index as i64)];
    RunRecord { index, last: attempt(1, None), earlier: Vec::new(), outputs }
}

pub fn bad(index: u64, cause: Cause) -> RunRecord {
    let earlier = vec![attempt(1, Some(Cause::LostWorker))];
    RunRecord { index, last: attempt(2, Some(cause)), earlier, outputs: vec![Value::Missing; 2] }
}

pub async fn studies_are_versions_of_their_name<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    let first = store.create("default", &study("hes1")).await.unwrap();
    assert_eq!((first.version, first.state, &first.study), (1, StudyState::Open, &study("hes1")));
    let second = store.create("default", &study("hes1")).await.unwrap();
    let other = store.create("default", &study("pi")).await.unwrap();
    assert_eq!((second.version, other.version), (2, 1));
    assert_eq!(store.find("default", "hes1", None).await.unwrap().as_ref(), Some(&second));
    assert_eq!(store.find("default", "hes1", Some(1)).await.unwrap().as_ref(), Some(&first));
    assert_eq!(store.find("default", "hes2", None).await.unwrap(), None);
    let names = |rows: Vec<StudyRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(names(store.studies().await.unwrap()), [first.id, second.id, other.id]);
    assert_eq!(store.summaries().await.unwrap().len(), 3);

    store.set_state(first.id, StudyState::Cancelled).await.unwrap();
    let changed = Study { description: None, ..study("hes1") };
    store.replace(first.id, &changed).await.unwrap();
    let row = store.study(first.id).await.unwrap();
    assert_eq!((row.state, row.study), (StudyState::Cancelled, changed));

    store.delete(other.id).await.unwrap();
    assert!(store.find("default", "pi", None).await.unwrap().is_none());
    assert!(
        store.create("default", &study("pi")).await.unwrap().id > other.id,
        "an identity is never used again"
    );
}

pub async fn what_is_not_there_is_named_with_what_is_near<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    let row = store.create("default", &study("hes1")).await.unwrap();
    assert_eq!(store.require("default", "hes1", None).await.unwrap(), row);
    let mut messages = vec![
        store.require("default", "hes2", None).await.unwrap_err().to_string(),
        store.require("default", "hes1", Some(7)).await.unwrap_err().to_string(),
        store.require("default", "zzz", None).await.unwrap_err().to_string(),
    ];
    let gone = StudyId(99);
    for error in [
        store.study(gone).await.err(),
        store.set_state(gone, StudyState::Open).await.err(),
        store.replace(gone, &study("x")).await.err(),
        store.commit(gone, &[good(1)]).await.err(),
        store.commit(gone, &[]).await.err(),
        store.reopen(gone, &RoaringTreemap::new()).await.err(),
        store.worked(gone, Micros(1)).await.err(),
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

pub async fn results_come_back_and_are_counted<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    let id = store.create("default", &study("s")).await.unwrap().id;
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

pub async fn a_run_is_committed_once_in_a_commit_and_all_or_none<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    let id = store.create("default", &study("s")).await.unwrap().id;
    let twice = store.commit(id, &[good(1), good(4), good(1)]).await.unwrap_err();
    assert!(matches!(twice, StoreError::Duplicate { index: 1 }), "{twice}");
    assert_eq!(store.ended(id).await.unwrap(), Ended::default());
    store.commit(id, &[good(1)]).await.unwrap();
    store.commit(id, &[bad(1, Cause::Cancelled)]).await.unwrap();
    let ended = store.ended(id).await.unwrap();
    assert_eq!((ended.succeeded.len(), ended.failed.len()), (0, 1), "the later one counts for readers");
    assert!(!store.run(id, 1).await.unwrap().unwrap().succeeded());
}

pub async fn failed_runs_are_opened_again_and_superseded<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    let id = store.create("default", &study("s")).await.unwrap().id;
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

pub async fn the_time_worked_only_grows<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    let id = store.create("default", &study("s")).await.unwrap().id;
    for (said, known) in [(0, 0), (7, 7), (5, 7), (9, 9)] {
        store.worked(id, Micros(said)).await.unwrap();
        assert_eq!(store.study(id).await.unwrap().counts.worked, Micros(known));
    }
    store.commit(id, &[good(0)]).await.unwrap();
    assert_eq!(store.study(id).await.unwrap().counts.worked, Micros(9), "a commit leaves it");
}

pub async fn many_small_batches_are_read_in_pages<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    let id = store.create("default", &study("s")).await.unwrap().id;
    // One transaction holds several batches when its runs are many.
    let runs: Vec<RunRecord> =
        (0..70_000).rev().map(|i| RunRecord { outputs: Vec::new(), ..good(i) }).collect();
    assert_eq!(store.commit(id, &runs).await.unwrap().seq, Seq(2));
    assert_eq!(store.ended(id).await.unwrap().succeeded.len(), 70_000);
    assert_eq!(store.run(id, 69_999).await.unwrap().as_ref(), runs.first());
    assert_eq!(store.run(id, 0).await.unwrap().as_ref(), runs.last());
}

pub async fn a_store_is_read_while_it_is_written<G: Ground>() {
    let ground = G::new().await;
    let writer = ground.open(OpenMode::Create).await.unwrap();
    let id = writer.create("default", &study("s")).await.unwrap().id;
    let reader = ground.open(OpenMode::ReadOnly).await.unwrap();
    let second = ground.open(OpenMode::Create).await.unwrap();
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

pub async fn a_study_is_held_once<G: Ground>() {
    let ground = G::new().await;
    let (store, other) =
        (ground.open(OpenMode::Create).await.unwrap(), ground.open(OpenMode::Existing).await.unwrap());
    let first = store.create("default", &study("s")).await.unwrap().id;
    let second = store.create("default", &study("s")).await.unwrap().id;
    assert_eq!(other.holder(first).await.unwrap(), None);
    let lock = store.lock(first).await.unwrap();
    for store in [&store, &other] {
        let refused = store.lock(first).await.unwrap_err();
        assert!(matches!(&refused, Held::By(holder) if holder.pid == std::process::id()), "{refused}");
        assert_eq!(store.holder(first).await.unwrap().unwrap().pid, std::process::id());
        assert_eq!(store.holder(second).await.unwrap(), None);
    }
    let beside = other.lock(second).await.unwrap();
    store.commit(first, &[good(1)]).await.unwrap();
    other.commit(second, &[good(1)]).await.unwrap();
    drop((lock, beside));
    let again = other.lock(first).await.unwrap();
    other.commit(first, &[good(2)]).await.unwrap();
    drop(again);
    assert!(matches!(store.lock(StudyId(99)).await, Err(Held::Failed(StoreError::NoSuchStudy { .. }))));
}

pub async fn a_store_is_there_once_it_was_made<G: Ground>() {
    let ground = G::new().await;
    for mode in [OpenMode::Existing, OpenMode::ReadOnly] {
        assert!(matches!(ground.open(mode).await, Err(StoreError::NoStore { .. })));
    }
    let id = ground.open(OpenMode::Create).await.unwrap().create("default", &study("s")).await.unwrap().id;
    for mode in [OpenMode::Create, OpenMode::Existing, OpenMode::ReadOnly] {
        let store = ground.open(mode).await.unwrap();
        assert_eq!(store.summaries().await.unwrap()[0].id, id);
        assert_eq!(
            store.token().await.unwrap(),
            ground.open(OpenMode::ReadOnly).await.unwrap().token().await.unwrap()
        );
    }
    let reader = ground.open(OpenMode::ReadOnly).await.unwrap();
    assert!(matches!(reader.set_state(id, StudyState::Paused).await, Err(StoreError::ReadOnly { .. })));
}

/// Everything that can be read of a study's results.
async fn contents(store: &dyn Store, id: StudyId) -> Vec<Content> {
    let batches = store.batches(id, None, 1000).await.unwrap();
    batches.iter().map(|batch| batch.decode().unwrap()).collect()
}

/// Two stores, and in the first a study beside another.
async fn two<G: Ground>() -> (G, G, G::Store, G::Store, StudyRow) {
    let (here, there) = (G::new().await, G::new().await);
    let from = here.open(OpenMode::Create).await.unwrap();
    let to = there.open(OpenMode::Create).await.unwrap();
    from.create("default", &study("other")).await.unwrap();
    let id = from.create("default", &study("s")).await.unwrap().id;
    from.commit(id, &[good(0), bad(1, Cause::Cancelled), good(2)]).await.unwrap();
    from.reopen(id, &RoaringTreemap::from_iter([1])).await.unwrap();
    for i in 3..40 {
        from.commit(id, &[good(i)]).await.unwrap();
    }
    from.commit(id, &[bad(1, Cause::Exit { code: 2 })]).await.unwrap();
    from.set_state(id, StudyState::Paused).await.unwrap();
    let row = from.study(id).await.unwrap();
    (here, there, from, to, row)
}

pub async fn a_study_moves_with_all_that_it_has<G: Ground>() {
    let (_here, _there, from, to, row) = two::<G>().await;
    let before = contents(&from, row.id).await;
    let mut moving = Move::begin(&from, &to, row.clone()).await.unwrap();
    let mut runs = 0;
    moving.copy(&mut |more| runs += more).await.unwrap();
    assert_eq!(runs, 3 + 1 + 37 + 1, "a reopening counts as what it opens");
    assert!(to.summaries().await.unwrap().is_empty(), "it is not there before all of it is");
    assert_eq!(to.check(false).await.unwrap().len(), 1, "but what has not wholly arrived is named");
    assert!(moving.hand_over(false).await.unwrap());
    let arrived = moving.arrived_as;
    let refused = from.commit(row.id, &[good(99)]).await.unwrap_err();
    assert!(refused.to_string().contains("study s@1 is being moved to"), "{refused}");
    assert!(matches!(from.lock(row.id).await, Err(Held::By(_))));
    assert_eq!(moving.finish().await.unwrap(), row.counts);
    assert!(matches!(from.study(row.id).await, Err(StoreError::NoSuchStudy { .. })));
    assert_eq!(contents(&to, arrived).await, before);
    let there = to.study(arrived).await.unwrap();
    assert_eq!(there, StudyRow { id: arrived, ..row });
    assert_eq!(to.run(arrived, 5).await.unwrap(), Some(good(5)), "with the tail of its output");
    assert!(to.check(true).await.unwrap().is_empty() && from.check(true).await.unwrap().is_empty());
    let _held = to.lock(arrived).await.unwrap();
    to.commit(arrived, &[good(99)]).await.unwrap();
}

pub async fn what_is_changed_meanwhile_goes_along<G: Ground>() {
    let (_here, _there, from, to, row) = two::<G>().await;
    let mut moving = Move::begin(&from, &to, row.clone()).await.unwrap();
    moving.copy(&mut |_| ()).await.unwrap();
    // Whoever retries or extends does not ask for the lock.
    assert_eq!(from.reopen(row.id, &RoaringTreemap::from_iter([1])).await.unwrap(), 1);
    let changed = Study { description: None, ..study("s") };
    from.replace(row.id, &changed).await.unwrap();
    assert!(!moving.hand_over(false).await.unwrap(), "it is not as it was copied");
    moving.copy(&mut |_| ()).await.unwrap();
    assert!(moving.hand_over(false).await.unwrap());
    let arrived = moving.arrived_as;
    moving.finish().await.unwrap();
    let there = to.study(arrived).await.unwrap();
    assert_eq!((there.study, there.state), (changed, StudyState::Open));
    assert!(to.ended(arrived).await.unwrap().failed.is_empty());
}

pub async fn a_move_that_was_cut_off_goes_on<G: Ground>() {
    let (_here, _there, from, to, row) = two::<G>().await;
    let before = contents(&from, row.id).await;
    // Cut off after each step in turn.
    for steps in 0..4 {
        let mut moving = Move::begin(&from, &to, row.clone()).await.unwrap();
        if steps > 0 {
            moving.copy(&mut |_| ()).await.unwrap();
        }
        if steps > 1 {
            assert!(moving.hand_over(false).await.unwrap());
        }
        if steps > 2 {
            moving.finish().await.unwrap();
        }
        let seen = (
            from.find("default", "s", None).await.unwrap().is_some(),
            to.find("default", "s", None).await.unwrap().is_some(),
        );
        assert_eq!(seen, [(true, false), (true, false), (true, true), (false, true)][steps]);
    }
    let arrived = to.find("default", "s", None).await.unwrap().unwrap();
    assert_eq!(contents(&to, arrived.id).await, before);
    // And back, where its number is another now.
    let mut moving = Move::begin(&to, &from, arrived).await.unwrap();
    moving.copy(&mut |_| ()).await.unwrap();
    assert!(moving.hand_over(false).await.unwrap());
    assert!(moving.arrived_as > row.id);
    let back = moving.arrived_as;
    moving.finish().await.unwrap();
    assert_eq!(contents(&from, back).await, before);
}

pub async fn a_study_that_cannot_move_stays<G: Ground>() {
    let (_here, _there, from, to, row) = two::<G>().await;
    let elsewhere = G::new().await;
    let third = elsewhere.open(OpenMode::Create).await.unwrap();
    let held = from.lock(row.id).await.unwrap();
    assert!(matches!(Move::begin(&from, &to, row.clone()).await, Err(Held::By(_))), "it is driven");
    drop(held);
    let theirs = to.create("default", &study("s")).await.unwrap();
    let occupied = Move::begin(&from, &to, row.clone()).await;
    assert!(matches!(occupied, Err(Held::Failed(StoreError::Occupied { .. }))));
    to.delete(theirs.id).await.unwrap();
    // On its way to one store it does not go to another.
    let mut moving = Move::begin(&from, &to, row.clone()).await.unwrap();
    moving.copy(&mut |_| ()).await.unwrap();
    assert!(moving.hand_over(false).await.unwrap());
    drop(moving);
    let refused = Move::begin(&from, &third, row.clone()).await;
    assert!(matches!(refused, Err(Held::Failed(StoreError::Moving { .. }))));
    let refused = from.lock(row.id).await;
    assert!(matches!(refused, Err(Held::Failed(StoreError::Moving { .. }))), "and is not driven here");
    assert_eq!(from.check(false).await.unwrap().len(), 1, "what has not wholly left is named");
    // A copy is in both, and does not replace what is there.
    let other = from.find("default", "other", None).await.unwrap().unwrap();
    let mut copying = Move::begin(&from, &to, other.clone()).await.unwrap();
    copying.copy(&mut |_| ()).await.unwrap();
    assert!(copying.hand_over(true).await.unwrap());
    drop(copying);
    assert!(to.find("default", "other", None).await.unwrap().is_some());
    from.set_state(other.id, StudyState::Cancelled).await.unwrap();
    assert!(matches!(Move::begin(&from, &to, other).await, Err(Held::Failed(StoreError::Occupied { .. }))));
}

pub async fn studies_are_of_their_projects<G: Ground>() {
    let ground = G::new().await;
    let store = ground.open(OpenMode::Create).await.unwrap();
    for project in ["bio", "bi_"] {
        store.create_project(&Name::new(project).unwrap(), "A project").await.unwrap();
    }
    let ours = store.create("bio", &study("s")).await.unwrap();
    let theirs = store.create("default", &study("s")).await.unwrap();
    let again = store.create("bio", &study("s")).await.unwrap();
    assert_eq!((ours.version, theirs.version, again.version), (1, 1, 2), "versions are of a project");
    assert_eq!((ours.project.as_str(), ours.name.as_str(), ours.title()), ("bio", "s", "bio:s".to_owned()));
    assert_eq!((theirs.project.as_str(), again.title()), ("default", "bio:s@2".to_owned()));
    assert_eq!(store.find("bio", "s", None).await.unwrap(), Some(again.clone()));
    assert_eq!(store.find("bio", "s", Some(1)).await.unwrap(), Some(ours));
    assert_eq!(store.require("default", "s", None).await.unwrap(), theirs);
    assert_eq!(store.find("bi_", "s", None).await.unwrap(), None);
    assert_eq!(
        store.find("default", "bio/s", None).await.unwrap(),
        None,
        "nobody reaches into another project"
    );
    assert_eq!(store.summaries().await.unwrap()[2], again.summary());

    let mut messages = Vec::new();
    for error in [
        store.require("bio", "z", None).await,
        store.require("bio", "s", Some(7)).await,
        store.require("bi_", "s", None).await,
        store.create("chem", &study("s")).await,
        store.create("bio/x", &study("s")).await,
    ] {
        messages.push(error.unwrap_err().to_string());
    }
    insta::assert_snapshot!(messages.join("\n"), @"
    there is no study `bio:z`; `paramo list` shows those there are
    there is no study `bio:s` version 7; did you mean `bio:s@2`?
    there is no study `bi_:s`; `paramo list` shows those there are
    there is no project `chem`
    there is no project `bio/x`
    ");
}

pub async fn a_study_moves_into_the_project_of_the_same_name<G: Ground>() {
    let (_here, _there, from, to, row) = two::<G>().await;
    let bio = Name::new("bio").unwrap();
    for store in [&from, &to] {
        store.create_project(&bio, "Biology").await.unwrap();
    }
    from.create_project(&Name::new("chem").unwrap(), "Chemistry").await.unwrap();
    to.create("bio", &study("s")).await.unwrap();
    for (project, lands) in [("bio", "bio:t"), ("chem", "u")] {
        let made = from.create(project, &study(lands.trim_start_matches("bio:"))).await.unwrap();
        from.commit(made.id, &[good(0), good(1)]).await.unwrap();
        let used = from.usage(project).await.unwrap();
        let mut moving = Move::begin(&from, &to, from.study(made.id).await.unwrap()).await.unwrap();
        moving.copy(&mut |_| ()).await.unwrap();
        // Cut off, and gone on with where it had begun, though there is such a project now.
        drop(moving);
        if project == "chem" {
            to.create_project(&Name::new("chem").unwrap(), "Chemistry").await.unwrap();
        }
        let mut moving = Move::begin(&from, &to, from.study(made.id).await.unwrap()).await.unwrap();
        moving.copy(&mut |_| ()).await.unwrap();
        assert!(moving.hand_over(false).await.unwrap());
        let arrived = moving.arrived_as;
        moving.finish().await.unwrap();
        assert_eq!(to.study(arrived).await.unwrap().title(), lands);
        assert_eq!(from.usage(project).await.unwrap(), crate::Usage::default());
        let there = to.usage(if project == "bio" { "bio" } else { "default" }).await.unwrap();
        assert_eq!((there.cpu, there.storage), (used.cpu, used.storage), "what it used goes along");
    }
    // In `default`, where it was.
    let mut moving = Move::begin(&from, &to, row).await.unwrap();
    moving.copy(&mut |_| ()).await.unwrap();
    assert!(moving.hand_over(false).await.unwrap());
    assert_eq!(to.study(moving.arrived_as).await.unwrap().title(), "s");
}

/// Puts a study with results into the tables of version 2.
pub async fn fill_old(session: &mut crate::session::Session<'_>) {
    use crate::session::cells;
    let mut counts = Counts::default();
    let runs = [good(0), bad(1, Cause::Exit { code: 3 })];
    runs.iter().for_each(|run| counts.add(run));
    let counts = serde_json::to_string(&counts).unwrap();
    let definition = serde_json::to_string(&study("old")).unwrap();
    let cells = cells!["old", 2, "finished", 5, 6, counts, definition, "1/1"];
    let (id,): (i64,) = session.optional(crate::sql::ARRIVE, cells).await.unwrap().unwrap();
    for parts in &mut crate::write::encode(&runs).unwrap() {
        let place = BatchId { study: StudyId(id), seq: Seq(1) };
        parts.sign(place);
        crate::write::insert(session, place, parts).await.unwrap();
    }
    session.execute("UPDATE studies SET seq = 1, moving = NULL, origin = NULL", cells![]).await.unwrap();
}

pub async fn an_older_store_keeps_what_it_has<G: Ground>() {
    let ground = G::new().await;
    ground.old(2).await;
    let refused = ground.open(OpenMode::ReadOnly).await.err().unwrap();
    assert!(matches!(refused, StoreError::Older { found: 2, .. }), "{refused}");
    let store = ground.open(OpenMode::Existing).await.unwrap();
    let row = store.require("default", "old", None).await.unwrap();
    assert_eq!((row.version, row.title()), (2, "old@2".to_owned()));
    assert_eq!(store.run(row.id, 0).await.unwrap(), Some(good(0)));
    let batches = store.batches(row.id, None, 9).await.unwrap();
    let output = 1 + batches[0].row.head.len() + batches[0].row.data.len();
    let used = store.usage("default").await.unwrap();
    assert_eq!((used.studies, used.cpu), (1, row.counts.cpu));
    assert_eq!(used.cpu, Micros(1800));
    assert!(used.storage.0 >= output as u64, "{used:?}");
    // What it had and what comes are counted alike.
    store.commit(row.id, &[good(2), bad(3, Cause::Exit { code: 3 })]).await.unwrap();
    let more = store.usage("default").await.unwrap();
    assert_eq!(more.cpu, Micros(3600));
    assert!(more.storage.0.abs_diff(2 * used.storage.0) < 16, "{used:?} {more:?}");
    assert!(store.check(true).await.unwrap().is_empty());
    assert!(!store.has_users().await.unwrap());
    assert_eq!(store.projects().await.unwrap().len(), 1);
    assert!(store.project("default").await.unwrap().created > Timestamp(1_600_000_000_000_000));
    ground.open(OpenMode::ReadOnly).await.unwrap();
}
