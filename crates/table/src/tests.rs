//! Tables from a real store and a real space, and what people see of them.

use std::sync::Arc;

use paramo_model::{
    Application, Attempt, Axis, Block, Bytes, Cause, Ended, Factor, Micros, Name, Output, OutputFile,
    OutputSource, Parameter, ParameterType, Program, RunPolicy, RunRecord, SpaceSpec, Study, StudyId,
    Timestamp, Value,
};
use paramo_store::{OpenMode, SqliteStore, Store, StudyRow};
use proptest::prelude::*;
use roaring::RoaringTreemap;

use crate::builder::Builder;
use crate::{Asked, Column, Options, ResultTable, Role, Summary, TableError, format, statistic};

pub fn application() -> Application {
    Application::new(Program::Command(Vec::new()))
}

pub fn parameter(name: &str) -> Parameter {
    Parameter::new(Name::new(name).unwrap(), ParameterType::Float)
}

pub fn output(name: &str) -> Output {
    Output {
        name: Name::new(name).unwrap(),
        source: OutputSource::Json { field: name.into(), file: None },
        kind: None,
        unit: None,
        description: None,
        required: false,
    }
}

fn column(name: &str, unit: Option<&str>, role: Role, values: &[Value]) -> Column {
    let mut builder = Builder::new(None);
    values.iter().for_each(|value| builder.push(value.clone()));
    builder.finish(name.into(), unit.map(str::to_owned), role)
}

fn table(rows: usize, columns: Vec<Column>) -> ResultTable {
    ResultTable { study: Name::new("sample").unwrap(), version: 2, rows, columns }
}

/// Two columns of texts, `a` and `b`.
pub fn texts(rows: &[(String, String)]) -> ResultTable {
    let texts = |get: fn(&(String, String)) -> &String| -> Vec<Value> {
        rows.iter().map(|row| Value::string(get(row).as_str())).collect()
    };
    let columns = vec![
        column("a", None, Role::Output(0), &texts(|row| &row.0)),
        column("b", None, Role::Output(1), &texts(|row| &row.1)),
    ];
    table(rows.len(), columns)
}

/// A value of every kind, and none.
pub fn sample() -> ResultTable {
    use Value::{Boolean, Float, Integer, Missing};
    let columns = vec![
        column("index", None, Role::Index, &[Integer(0), Integer(1), Integer(2), Integer(7)]),
        column("k", Some("1/min"), Role::Parameter(0), &[Float(1e9), Float(0.1), Float(2.0), Float(-0.0)]),
        column("mode", None, Role::Parameter(1), &["a".into(), "".into(), " b, \"c\"".into(), Missing]),
        column("on", None, Role::Output(0), &[Boolean(true), Missing, Boolean(false), Missing]),
        column(
            "y",
            None,
            Role::Output(1),
            &[Float(f64::NAN), Float(f64::NEG_INFINITY), Missing, Float(1.5e-7)],
        ),
        column("none", None, Role::Output(2), &[Missing, Missing, Missing, Missing]),
    ];
    table(4, columns)
}

fn written(table: &ResultTable, name: &str) -> String {
    let mut bytes = Vec::new();
    format(name).unwrap().write(table, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn csv_as_people_see_it() {
    insta::assert_snapshot!(written(&sample(), "csv"), @r#"
    index,k,mode,on,y,none
    0,1000000000,a,true,NaN,
    1,0.1,"",,-inf,
    2,2," b, ""c""",false,,
    7,-0,,,1.5e-7,
    "#);
    let mut only = sample();
    only.select(&["y".to_owned()]).unwrap();
    insta::assert_snapshot!(written(&only, "csv"), @r#"
    y
    NaN
    -inf
    ""
    1.5e-7
    "#);
}

#[test]
fn json_lines_as_people_see_them() {
    insta::assert_snapshot!(written(&sample(), "jsonl"), @r#"
    {"index":0,"k":1000000000.0,"mode":"a","on":true,"y":"NaN","none":null}
    {"index":1,"k":0.1,"mode":"","on":null,"y":"-inf","none":null}
    {"index":2,"k":2.0,"mode":" b, \"c\"","on":false,"y":null,"none":null}
    {"index":7,"k":-0.0,"mode":null,"on":null,"y":1.5e-7,"none":null}
    "#);
}

#[test]
fn json_is_one_document() {
    let mut table = sample();
    table.truncate(2);
    table.select(&["index".to_owned(), "y".to_owned()]).unwrap();
    assert_eq!(written(&table, "json"), "[\n{\"index\":0,\"y\":\"NaN\"},\n{\"index\":1,\"y\":\"-inf\"}\n]\n");
    table.truncate(0);
    assert_eq!(serde_json::from_str::<Vec<serde_json::Value>>(&written(&table, "json")).unwrap(), [0; 0]);
    assert_eq!(written(&table, "jsonl"), "");
}

fn indices(table: &ResultTable) -> Vec<Value> {
    let index = table.columns.iter().find(|column| column.role == Role::Index).unwrap();
    (0..table.rows).map(|row| index.value(row)).collect()
}

fn ints(values: &[i64]) -> Vec<Value> {
    values.iter().map(|i| Value::Integer(*i)).collect()
}

#[test]
fn rows_are_sorted_with_nan_and_nothing_last() {
    for (by, expected) in [
        ("y", [1, 7, 0, 2]),
        ("-y", [7, 1, 0, 2]),
        ("k", [7, 1, 2, 0]),
        ("-k", [0, 2, 1, 7]),
        ("mode", [1, 2, 0, 7]),
        ("-on", [0, 2, 1, 7]),
        ("none", [0, 1, 2, 7]),
    ] {
        let mut table = sample();
        table.sort(by).unwrap();
        assert_eq!(indices(&table), ints(&expected), "{by}");
    }
}

#[test]
fn rows_and_columns_are_selected() {
    for (condition, expected) in [
        ("k > 1", vec![0, 2]),
        ("mode in ['a', '']", vec![0, 1]),
        ("y < 0 or on", vec![0, 1]),
        ("none == 1", vec![]),
    ] {
        let mut table = sample();
        table.filter(condition).unwrap();
        assert_eq!(indices(&table), ints(&expected), "{condition}");
    }
    let mut table = sample();
    table.truncate(2);
    table.truncate(5);
    table.select(&["y", "index", "y"].map(str::to_owned)).unwrap();
    assert_eq!(table.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(), ["y", "index"]);
    assert_eq!(table.rows, 2);
    let messages = [
        table.filter("perod > 1").unwrap_err(),
        table.filter("index + 1").unwrap_err(),
        table.sort("-ndex").unwrap_err(),
        table.select(&["zzzz".to_owned()]).unwrap_err(),
    ]
    .map(|error| error.to_string());
    assert!(messages[0].starts_with("the condition `perod > 1` cannot be used: "), "{}", messages[0]);
    assert!(messages[1].contains("must be true or false"), "{}", messages[1]);
    assert_eq!(messages[2], "there is no column `ndex`; did you mean `index`?");
    assert_eq!(messages[3], "there is no column `zzzz`; the columns are y, index");
}

pub fn study() -> Study {
    let mut application = application();
    application.parameters = vec![
        Parameter { unit: Some("1/min".into()), ..parameter("k") },
        Parameter::new(Name::new("mode").unwrap(), ParameterType::Choice(vec!["slow".into(), "fast".into()])),
    ];
    application.outputs = vec![output("y"), output("wall")];
    let axis = |name: &str, values: Vec<Value>| Factor::Axis(Name::new(name).unwrap(), Axis::Values(values));
    let factors = vec![
        axis("k", vec![Value::Float(0.5), Value::Float(1.5), Value::Float(2.5)]),
        axis("mode", vec!["slow".into(), "fast".into()]),
    ];
    Study {
        name: Name::new("sample").unwrap(),
        description: None,
        application,
        space: SpaceSpec { blocks: vec![Block { factors, condition: None }] },
        run: RunPolicy::default(),
        source: "/".into(),
    }
}

pub fn run(index: u64, cause: Option<Cause>, y: Value) -> RunRecord {
    let last = Attempt {
        number: 1,
        exit_code: if cause.is_some() { None } else { Some(0) },
        ended: cause.map_or(Ended::Succeeded, Ended::Failed),
        started: Timestamp(1_700_000_000_250_000),
        wall: Micros(1_500_000),
        cpu: Micros(250_000),
        peak_memory: Bytes(4096),
        worker: 0,
        slot: 1,
        stdout: OutputFile::default(),
        stderr: OutputFile::default(),
    };
    let earlier = if index == 4 { vec![last.clone()] } else { Vec::new() };
    RunRecord { index, last, earlier, outputs: vec![y, "long".into()] }
}

pub async fn stored(directory: &std::path::Path) -> (SqliteStore, StudyRow) {
    let store = SqliteStore::open(directory, OpenMode::Create).await.unwrap().store;
    let row = store.create("default", &study()).await.unwrap();
    let exit = Cause::Exit { code: 1 };
    store
        .commit(row.id, &[run(4, None, 2.into()), run(1, Some(exit.clone()), Value::Missing)])
        .await
        .unwrap();
    store
        .commit(row.id, &[run(0, None, Value::Float(0.5)), run(3, Some(exit), Value::Missing)])
        .await
        .unwrap();
    store.reopen(row.id, &RoaringTreemap::from_iter([1, 3])).await.unwrap();
    store
        .commit(
            row.id,
            &[run(3, None, Value::Float(f64::NAN)), run(5, Some(Cause::LostWorker), Value::Missing)],
        )
        .await
        .unwrap();
    (store, row)
}

#[tokio::test]
async fn a_table_is_what_has_ended_sorted_by_index() {
    let directory = tempfile::tempdir().unwrap();
    let (store, row) = stored(directory.path()).await;
    let table = ResultTable::load(&store, &row, &Options::default()).await.unwrap();
    insta::assert_snapshot!(written(&table, "csv"), @"
    index,k,mode,y,wall,state,cause,attempts,exit_code,_wall,cpu,peak_memory,started,worker,slot
    0,0.5,slow,0.5,long,succeeded,,1,0,1.5,0.25,4096,1700000000.25,0,1
    3,1.5,fast,NaN,long,succeeded,,1,0,1.5,0.25,4096,1700000000.25,0,1
    4,2.5,slow,2,long,succeeded,,2,0,1.5,0.25,4096,1700000000.25,0,1
    5,2.5,fast,,long,failed,lost-worker,1,,1.5,0.25,4096,1700000000.25,0,1
    ");
    let units: Vec<String> = table
        .columns
        .iter()
        .filter_map(|column| column.unit.as_ref().map(|unit| format!("{}: {unit}", column.name)))
        .collect();
    assert_eq!(
        units,
        ["k: 1/min", "_wall: s", "cpu: s", "peak_memory: B", "started: s since 1970-01-01 UTC"]
    );
}

#[tokio::test]
async fn options_select_rows_and_columns() {
    let directory = tempfile::tempdir().unwrap();
    let (store, row) = stored(directory.path()).await;
    let options = Options {
        succeeded_only: true,
        condition: Some("k > 1 and attempts >= 1".into()),
        sort: Some("-y".into()),
        limit: Some(1),
        columns: vec!["mode".into(), "y".into()],
        summary: None,
    };
    let table = ResultTable::load(&store, &row, &options).await.unwrap();
    assert_eq!(written(&table, "csv"), "mode,y\nslow,2\n");
    let all = Options { succeeded_only: true, columns: vec!["index".into()], ..Options::default() };
    let table = ResultTable::load(&store, &row, &all).await.unwrap();
    assert_eq!(indices(&table), ints(&[0, 3, 4]));
    for (options, expected) in [
        (
            Options { columns: vec!["moed".into()], ..Options::default() },
            "there is no column `moed`; did you mean `mode`?",
        ),
        (
            Options { sort: Some("-stat".into()), ..Options::default() },
            "there is no column `stat`; did you mean `state`?",
        ),
    ] {
        assert_eq!(ResultTable::load(&store, &row, &options).await.unwrap_err().to_string(), expected);
    }
    let gone = StudyRow { id: StudyId(99), ..row };
    let error = ResultTable::load(&store, &gone, &Options::default()).await.unwrap_err();
    assert!(matches!(error, TableError::Store(_)), "{error}");
}

#[tokio::test]
async fn the_later_of_two_results_of_a_run_counts() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path(), OpenMode::Create).await.unwrap().store;
    let row = store.create("default", &study()).await.unwrap();
    let table = ResultTable::load(&store, &row, &Options::default()).await.unwrap();
    assert_eq!((table.rows, table.columns.len()), (0, 15));
    store.commit(row.id, &[run(2, None, 1.into()), run(1, None, 1.into())]).await.unwrap();
    store.commit(row.id, &[run(1, Some(Cause::Cancelled), 2.into())]).await.unwrap();
    let table = ResultTable::load(&store, &row, &Options::default()).await.unwrap();
    let y = table.column("y").unwrap();
    assert_eq!((indices(&table), y.value(0)), (ints(&[1, 2]), Value::Integer(2)));
    let succeeded = Options { succeeded_only: true, ..Options::default() };
    let table = ResultTable::load(&store, &row, &succeeded).await.unwrap();
    assert_eq!(indices(&table), ints(&[2]), "a failure is not hidden by the success it superseded");
}

#[test]
fn texts_are_kept_once() {
    let column = column("x", None, Role::Index, &["a".into(), "b".into(), "a".into()]);
    let crate::Data::String(texts) = &column.data else { panic!("not texts") };
    assert_eq!(texts.labels, [Arc::from("a"), Arc::from("b")]);
    assert_eq!(texts.codes, [0, 1, 0]);
}

fn asked(text: &str) -> Asked {
    let (name, rest) = text.split_once(':').unwrap();
    Asked::parse(statistic(name).unwrap(), rest).unwrap()
}

pub fn summary(by: &[&str], statistics: &[&str]) -> Summary {
    Summary {
        by: by.iter().map(|name| (*name).to_owned()).collect(),
        statistics: statistics.iter().map(|text| asked(text)).collect(),
    }
}

#[test]
fn groups_stand_in_the_order_of_their_values() {
    use Value::{Float, Integer, Missing};
    let columns = vec![
        column("k", Some("1/min"), Role::Parameter(0), &[2.0, -0.0, f64::NAN, 0.0, 2.0, f64::NAN].map(Float)),
        column(
            "mode",
            None,
            Role::Parameter(1),
            &["slow", "fast", "fast", "slow", "slow", "fast"].map(Value::from),
        ),
        column(
            "y",
            None,
            Role::Output(0),
            &[Integer(1), Integer(5), Missing, Integer(2), Missing, Integer(7)],
        ),
        column(
            "state",
            None,
            Role::State,
            &["succeeded", "succeeded", "succeeded", "succeeded", "failed", "failed"].map(Value::from),
        ),
    ];
    let table = table(6, columns);
    insta::assert_snapshot!(written(&summary(&["k"], &["mean:y", "count:y", "first:mode"]).of(&table).unwrap(), "csv"), @"
    k,n,failed,mean_y,count_y,first_mode,missing_y,missing_mode
    -0,2,0,3.5,2,fast,0,0
    2,2,1,1,1,slow,0,0
    NaN,2,1,7,1,fast,1,0
    ");
    insta::assert_snapshot!(written(&summary(&["mode", "k"], &[]).of(&table).unwrap(), "csv"), @"
    mode,k,n,failed
    slow,0,1,0
    slow,2,2,1
    fast,-0,1,0
    fast,NaN,2,1
    ");
    insta::assert_snapshot!(written(&summary(&[], &["sum:y", "quantile:0.25:y", "sum:y", "max:mode"]).of(&table).unwrap(), "csv"), @"
    n,failed,sum_y,quantile_0.25_y,max_mode,missing_y,missing_mode
    6,2,15,1.75,slow,1,0
    ");
    insta::assert_snapshot!(written(&summary(&["y"], &[]).of(&table).unwrap(), "csv"), @"
    y,n,failed
    1,1,0
    2,1,0
    5,1,0
    7,1,1
    ,2,1
    ");
    let units = summary(&["k"], &["mean:k", "count:k"]).of(&table).unwrap();
    let units: Vec<_> =
        units.columns.iter().filter(|column| column.unit.is_some()).map(|column| &*column.name).collect();
    assert_eq!(units, ["k", "mean_k"]);
    for (wrong, message) in [
        (summary(&["mdoe"], &[]), "there is no column `mdoe`; did you mean `mode`?"),
        (
            summary(&[], &["mean:mode"]),
            "`mean` needs numbers, and `mode` holds texts; of texts there are count, min, max, first",
        ),
    ] {
        assert_eq!(wrong.of(&table).unwrap_err().to_string(), message);
    }
    for (text, message) in [
        ("y", "expected a fraction and a column, such as 0.9:y, found `y`"),
        ("90:y", "expected a fraction from 0 to 1 before the `:`, found `90`"),
        ("x:y", "expected a fraction from 0 to 1 before the `:`, found `x`"),
    ] {
        assert_eq!(Asked::parse(statistic("quantile").unwrap(), text).unwrap_err(), message);
    }
}

#[tokio::test]
async fn a_summary_is_of_the_runs_that_were_chosen() {
    let directory = tempfile::tempdir().unwrap();
    let (store, row) = stored(directory.path()).await;
    let load = async |options: Options| ResultTable::load(&store, &row, &options).await;
    let options =
        Options { summary: Some(summary(&["mode"], &["mean:y", "max:_wall"])), ..Options::default() };
    insta::assert_snapshot!(written(&load(options.clone()).await.unwrap(), "csv"), @"
    mode,n,failed,mean_y,max__wall,missing_y,missing__wall
    slow,2,0,1.25,1.5,0,0
    fast,2,1,,1.5,1,0
    ");
    let chosen = Options {
        condition: Some("k > 1".into()),
        sort: Some("-y".into()),
        limit: Some(1),
        columns: vec!["mode".into(), "n".into(), "mean_y".into()],
        ..options.clone()
    };
    assert_eq!(written(&load(chosen).await.unwrap(), "csv"), "mode,n,mean_y\nslow,1,2\n");
    let none = Options { condition: Some("k > 99".into()), ..options.clone() };
    assert_eq!(load(none).await.unwrap().rows, 0);
    let several = Options {
        sort: Some("y".into()),
        summary: Some(summary(&["mode"], &["mean:y", "min:y"])),
        ..Options::default()
    };
    assert_eq!(
        load(several).await.unwrap_err().to_string(),
        "several columns summarise `y`: mean_y, min_y; name one of them"
    );
    let wrong = Options { summary: Some(summary(&["mode"], &["mean:yy"])), ..Options::default() };
    assert_eq!(load(wrong).await.unwrap_err().to_string(), "there is no column `yy`; did you mean `y`?");
}

proptest! {
    #[test]
    fn groups_take_every_row_once(cells in prop::collection::vec((prop::option::of(-2i64..3), "[ab]?"), 0..40)) {
        let numbers: Vec<Value> = cells.iter().map(|cell| cell.0.map_or(Value::Missing, |i| Value::Float(i as f64))).collect();
        let texts: Vec<Value> = cells.iter().map(|cell| Value::string(cell.1.as_str())).collect();
        let columns = vec![column("x", None, Role::Index, &numbers), column("t", None, Role::Index, &texts)];
        let table = table(cells.len(), columns);
        let groups = summary(&["x", "t"], &["count:x", "sum:x"]).of(&table).unwrap();
        let total = |name: &str| -> f64 {
            let column = groups.column(name).unwrap();
            (0..groups.rows).filter_map(|row| column.value(row).as_f64()).sum()
        };
        let distinct: std::collections::HashSet<_> = cells.iter().collect();
        prop_assert_eq!(groups.rows, distinct.len());
        prop_assert_eq!(total("n") as usize, cells.len());
        prop_assert_eq!(total("count_x") + total("missing_x"), cells.len() as f64);
        prop_assert_eq!(total("sum_x"), numbers.iter().filter_map(Value::as_f64).sum::<f64>());
    }
}
