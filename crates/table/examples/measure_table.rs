//! What a table costs: a million runs with two parameters and two outputs, loaded and written in every format.
//!
//! `cargo run --release -p paramo-table --example measure_table [DIRECTORY]`

use std::path::PathBuf;
use std::time::Instant;

use paramo_model::{
    Application, Attempt, Axis, Block, Bytes, Ended, Factor, Micros, Name, Output, OutputFile, OutputSource,
    Parameter, ParameterType, Program, RunPolicy, RunRecord, Scale, SpaceSpec, Steps, Study, Timestamp,
    Value,
};
use paramo_store::{DEFAULT_PROJECT, OpenMode, SqliteStore, Store};
use paramo_table::{FORMATS, Options, ResultTable, TableError, replace_file};

const SIDE: u64 = 1000;
const GROUP: u64 = 5000;

fn run(index: u64) -> RunRecord {
    // SplitMix64 (Steele et al., 2014): nothing that a compression could find.
    let noise = |salt: u64| {
        let mut x = (index * 8 + salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) >> 11
    };
    let float = |salt| noise(salt) as f64 / (1u64 << 53) as f64;
    RunRecord {
        index,
        last: Attempt {
            number: 1,
            ended: Ended::Succeeded,
            started: Timestamp(1_700_000_000_000_000 + (index * 700 + noise(1) % 500) as i64),
            wall: Micros(900 + noise(2) % 400),
            cpu: Micros(700 + noise(3) % 200),
            peak_memory: Bytes(2_000_000 + noise(4) % 64 * 4096),
            exit_code: Some(0),
            worker: 0,
            slot: (noise(5) % 2) as u32,
            stdout: OutputFile::default(),
            stderr: OutputFile::default(),
        },
        earlier: Vec::new(),
        outputs: vec![Value::Float(float(6)), Value::Float(float(7) * 1e3)],
    }
}

fn study() -> Result<Study, Box<dyn std::error::Error>> {
    let mut application = Application::new(Program::Command(Vec::new()));
    let mut factors = Vec::new();
    for name in ["k1", "k2"] {
        let name = Name::new(name)?;
        application.parameters.push(Parameter::new(name.clone(), ParameterType::Float));
        let (from, to) = (Value::Float(0.0), Value::Float(1.0));
        factors.push(Factor::Axis(
            name,
            Axis::Range { from, to, steps: Steps::Count(SIDE), scale: Scale::Linear },
        ));
    }
    for name in ["period", "amplitude"] {
        application.outputs.push(Output {
            name: Name::new(name)?,
            source: OutputSource::Json { field: name.to_owned(), file: None },
            kind: None,
            unit: None,
            description: None,
            required: true,
        });
    }
    Ok(Study {
        name: Name::new("measure")?,
        description: None,
        application,
        space: SpaceSpec { blocks: vec![Block { factors, condition: None }] },
        run: RunPolicy::default(),
        source: String::new(),
    })
}

/// The largest resident set so far, in MB.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1024.0
}

fn report(what: &str, started: Instant) {
    println!("{what:<44} {:>9.1} ms {:>7.1} MB peak", started.elapsed().as_secs_f64() * 1e3, peak());
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::args_os()
        .nth(1)
        .map_or_else(|| std::env::temp_dir().join("paramo-measure-table"), PathBuf::from);
    let _ = std::fs::remove_dir_all(&directory);
    let store = SqliteStore::open(&directory, OpenMode::Create).await?.store;
    let row = store.create(DEFAULT_PROJECT, &study()?).await?;
    for group in 0..SIDE * SIDE / GROUP {
        // Two groups in turn end in the other order, so that the table has something to sort.
        let group = group ^ 1;
        store.commit(row.id, &(group * GROUP..(group + 1) * GROUP).map(run).collect::<Vec<_>>()).await?;
    }
    println!("{} runs", SIDE * SIDE);
    for format in FORMATS.iter().rev() {
        let started = Instant::now();
        let table = ResultTable::load(&store, &row, &Options::default()).await?;
        report(&format!("load {} columns", table.columns.len()), started);
        let path = directory.join(format!("table.{}", format.endings()[0]));
        replace_file::<TableError>(&path, |file| format.write(&table, file))?;
        let size = std::fs::metadata(&path)?.len() as f64 / 1e6;
        report(&format!("load and write {}, {size:.0} MB", format.name()), started);
    }
    let started = Instant::now();
    let options = Options {
        condition: Some("period > 0.5 and k1 < 0.25".to_owned()),
        sort: Some("-amplitude".to_owned()),
        limit: Some(50),
        columns: vec!["index".to_owned(), "amplitude".to_owned()],
        ..Options::default()
    };
    let table = ResultTable::load(&store, &row, &options).await?;
    report(&format!("filter, sort, {} rows", table.rows), started);
    store.close().await?;
    std::fs::remove_dir_all(&directory)?;
    Ok(())
}
