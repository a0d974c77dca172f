//! What readers of a study of a million runs wait for: the first page of runs, a summary by two columns, and a heat map, each asked by 20
//! readers at once over connections that stay open.
//!
//! `cargo build --release --bins && cargo run --release -p paramo-server --example measure_api target/release/paramo [DIRECTORY]`
//!
//! The study is made when the directory does not have it yet. `first` is the first question after the server has started, which reads
//! the whole study; `alone` is one reader with questions that nobody has asked before; then come 20 readers who ask the same, and 20 who
//! ask of one another's questions in turn, 30 of them.

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use paramo_model::{
    Application, Attempt, Axis, Block, Bytes, Ended, Factor, Micros, Name, Output, OutputFile, OutputSource,
    Parameter, ParameterType, Program, RunPolicy, RunRecord, Scale, SpaceSpec, Steps, Study, Timestamp,
    Value,
};
use paramo_store::{OpenMode, SqliteStore, Store};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const SIDE: u64 = 100;
const GROUP: u64 = 5000;
const READERS: usize = 20;
const REQUESTS: usize = 100;
const TOKEN: &str = "measure-0123456789-0123456789-0123456789";

/// The three questions; `{}` stands for what makes one differ from another without a change of the work.
const QUESTIONS: [(&str, &str); 3] = [
    ("first page of runs", "runs?limit=100&offset={}"),
    ("summary by two columns", "aggregate?by=k1,k2&of=mean:period,max:amplitude&limit=9{}0"),
    ("heat map", "plot/heatmap?x=k1&y=k2&value=period&bins=1{}"),
];

fn main() -> Result<()> {
    let mut words = std::env::args_os().skip(1).map(PathBuf::from);
    let binary = words.next().ok_or("name the binary: target/release/paramo")?.canonicalize()?;
    let directory = words.next().unwrap_or_else(|| std::env::temp_dir().join("paramo-measure-api"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if !directory.join(".paramo").exists() {
        runtime.block_on(fill(&directory.join(".paramo")))?;
    }
    let (server, address) = start(&binary, &directory)?;
    let measured = measure(&address);
    stop(server);
    measured
}

fn stop(mut server: Child) {
    let _ = server.kill();
    let _ = server.wait();
}

fn measure(address: &str) -> Result<()> {
    for (at, (what, path)) in QUESTIONS.iter().enumerate() {
        // A connection that is idle for long is closed by the server.
        let mut reader = Reader::open(address)?;
        let path = |variant: &str| format!("/api/v1/studies/measure/{}", path.replace("{}", variant));
        if at == 0 {
            report("first", what, vec![reader.ask(&path("0"))?]);
        }
        let mut alone = Vec::new();
        for variant in 10..30 {
            alone.push(reader.ask(&path(&variant.to_string()))?);
        }
        report("alone, never asked before", what, alone);
        let same = path("00");
        report("20 readers, the same", what, many(address, |_| same.clone())?);
        report(
            "20 readers, 30 questions",
            what,
            many(address, |request| path(&(30 + request % 30).to_string()))?,
        );
    }
    Ok(())
}

/// The times of all requests of all readers, sorted.
fn many(address: &str, path: impl Fn(usize) -> String + Sync) -> Result<Vec<Duration>> {
    thread::scope(|scope| {
        let readers = (0..READERS).map(|number| {
            let path = &path;
            scope.spawn(move || {
                let mut reader = Reader::open(address)?;
                (0..REQUESTS).map(|request| reader.ask(&path(number + request))).collect::<Result<Vec<_>>>()
            })
        });
        let mut all = Vec::new();
        for reader in readers.collect::<Vec<_>>() {
            all.extend(reader.join().map_err(|_| "a reader has died")??);
        }
        Ok(all)
    })
}

fn report(who: &str, what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |part: f64| {
        let place = ((times.len() as f64 * part).ceil() as usize).clamp(1, times.len()) - 1;
        times[place].as_secs_f64() * 1e3
    };
    println!(
        "{what:<24} {who:<28} {:>5} requests   median {:>8.2} ms   p95 {:>8.2} ms   longest {:>8.2} ms",
        times.len(),
        at(0.5),
        at(0.95),
        at(1.0)
    );
}

/// A connection that stays open.
struct Reader {
    stream: BufReader<TcpStream>,
    address: String,
}

impl Reader {
    fn open(address: &str) -> Result<Reader> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Reader { stream: BufReader::new(stream), address: address.to_owned() })
    }

    /// From the request to the last byte of the answer.
    fn ask(&mut self, path: &str) -> Result<Duration> {
        let begun = Instant::now();
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {TOKEN}\r\n\r\n", self.address);
        self.stream.get_mut().write_all(request.as_bytes())?;
        let (mut status, mut length) = (String::new(), 0usize);
        self.stream.read_line(&mut status)?;
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            match line.trim().to_lowercase().split_once(": ") {
                Some(("content-length", number)) => length = number.parse()?,
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        match status.contains(" 200 ") && length > 2 {
            true => Ok(begun.elapsed()),
            false => Err(format!("{path}: {}: {}", status.trim(), String::from_utf8_lossy(&body)).into()),
        }
    }
}

fn start(binary: &Path, directory: &Path) -> Result<(Child, String)> {
    let token = directory.join("token");
    std::fs::write(&token, TOKEN)?;
    let mut server = Command::new(binary)
        .current_dir(directory)
        .args(["server", "--listen", "127.0.0.1:0", "--token-file"])
        .arg(&token)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut link = String::new();
    let out = server.stdout.take().ok_or("the server has no output")?;
    BufReader::new(out).read_line(&mut link)?;
    match link.trim().strip_prefix("http://").and_then(|rest| rest.split('/').next()) {
        Some(address) => Ok((server, address.to_owned())),
        None => {
            stop(server);
            Err(format!("the server prints no link: {link}").into())
        }
    }
}

async fn fill(directory: &Path) -> Result<()> {
    let store = SqliteStore::open(directory, OpenMode::Create).await?.store;
    let row = store.create("default", &study()?).await?;
    for group in 0..SIDE * SIDE * SIDE / GROUP {
        // Two groups in turn end in the other order, as they do with several workers.
        let group = group ^ 1;
        let runs: Vec<RunRecord> = (group * GROUP..(group + 1) * GROUP).map(run).collect();
        store.commit(row.id, &runs).await?;
    }
    store.set_state(row.id, paramo_model::StudyState::Finished).await?;
    store.close().await?;
    Ok(())
}

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

/// 100 × 100 points of two rates, each repeated a hundred times.
fn study() -> Result<Study> {
    let mut application = Application::new(Program::Command(Vec::new()));
    let mut factors = Vec::new();
    for name in ["k1", "k2", "seed"] {
        let name = Name::new(name)?;
        application.parameters.push(Parameter::new(name.clone(), ParameterType::Float));
        let (from, to) = (Value::Float(0.0), Value::Float(1.0));
        let axis = Axis::Range { from, to, steps: Steps::Count(SIDE), scale: Scale::Linear };
        factors.push(Factor::Axis(name, axis));
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
