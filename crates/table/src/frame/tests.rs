//! That results in memory are those of the store, however they came and whoever still reads older ones.

use paramo_model::{Axis, Block, Cause, Factor, Name, RunRecord, Value};
use paramo_store::{OpenMode, SqliteStore, Store, StudyRow};
use roaring::RoaringTreemap;

use crate::tests::{run, stored, study, summary};
use crate::{Column, Data, Frame, Growing, Options, ResultTable, Which};

/// Adds what has been committed since.
async fn grow(growing: &mut Growing, store: &SqliteStore, row: &StudyRow) {
    let batches = store.batches(row.id, growing.frame().seq, 1000).await.unwrap();
    batches.iter().for_each(|batch| growing.add(batch).unwrap());
}

async fn whole(store: &SqliteStore, row: &StudyRow) -> Growing {
    let mut growing = Growing::new(row).unwrap();
    grow(&mut growing, store, row).await;
    growing
}

/// Cells as they are read: what lies below a missing one, and which codes texts have, is nobody's business.
fn cells(table: &ResultTable) -> Vec<(String, Option<String>, Vec<String>)> {
    let values = |column: &Column| (0..table.rows).map(|row| format!("{:?}", column.value(row))).collect();
    table.columns.iter().map(|column| (column.name.clone(), column.unit.clone(), values(column))).collect()
}

fn questions() -> Vec<Options> {
    let all = Options::default();
    let condition = |text: &str| Some(text.to_owned());
    vec![
        all.clone(),
        Options { succeeded_only: true, ..all.clone() },
        Options { condition: condition("k > 1 and state == 'succeeded'"), ..all.clone() },
        Options {
            sort: Some("-y".into()),
            limit: Some(3),
            columns: vec!["index".into(), "y".into()],
            ..all.clone()
        },
        Options { sort: Some("mode".into()), ..all.clone() },
        Options { sort: Some("-y".into()), condition: condition("k < 2 or mode == 'slow'"), ..all.clone() },
        Options {
            summary: Some(summary(&["mode"], &["mean:y", "max:_wall", "quantile:0.9:y"])),
            ..all.clone()
        },
        Options {
            summary: Some(summary(&["k", "mode"], &["sum:y"])),
            sort: Some("-n".into()),
            ..all.clone()
        },
        Options { summary: Some(summary(&["y", "cause"], &["first:mode"])), ..all.clone() },
        Options { summary: Some(summary(&[], &["sd:y"])), condition: condition("k < 2"), ..all },
    ]
}

async fn same(frame: &Frame, store: &SqliteStore, row: &StudyRow) {
    for options in questions() {
        let loaded = ResultTable::load(store, row, &options).await.unwrap();
        assert_eq!(cells(&frame.select(&options).unwrap()), cells(&loaded), "{options:?}");
    }
}

/// A study of 60 points of which the same value of `y` is now an integer, now a float, now none.
async fn history(store: &SqliteStore) -> (StudyRow, Vec<Vec<RunRecord>>) {
    let mut study = study();
    let numbers = (0..30).map(|i| Value::Float(f64::from(i) / 10.0)).collect();
    study.space.blocks[0].factors[0] = Factor::Axis(Name::new("k").unwrap(), Axis::Values(numbers));
    let row = store.create("default", &study).await.unwrap();
    let mut state = 7u64;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let commits = (0..40).map(|_| {
        let mut runs: Vec<RunRecord> = Vec::new();
        for _ in 0..=next(4) {
            let index = next(60);
            if runs.iter().any(|run| run.index == index) {
                continue;
            }
            let y = match next(5) {
                0 => Value::Integer(next(3) as i64),
                1 => Value::Missing,
                2 => Value::Float(f64::NAN),
                _ => Value::Float(next(4) as f64 / 2.0),
            };
            let cause = (next(4) == 0).then_some(Cause::Exit { code: 1 });
            runs.push(run(index, cause.clone(), if cause.is_some() { Value::Missing } else { y }));
        }
        runs
    });
    (row, commits.collect())
}

#[tokio::test]
async fn results_in_memory_are_those_of_the_store_at_every_moment() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path(), OpenMode::Create).await.unwrap().store;
    let (row, commits) = history(&store).await;
    let mut growing = Growing::new(&row).unwrap();
    let mut kept = Vec::new();
    for (at, runs) in commits.iter().enumerate() {
        store.commit(row.id, runs).await.unwrap();
        if at % 5 == 4 {
            let failed = store.ended(row.id).await.unwrap().failed;
            let some: RoaringTreemap = failed.iter().step_by(2).collect();
            store.reopen(row.id, &some).await.unwrap();
        }
        grow(&mut growing, &store, &row).await;
        if at % 3 == 2 {
            growing.settle();
        }
        let frame = growing.frame();
        same(&frame, &store, &row).await;
        kept.push((frame.clone(), cells(&frame.select(&Options::default()).unwrap())));
    }
    // Who read it then still sees it as it was, also through what is shared to make groups.
    for (frame, before) in &kept {
        assert_eq!(&cells(&frame.select(&Options::default()).unwrap()), before);
        let groups = frame.groups(&frame.rows(&Which::default()).unwrap(), &["y".to_owned()]).unwrap();
        let rows: usize = groups.each().map(<[usize]>::len).sum();
        assert_eq!(rows, before[0].2.len());
    }
}

#[tokio::test]
async fn nothing_is_copied_to_grow_when_nobody_reads_what_is_older() {
    let directory = tempfile::tempdir().unwrap();
    let (store, row) = stored(directory.path()).await;
    let mut growing = whole(&store, &row).await;
    let address = |frame: &Frame| std::ptr::from_ref::<Column>(&frame.columns()[0]);
    let before = address(&growing.frame());
    store.commit(row.id, &[run(2, None, 1.into())]).await.unwrap();
    grow(&mut growing, &store, &row).await;
    assert_eq!(address(&growing.frame()), before);
    let reader = growing.frame();
    store.commit(row.id, &[run(1, None, 1.into())]).await.unwrap();
    grow(&mut growing, &store, &row).await;
    assert_ne!(address(&growing.frame()), address(&reader));
}

#[tokio::test]
async fn runs_are_chosen_by_how_they_ended() {
    let directory = tempfile::tempdir().unwrap();
    let (store, row) = stored(directory.path()).await;
    let frame = whole(&store, &row).await.frame();
    let index = |which: Which| -> Vec<f64> {
        let rows = frame.rows(&which).unwrap();
        rows.iter().map(|row| frame.columns()[0].number(*row)).collect()
    };
    assert_eq!(index(Which { succeeded: Some(false), ..Which::default() }), [5.0]);
    assert_eq!(index(Which { succeeded: Some(true), ..Which::default() }), [0.0, 3.0, 4.0]);
    assert_eq!(index(Which { cause: Some("lost-worker".into()), ..Which::default() }), [5.0]);
    assert_eq!(index(Which { cause: Some("exit".into()), ..Which::default() }), [0.0; 0]);
    assert_eq!(frame.column("kk").unwrap_err().to_string(), "there is no column `kk`; did you mean `k`?");
}

#[tokio::test]
async fn a_study_that_has_grown_still_fits_and_one_that_is_another_does_not() {
    let directory = tempfile::tempdir().unwrap();
    let (store, row) = stored(directory.path()).await;
    let mut growing = whole(&store, &row).await;
    assert!(growing.fits(&row).unwrap());
    let mut wider = row.clone();
    let axis = Factor::Axis(Name::new("k").unwrap(), Axis::Values(vec![Value::Float(9.5)]));
    let mode = Factor::Axis(Name::new("mode").unwrap(), Axis::Values(vec!["fast".into()]));
    wider.study.space.blocks.push(Block { factors: vec![axis, mode], condition: None });
    store.replace(row.id, &wider.study).await.unwrap();
    assert!(growing.fits(&wider).unwrap());
    store.commit(row.id, &[run(6, None, 1.into())]).await.unwrap();
    grow(&mut growing, &store, &wider).await;
    same(&growing.frame(), &store, &wider).await;
    let table = growing.frame().select(&Options::default()).unwrap();
    assert_eq!(table.column("k").unwrap().value(table.rows - 1), Value::Float(9.5));
    assert!(growing.fits(&row).unwrap(), "who read the study before it grew may ask");
    let mut other = wider.clone();
    other.study.application.outputs[0].unit = Some("s".into());
    assert!(!growing.fits(&other).unwrap());
    let mut other = wider;
    other.study.space.blocks.remove(0);
    assert!(!growing.fits(&other).unwrap());
}

#[tokio::test]
async fn few_values_are_levels_and_many_are_not() {
    let directory = tempfile::tempdir().unwrap();
    let (store, row) = stored(directory.path()).await;
    let frame = whole(&store, &row).await.frame();
    let rows = frame.rows(&Which::default()).unwrap();
    let levels = frame.levels("mode", &rows, 10).unwrap().unwrap();
    assert_eq!(levels.values, ["slow".into(), "fast".into()]);
    assert_eq!(
        rows.iter().map(|row| levels.of(*row)).collect::<Vec<_>>(),
        [Some(0), Some(1), Some(0), Some(1)]
    );
    let levels = frame.levels("k", &rows[1..], 2).unwrap().unwrap();
    assert_eq!(levels.values, [Value::Float(1.5), Value::Float(2.5)], "only of the rows that are shown");
    assert!(frame.levels("k", &rows, 2).unwrap().is_none());
    let y = frame.levels("y", &rows, 9).unwrap().unwrap();
    assert_eq!(y.values, [Value::Float(0.5), Value::Float(2.0)]);
    assert_eq!(y.of(rows[1]), None, "NaN is no level");
    assert!(matches!(frame.column("y").unwrap().data, Data::Float(_)));
}
