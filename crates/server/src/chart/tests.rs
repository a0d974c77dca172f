//! Charts against numbers that were computed directly, from results made for it.

use paramo_model::{
    Application, Attempt, Axis, Block, Bytes, Cause, Ended, Factor, Micros, Name, Output, OutputFile,
    OutputSource, Parameter, ParameterType, Program, RunPolicy, RunRecord, Seconds, SpaceSpec, Study,
    Timestamp, Value,
};
use paramo_store::{OpenMode, SqliteStore, Store};
use paramo_table::{Frame, Growing};
use serde_json::{Value as Json, json};

use super::*;

/// Values of `a`, of `b` and repetitions.
const SHAPE: [u64; 3] = [5, 4, 3];

fn study(wide: u64) -> Study {
    let mut application = Application::new(Program::Command(Vec::new()));
    let name = |name: &str| Name::new(name).unwrap();
    application.parameters = vec![
        Parameter { unit: Some("m".into()), ..Parameter::new(name("a"), ParameterType::Float) },
        Parameter::new(
            name("b"),
            ParameterType::Choice(vec!["low".into(), "high".into(), "odd".into(), "off".into()]),
        ),
        Parameter::new(name("seed"), ParameterType::Integer),
    ];
    let source = OutputSource::Json { field: "y".into(), file: None };
    application.outputs = vec![Output {
        name: name("y"),
        source,
        kind: None,
        unit: Some("s".into()),
        description: None,
        required: false,
    }];
    let axis = |of: &str, values: Vec<Value>| Factor::Axis(name(of), Axis::Values(values));
    let factors = vec![
        axis("a", (0..SHAPE[0] * wide).map(|i| Value::Float(i as f64)).collect()),
        axis("b", ["low", "high", "odd", "off"].map(Value::from).to_vec()),
        axis("seed", (1..=SHAPE[2]).map(|i| Value::Integer(i as i64)).collect()),
    ];
    Study {
        name: name("charts"),
        description: None,
        application,
        space: SpaceSpec { blocks: vec![Block { factors, condition: None }] },
        run: RunPolicy::default(),
        source: "/".into(),
    }
}

/// What a run gives: `None` where it fails.
fn y(index: u64) -> Option<f64> {
    (index % 7 != 6).then(|| (index * index % 31) as f64 / 4.0)
}

/// Two slots; each run begins every half second and takes 0.4 s.
fn run(index: u64) -> RunRecord {
    let last = Attempt {
        number: 1,
        ended: match y(index) {
            Some(_) => Ended::Succeeded,
            None if index.is_multiple_of(2) => Ended::Failed(Cause::Exit { code: 3 }),
            None => Ended::Failed(Cause::TimeOut { limit: Seconds(1.0) }),
        },
        started: Timestamp(1_700_000_000_000_000 + (index / 2 * 500_000) as i64),
        wall: Micros(400_000),
        cpu: Micros(100_000),
        peak_memory: Bytes(4096),
        exit_code: Some(0),
        worker: 0,
        slot: (index % 2) as u32,
        stdout: OutputFile::default(),
        stderr: OutputFile::default(),
    };
    RunRecord {
        index,
        last,
        earlier: Vec::new(),
        outputs: vec![y(index).map_or(Value::Missing, Value::Float)],
    }
}

async fn frame(study: &Study) -> std::sync::Arc<Frame> {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path(), OpenMode::Create).await.unwrap().store;
    let row = store.create("default", study).await.unwrap();
    let Factor::Axis(_, Axis::Values(a)) = &study.space.blocks[0].factors[0] else { panic!("no axis") };
    let runs: Vec<RunRecord> = (0..a.len() as u64 * SHAPE[1] * SHAPE[2]).map(run).collect();
    store.commit(row.id, &runs).await.unwrap();
    let mut growing = Growing::new(&row).unwrap();
    for batch in store.batches(row.id, None, 1000).await.unwrap() {
        growing.add(&batch).unwrap();
    }
    growing.frame()
}

fn asked() -> Asked {
    let (statistic, fraction) = read_statistic("mean").unwrap();
    Asked {
        x: None,
        y: None,
        value: None,
        colour: None,
        statistic,
        fraction,
        condition: None,
        bins: None,
        columns: Vec::new(),
    }
}

async fn made(kind: &str, wide: u64, asked: Asked) -> Json {
    let study = study(wide);
    let frame = frame(&study).await;
    serde_json::to_value(chart(kind, &frame, &study, &asked).unwrap()).unwrap()
}

fn mean(indices: impl Iterator<Item = u64>) -> (f64, u64) {
    let values: Vec<f64> = indices.filter_map(y).collect();
    (values.iter().sum::<f64>() / values.len() as f64, values.len() as u64)
}

#[tokio::test]
async fn a_heat_map_has_the_mean_of_each_cell() {
    let map = made("heatmap", 1, asked()).await;
    assert_eq!(
        map["x"],
        json!({ "column": "a", "unit": "m", "values": [0.0, 1.0, 2.0, 3.0, 4.0], "edges": null })
    );
    assert_eq!(
        (&map["y"]["column"], &map["y"]["values"]),
        (&json!("b"), &json!(["low", "high", "odd", "off"]))
    );
    assert_eq!(map["value"], json!({ "column": "y", "unit": "s", "statistic": "mean" }));
    let mut all = Vec::new();
    for b in 0..4u64 {
        for a in 0..5u64 {
            let (mean, count) = mean((0..3).map(|seed| (a * 4 + b) * 3 + seed));
            let found = map["cells"][b as usize][a as usize].as_f64().unwrap();
            assert!((found - mean).abs() < 1e-12, "{a} {b}: {found} is not {mean}");
            assert_eq!(map["counts"][b as usize][a as usize], count);
            all.push(found);
        }
    }
    assert_eq!(map["minimum"], all.iter().copied().fold(f64::INFINITY, f64::min));
    assert_eq!(map["maximum"], all.iter().copied().fold(f64::NEG_INFINITY, f64::max));
    assert_eq!(map["rows_read"], (0..60).filter(|index| y(*index).is_some()).count());
}

#[tokio::test]
async fn many_values_are_put_into_bins() {
    let map =
        made("heatmap", 40, Asked { bins: Some(10), x: Some("a".into()), y: Some("seed".into()), ..asked() })
            .await;
    let edges = map["x"]["edges"].as_array().unwrap();
    assert_eq!((edges.len(), &edges[0], &edges[10]), (11, &json!(0.0), &json!(199.0)));
    // The first bin is [0, 19.9).
    let (mean, count) = mean((0..20u64).flat_map(|a| (0..4).map(move |b| (a * 4 + b) * 3)));
    assert!((map["cells"][0][0].as_f64().unwrap() - mean).abs() < 1e-12);
    assert_eq!(map["counts"][0][0], count);
    let total: u64 = map["counts"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row.as_array().unwrap())
        .map(|n| n.as_u64().unwrap())
        .sum();
    assert_eq!(json!(total), map["rows_read"], "every run is in a cell");
}

#[tokio::test]
async fn lines_have_a_point_for_each_value_and_a_band() {
    let line = made("line", 1, Asked { colour: Some("b".into()), ..asked() }).await;
    let series = line["series"].as_array().unwrap();
    assert_eq!(
        series.iter().map(|s| s["name"].as_str().unwrap()).collect::<Vec<_>>(),
        ["low", "high", "odd", "off"]
    );
    let point = &series[1]["points"][2];
    let mut values: Vec<f64> = (0..3).filter_map(|seed| y((2 * 4 + 1) * 3 + seed)).collect();
    values.sort_by(f64::total_cmp);
    assert_eq!((&point[0], &point[4]), (&json!(2.0), &json!(values.len())));
    assert!((point[1].as_f64().unwrap() - values.iter().sum::<f64>() / values.len() as f64).abs() < 1e-12);
    let low = values[0] + 0.1 * (values.len() as f64 - 1.0) * (values[1] - values[0]);
    assert!((point[2].as_f64().unwrap() - low).abs() < 1e-12, "{point} {low}");
    let one = made("line", 1, Asked { condition: Some("a < 2".into()), ..asked() }).await;
    assert_eq!(
        (one["series"].as_array().unwrap().len(), one["series"][0]["points"].as_array().unwrap().len()),
        (1, 2)
    );
}

#[tokio::test]
async fn of_very_many_points_some_are_shown_and_all_are_counted() {
    let few = made("scatter", 1, Asked { colour: Some("b".into()), ..asked() }).await;
    assert_eq!(few["points"][3], json!([0.0, y(3).unwrap(), "high", 3]));
    assert_eq!((&few["shown"], &few["total"], few.get("density")), (&json!(52), &json!(52), None));
    let many = made("scatter", 120, asked()).await;
    let total = (0..7200).filter(|index| y(*index).is_some()).count();
    assert_eq!((&many["shown"], &many["total"]), (&json!(5000), &json!(total)));
    let counts = many["density"]["counts"].as_array().unwrap();
    assert_eq!((counts.len(), many["density"]["x_edges"].as_array().unwrap().len()), (100, 101));
    let sum: u64 = counts.iter().flat_map(|row| row.as_array().unwrap()).map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(sum as usize, total);
}

#[tokio::test]
async fn a_histogram_counts_every_run_once() {
    let histogram = made("histogram", 1, Asked { bins: Some(4), ..asked() }).await;
    let values: Vec<f64> = (0..60).filter_map(y).collect();
    let (n, mean) = (values.len() as f64, values.iter().sum::<f64>() / values.len() as f64);
    let sd = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    assert!((histogram["mean"].as_f64().unwrap() - mean).abs() < 1e-12);
    assert!((histogram["standard_deviation"].as_f64().unwrap() - sd).abs() < 1e-12);
    let most = histogram["maximum"].as_f64().unwrap();
    let bins = histogram["bins"].as_array().unwrap();
    for (at, bin) in bins.iter().enumerate() {
        let (from, to) = (most * at as f64 / 4.0, most * (at + 1) as f64 / 4.0);
        let count = values.iter().filter(|x| **x >= from && (**x < to || at == 3)).count();
        assert_eq!(bin, &json!([from, to, count]));
    }
    let seeds = made("histogram", 1, Asked { x: Some("seed".into()), ..asked() }).await;
    assert_eq!(seeds["bins"][0][0], 0.5, "integers have bins around them: {}", seeds["bins"]);
    assert_eq!(seeds["bins"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn parallel_coordinates_name_the_run_of_each_line() {
    let parallel = made("parallel", 1, asked()).await;
    let axes: Vec<&str> =
        parallel["axes"].as_array().unwrap().iter().map(|axis| axis["column"].as_str().unwrap()).collect();
    assert_eq!(axes, ["a", "b", "seed", "y"]);
    assert_eq!(parallel["axes"][1]["categories"], json!(["low", "high", "odd", "off"]));
    assert_eq!(parallel["rows"][3], json!([0.0, 1, 1.0, y(3).unwrap(), 3]));
    let many = made("parallel", 120, Asked { columns: vec!["y".into(), "a".into()], ..asked() }).await;
    assert_eq!((&many["shown"], many["rows"].as_array().unwrap().len()), (&json!(2000), 2000));
}

#[tokio::test]
async fn the_charts_of_time_add_up() {
    let gantt = made("gantt", 1, asked()).await;
    assert_eq!((&gantt["from"], &gantt["merged"]), (&json!("2023-11-14T22:13:20.000000Z"), &json!(false)));
    assert_eq!(gantt["seconds"], 29.0 * 0.5 + 0.4);
    assert_eq!(gantt["rows"].as_array().unwrap().len(), 2);
    assert_eq!(gantt["rows"][0]["bars"][3], json!([1.5, 1.9, false, 6]));
    let many = made("gantt", 120, asked()).await;
    let bars: usize =
        many["rows"].as_array().unwrap().iter().map(|row| row["bars"].as_array().unwrap().len()).sum();
    assert!(bars <= 5000 && bars > 3000, "{bars}");
    assert_eq!(many["merged"], true);

    let throughput = made("throughput", 1, asked()).await;
    let width = throughput["bin_seconds"].as_f64().unwrap();
    let bins = throughput["bins"].as_array().unwrap();
    let sum = |at: usize| bins.iter().map(|bin| bin[at].as_u64().unwrap()).sum::<u64>();
    assert_eq!((sum(1), sum(2)), (52, 8));
    assert!(width * bins.len() as f64 >= 14.9 && bins.len() <= 121, "{width}");

    let efficiency = made("efficiency", 1, asked()).await;
    let number = |name: &str| efficiency[name].as_f64().unwrap();
    assert!((number("busy_seconds") - 24.0).abs() < 1e-9 && (number("cpu_seconds") - 6.0).abs() < 1e-9);
    assert!(
        (number("speedup") - 24.0 / 14.9).abs() < 1e-9 && (number("efficiency") - 12.0 / 14.9).abs() < 1e-9
    );
    let curve = efficiency["curve"].as_array().unwrap();
    let area: f64 = curve.iter().map(|point| point[1].as_f64().unwrap() * 14.9 / curve.len() as f64).sum();
    assert!((area - 24.0).abs() < 1e-9, "the area under it is the busy time: {area}");
}

#[tokio::test]
async fn failures_are_by_cause_with_runs_to_look_at() {
    let failures = made("failures", 1, asked()).await;
    let by = |cause: &str| {
        failures["causes"].as_array().unwrap().iter().find(|c| c["cause"] == cause).cloned().unwrap()
    };
    assert_eq!(by("exit")["examples"], json!([6, 20, 34, 48]));
    assert_eq!((&by("time-out")["count"], &by("time-out")["examples"][0]), (&json!(4), &json!(13)));
}

#[tokio::test]
async fn a_study_without_runs_has_empty_charts() {
    let study = study(1);
    let frame = Growing::new(&paramo_store_row(&study)).unwrap().frame();
    for kind in KINDS {
        let asked = Asked { x: Some("a".into()), y: Some("b".into()), value: Some("y".into()), ..asked() };
        let asked = if kind == "scatter" { Asked { y: Some("y".into()), ..asked } } else { asked };
        let made = chart(kind, &frame, &study, &asked).unwrap();
        assert_eq!(serde_json::to_value(made).unwrap()["kind"], kind);
    }
}

fn paramo_store_row(study: &Study) -> paramo_store::StudyRow {
    paramo_store::StudyRow {
        id: paramo_model::StudyId(1),
        project: Name::default_project(),
        name: study.name.clone(),
        version: 1,
        state: paramo_model::StudyState::Open,
        created: Timestamp(0),
        changed: Timestamp(0),
        study: study.clone(),
        counts: paramo_store::Counts::default(),
    }
}

#[test]
fn what_cannot_be_drawn_is_said() {
    for (text, right) in [
        ("mean", true),
        ("quantile:0.9", true),
        ("quantile", false),
        ("quantile:2", false),
        ("mean:1", false),
        ("mode", false),
    ] {
        assert_eq!(read_statistic(text).is_ok(), right, "{text}");
    }
}
