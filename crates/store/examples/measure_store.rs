//! What the store costs: a million runs with two numbers each, committed in groups, then read in every way.
//!
//! `cargo run --release -p paramo-store --example measure_store [DIRECTORY | postgres://USER@HOST:PORT/DATABASE]`

use std::path::PathBuf;
use std::time::Instant;

use paramo_model::{
    Application, Attempt, Bytes, Ended, Micros, Name, OutputFile, Program, RunPolicy, RunRecord, SpaceSpec,
    Study, Timestamp, Value,
};
use paramo_store::{Address, Content, DEFAULT_PROJECT, OpenMode, PostgresStore, SqliteStore, Store};

const RUNS: u64 = 1_000_000;
const GROUP: u64 = 5_000;

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
            stdout: OutputFile { tail: Vec::new(), length: 24 + noise(6) % 3, file: None },
            stderr: OutputFile::default(),
        },
        earlier: Vec::new(),
        outputs: vec![Value::Float(float(6)), Value::Float(float(7) * 1e3)],
    }
}

fn study() -> Result<Study, Box<dyn std::error::Error>> {
    Ok(Study {
        name: Name::new("measure")?,
        description: None,
        application: Application::new(Program::Command(Vec::new())),
        space: SpaceSpec::default(),
        run: RunPolicy::default(),
        source: String::new(),
    })
}

/// CPU seconds of the process so far, and its largest resident set in MB.
fn used() -> (f64, f64) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<f64> = stat.split(' ').filter_map(|field| field.parse().ok()).collect();
    // The second field is not a number, so utime and stime come one earlier.
    let ticks = fields.get(11).unwrap_or(&0.0) + fields.get(12).unwrap_or(&0.0);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    let peak: f64 = peak.trim().trim_end_matches(" kB").parse().unwrap_or(0.0);
    (ticks / 100.0, peak / 1024.0)
}

fn report(what: &str, started: Instant, before: (f64, f64)) {
    let (cpu, peak) = used();
    let wall = started.elapsed().as_secs_f64() * 1e3;
    println!("{what:<44} {wall:>9.1} ms wall {:>7.2} s CPU {peak:>7.1} MB peak", cpu - before.0);
}

async fn open(address: &Address) -> Result<Box<dyn Store>, Box<dyn std::error::Error>> {
    Ok(match address {
        Address::Directory(directory) => {
            Box::new(SqliteStore::open(directory, OpenMode::Create).await?.store)
        }
        Address::Postgres(address) => Box::new(PostgresStore::open(address, OpenMode::Create).await?),
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let place =
        std::env::args_os().nth(1).map_or_else(|| std::env::temp_dir().join("paramo-measure"), PathBuf::from);
    let address = Address::parse(&place)?;
    if let Address::Directory(directory) = &address {
        let _ = std::fs::remove_dir_all(directory);
    }

    let (started, before) = (Instant::now(), used());
    let store = open(&address).await?;
    report("make a store", started, before);
    let id = store.create(DEFAULT_PROJECT, &study()?).await?.id;

    let groups: Vec<Vec<RunRecord>> =
        (0..8).map(|group| (group * GROUP..(group + 1) * GROUP).map(run).collect()).collect();
    let mut spent = 0.0;
    let mut slowest = 0.0f64;
    let (started, before) = (Instant::now(), used());
    for group in 0..RUNS / GROUP {
        let runs: Vec<RunRecord> = if group < 8 {
            groups[group as usize].clone()
        } else {
            (group * GROUP..(group + 1) * GROUP).map(run).collect()
        };
        let (cpu, committing) = (used().0, Instant::now());
        store.commit(id, &runs).await?;
        slowest = slowest.max(committing.elapsed().as_secs_f64());
        spent += used().0 - cpu;
    }
    report("commit 1,000,000 runs in groups of 5,000", started, before);
    println!("  of this {spent:.2} s CPU in commits; the slowest took {:.1} ms", slowest * 1e3);

    let (started, before) = (Instant::now(), used());
    for index in 0..200 {
        store.commit(id, &[run(RUNS + index)]).await?;
    }
    report("commit 1 run, 200 times", started, before);
    drop(store);
    if let Address::Directory(directory) = &address {
        let files = std::fs::read_dir(directory)?.flatten();
        let bytes: u64 = files.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum();
        println!("on disk: {bytes} bytes, {:.1} a run", bytes as f64 / RUNS as f64);
    }

    let (started, before) = (Instant::now(), used());
    let store = open(&address).await?;
    report("open", started, before);
    let (started, before) = (Instant::now(), used());
    let row = store.study(id).await?;
    report(&format!("study row, {} runs done", row.counts.done()), started, before);
    let (started, before) = (Instant::now(), used());
    let ended = store.ended(id).await?;
    report(&format!("ended, {} runs", ended.succeeded.len()), started, before);
    let (started, before) = (Instant::now(), used());
    let found = store.run(id, 777_777).await?;
    report(&format!("one run, found: {}", found.is_some()), started, before);

    let (started, before) = (Instant::now(), used());
    let (mut after, mut sum) = (None, 0.0);
    loop {
        let batches = store.batches(id, after, 16).await?;
        let Some(last) = batches.last() else { break };
        after = Some(last.seq);
        for batch in &batches {
            if let Content::Runs(columns) = batch.decode()? {
                sum += columns.outputs.first().and_then(|column| column.value(0).as_f64()).unwrap_or(0.0);
            }
        }
    }
    report(&format!("read every column (sum {sum:.3})"), started, before);
    let (started, before) = (Instant::now(), used());
    let findings = store.check(true).await?;
    report(&format!("deep check, {} findings", findings.len()), started, before);
    store.delete(id).await?;
    drop(store);
    if let Address::Directory(directory) = &address {
        std::fs::remove_dir_all(directory)?;
    }
    Ok(())
}
