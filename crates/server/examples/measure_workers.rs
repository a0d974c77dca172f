//! What a server takes from its workers: many connections, each a worker that makes no runs and reports each at once.
//!
//! `cargo run --release -p paramo-server --example measure_workers [WORKERS] [RUNS]`
//!
//! Server and workers share this process and its machine, and the store is a temporary directory. It prints results a second, from the beginning of
//! the study to the last result that is stored.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use paramo_model::{
    Application, Attempt, Axis, Block, Bytes, Capacity, Ended, Factor, FromWorker, Micros, Name, Output,
    OutputFile, OutputSource, Parameter, ParameterType, Program, Report, RunPolicy, Scale, SpaceSpec, Steps,
    Study, Template, Timestamp, ToWorker, Value,
};
use paramo_server::{App, Door, Host, Patience, Service, Token, router, serve};
use paramo_store::{DEFAULT_PROJECT, OpenMode, SqliteStore, Store};
use paramo_worker::remote::wire::{self, FromRemote, Hello, PROTOCOL, ToRemote};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
/// How often a worker reports what it has made: a real one gathers some milliseconds.
const GATHERED: Duration = Duration::from_millis(200);

fn main() -> Outcome<()> {
    let mut words = std::env::args().skip(1);
    let workers: u64 = words.next().map_or(Ok(1000), |word| word.parse())?;
    let runs: u64 = words.next().map_or(Ok(1_000_000), |word| word.parse())?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(measure(workers, runs))
}

async fn measure(workers: u64, runs: u64) -> Outcome<()> {
    let home = tempfile::tempdir()?;
    let store = Arc::new(SqliteStore::open(home.path(), OpenMode::Create).await?.store);
    let directory = home.path().to_string_lossy().into_owned();
    let host = Host::patient(store.clone(), directory.clone(), None, Patience::default())?;
    host.govern(store.clone()).await?;
    let service = Service::embedded(store.clone(), Token::new(TOKEN)?, home.path().join("key"));
    let door =
        Door::new(tokio::net::TcpListener::bind("127.0.0.1:0").await?, None, "", Duration::from_secs(10))?;
    let address = door.address();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let app = App::new(Arc::clone(&host), Arc::new(service));
    tokio::spawn(serve(door, router(app), stopped));

    let reported = Arc::new(AtomicU64::new(0));
    let coming = Instant::now();
    let mut connected = Vec::new();
    for number in 0..workers {
        let socket = connect(address, number).await?;
        connected.push(socket);
    }
    println!("{workers} workers connected in {:.2} s", coming.elapsed().as_secs_f64());
    for socket in connected {
        let reported = Arc::clone(&reported);
        tokio::spawn(async move {
            if let Err(error) = work(socket, &reported).await {
                eprintln!("a worker has ended: {error}");
            }
        });
    }
    let row = store.create(DEFAULT_PROJECT, &study(runs)?).await?;
    let begun = Instant::now();
    host.drive(row.id).await?;
    let mut before = (Instant::now(), 0);
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let done = store.study(row.id).await?.counts.succeeded;
        let rate = (done - before.1) as f64 / before.0.elapsed().as_secs_f64();
        println!("{done} stored, {rate:.0} results/s");
        before = (Instant::now(), done);
        if done >= runs {
            break;
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    let times = reported.load(Ordering::Relaxed);
    println!(
        "{runs} results of {workers} workers in {seconds:.1} s: {:.0} results/s; {times} reported",
        runs as f64 / seconds
    );
    drop(stop);
    Ok(())
}

fn study(runs: u64) -> Outcome<Study> {
    let name = |text| Name::new(text).map_err(|error| error.to_string());
    let mut application =
        Application::new(Program::Command(vec![Template::parse("true").map_err(|e| format!("{e:?}"))?]));
    application.parameters.push(Parameter::new(name("x")?, ParameterType::Integer));
    application.outputs.push(Output {
        name: name("y")?,
        source: OutputSource::Json { field: "y".to_owned(), file: None },
        kind: None,
        unit: None,
        description: None,
        required: true,
    });
    let to = Value::Integer(i64::try_from(runs)? - 1);
    let axis = Axis::Range { from: Value::Integer(0), to, steps: Steps::Count(runs), scale: Scale::Linear };
    Ok(Study {
        name: name("measured")?,
        description: None,
        application,
        space: SpaceSpec {
            blocks: vec![Block { factors: vec![Factor::Axis(name("x")?, axis)], condition: None }],
        },
        run: RunPolicy::default(),
        source: std::env::temp_dir().to_string_lossy().into_owned(),
    })
}

type Socket = tokio_tungstenite::WebSocketStream<TcpStream>;

async fn connect(address: SocketAddr, number: u64) -> Outcome<Socket> {
    let mut request = format!("ws://{address}/api/v1/workers/connect").into_client_request()?;
    request.headers_mut().insert("authorization", format!("Bearer {TOKEN}").parse()?);
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await?;
    let hello = Hello {
        protocol: PROTOCOL,
        version: "measured".to_owned(),
        worker: format!("{number:032x}"),
        name: format!("w{number}"),
        host: "simulated".to_owned(),
        allocation: None,
        capacity: Capacity { cpus: 1.0, memory: Bytes(1 << 30), gpus: Vec::new() },
        ends_in: None,
        store: None,
        sees: vec!["/".to_owned()],
        leaving: false,
        now: Timestamp(0),
        knows: Vec::new(),
        holds: Vec::new(),
        wants: Vec::new(),
        unkept: Vec::new(),
    };
    say(&mut socket, &FromRemote::Hello(Box::new(hello))).await?;
    Ok(socket)
}

async fn say(socket: &mut Socket, message: &FromRemote) -> Outcome<()> {
    socket.send(Message::Binary(wire::encode(message)?.into())).await?;
    Ok(())
}

/// Reports what it is leased, a little later, and asks for as much again.
async fn work(mut socket: Socket, reported: &AtomicU64) -> Outcome<()> {
    let mut ready: Vec<FromWorker> = Vec::new();
    let mut tick = tokio::time::interval(GATHERED);
    loop {
        tokio::select! {
            _ = tick.tick() => {
                let news = std::mem::take(&mut ready);
                say(&mut socket, &FromRemote::Say { now: Timestamp(0), news }).await?;
            }
            heard = socket.next() => {
                let Some(heard) = heard else { return Err("the server has closed the connection".into()) };
                let Message::Binary(bytes) = heard? else { continue };
                match wire::decode(&bytes)? {
                    ToRemote::Assign { assignment, .. } => {
                        let settled = FromWorker::Settled { study: assignment.id, revision: assignment.revision };
                        ready.extend([settled, FromWorker::Wants { study: assignment.id, runs: 40 }]);
                    }
                    ToRemote::Say(orders) => {
                        for order in orders {
                            let ToWorker::Lease { study, lease, tickets } = order else { continue };
                            reported.fetch_add(tickets.len() as u64, Ordering::Relaxed);
                            ready.extend(tickets.iter().map(|ticket| {
                                let attempt = attempt(ticket.attempt);
                                let outputs = vec![Value::Float(ticket.index as f64 * 0.1)];
                                let report = Report { study, lease, index: ticket.index, attempt, outputs };
                                FromWorker::Report(Box::new(report))
                            }));
                            ready.push(FromWorker::Wants { study, runs: 40 });
                        }
                    }
                    ToRemote::Refused { message, .. } => return Err(message.into()),
                    _ => {}
                }
            }
        }
    }
}

fn attempt(number: u32) -> Attempt {
    let out = b"{\"y\": 0.1}\n".to_vec();
    Attempt {
        number,
        ended: Ended::Succeeded,
        started: Timestamp(0),
        wall: Micros(1000),
        cpu: Micros(900),
        peak_memory: Bytes(1 << 20),
        exit_code: Some(0),
        worker: 0,
        slot: 0,
        stdout: OutputFile { length: out.len() as u64, tail: out, file: None },
        stderr: OutputFile::default(),
    }
}
