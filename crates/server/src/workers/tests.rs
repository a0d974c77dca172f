//! The suite of every worker over a real connection; and what only a connection can show.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::{SinkExt, StreamExt};
use paramo_engine::Terms;
use paramo_model::{Bytes, Capacity, FromWorker, Name, StudyId, Timestamp, ToWorker};
use paramo_store::{OpenMode, SqliteStore};
use paramo_worker::remote::wire::{self, FromRemote, Hello, PROTOCOL, ToRemote};
use paramo_worker::remote::{Address, Leave, RemoteOptions, serve};
use paramo_worker::{Link, LocalWorker, WorkerOptions};
use tempfile::TempDir;
use tokio::sync::{oneshot, watch};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::*;
use crate::access::Token;
use crate::host::Host;
use crate::{App, Door, Service, router};

const OWNER: &str = "0123456789abcdef0123456789abcdef";

/// A server that only waits for workers elsewhere.
struct Server {
    host: Arc<Host>,
    people: Arc<Service>,
    address: SocketAddr,
    _home: TempDir,
}

impl Server {
    async fn start(patience: Patience) -> Server {
        let home = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(home.path(), OpenMode::Create).await.unwrap().store);
        let directory = home.path().to_str().unwrap().to_owned();
        let host = Host::patient(store.clone(), directory, None, patience).unwrap();
        host.govern(store.clone()).await.unwrap();
        let people = Service::embedded(store, Token::new(OWNER).unwrap(), home.path().join("key"));
        let people = Arc::new(people);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let door = Door::new(listener, None, "", Duration::from_secs(30)).unwrap();
        let address = door.address();
        let app = App::new(host.clone(), Arc::clone(&people));
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(async move {
            crate::serve(door, router(app), stopped).await;
            drop(stop);
        });
        Server { host, people, address, _home: home }
    }
}

fn options(address: SocketAddr, capacity: &Capacity, scratch: &std::path::Path) -> RemoteOptions {
    RemoteOptions {
        address: Address::parse(&format!("http://{address}"), None, |_| None).unwrap(),
        token: OWNER.to_owned(),
        name: "far".to_owned(),
        host: "away".to_owned(),
        allocation: Some("job-17".to_owned()),
        capacity: capacity.clone(),
        scratch: scratch.to_owned(),
        sees: vec!["/".to_owned()],
        content: None,
        patience: Duration::from_secs(60),
        idle: None,
        ends: None,
    }
}

mod over_a_connection {
    use super::*;

    /// A link of the server's, with a runtime of its own for all that is behind it.
    struct Far {
        link: Option<Box<dyn Link>>,
        ends: Option<oneshot::Sender<()>>,
        thread: Option<std::thread::JoinHandle<()>>,
    }

    #[async_trait]
    impl Link for Far {
        fn send(&mut self, order: ToWorker) {
            self.link.as_mut().unwrap().send(order);
        }

        async fn receive(&mut self) -> Option<Vec<FromWorker>> {
            self.link.as_mut().unwrap().receive().await
        }
    }

    impl Drop for Far {
        fn drop(&mut self) {
            self.link = None;
            self.ends = None;
            self.thread.take().unwrap().join().unwrap();
        }
    }

    fn start(capacity: Capacity) -> Box<dyn Link> {
        let (give, given) = std::sync::mpsc::channel();
        let (ends, ended) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.unwrap().block_on(async move {
                let server = Server::start(Patience::default()).await;
                let board = server.host.board();
                give.send(board.open(StudyId(7), Name::default_project(), Terms::default())).unwrap();
                let scratch = tempfile::tempdir().unwrap();
                let options = options(server.address, &capacity, scratch.path());
                let link = LocalWorker::start(capacity, WorkerOptions::default()).unwrap();
                let (stay, leave) = watch::channel(Leave::Stay);
                tokio::select! {
                    ended = serve(options, Box::new(link), leave, |_| {}) => drop(ended),
                    _ = ended => {}
                }
                drop(stay);
            });
        });
        let link = given.recv().unwrap();
        Box::new(Far { link: Some(link), ends: Some(ends), thread: Some(thread) })
    }

    paramo_worker::conformance_tests!(start);
}

type Raw = tokio_tungstenite::WebSocketStream<tokio::net::TcpStream>;

/// A connection as a stranger could open it.
async fn open(address: SocketAddr, token: &str) -> Result<Raw, u16> {
    let mut request = format!("ws://{address}/api/v1/workers/connect").into_client_request().unwrap();
    let bearer = format!("Bearer {token}").parse().unwrap();
    request.headers_mut().insert("authorization", bearer);
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    match tokio_tungstenite::client_async(request, stream).await {
        Ok((socket, _)) => Ok(socket),
        Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

fn hello(key: &str) -> Hello {
    Hello {
        protocol: PROTOCOL,
        version: "9.9.9".to_owned(),
        worker: key.to_owned(),
        name: "raw".to_owned(),
        host: "away".to_owned(),
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
    }
}

async fn say(socket: &mut Raw, message: &FromRemote) {
    socket.send(Message::Binary(wire::encode(message).unwrap().into())).await.unwrap();
}

/// The next word of the server; nothing when it has closed the connection.
async fn hear(socket: &mut Raw) -> Option<ToRemote> {
    loop {
        match tokio::time::timeout(Duration::from_secs(30), socket.next()).await.expect("a word in time")? {
            Ok(Message::Binary(bytes)) => return Some(wire::decode(&bytes).unwrap()),
            Ok(Message::Close(_)) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

async fn greeted(server: &Server, hello: Hello) -> (Raw, Option<ToRemote>) {
    let mut socket = open(server.address, OWNER).await.unwrap();
    say(&mut socket, &FromRemote::Hello(Box::new(hello))).await;
    let answer = hear(&mut socket).await;
    (socket, answer)
}

#[tokio::test]
async fn who_speaks_otherwise_or_has_runs_of_another_store_is_refused_with_the_reason() {
    let server = Server::start(Patience::default()).await;
    let old = Hello { protocol: PROTOCOL + 1, ..hello("a") };
    let Some(ToRemote::Refused { message, again: false }) = greeted(&server, old).await.1 else { panic!() };
    assert!(message.contains("9.9.9") && message.contains("same version"), "{message}");
    let foreign = Hello { store: Some("another".to_owned()), ..hello("b") };
    let Some(ToRemote::Refused { message, again: true }) = greeted(&server, foreign).await.1 else {
        panic!()
    };
    assert!(message.contains("another store"), "{message}");
    assert!(server.host.board().workers().await.is_empty());
    let own = Hello { store: Some(server.people.store().identity().await.unwrap()), ..hello("c") };
    let (_socket, answer) = greeted(&server, own).await;
    assert!(matches!(answer, Some(ToRemote::Welcome { number: 0, .. })), "{answer:?}");
    // Whatever else comes ends the connection, and harms nobody.
    let mut socket = open(server.address, OWNER).await.unwrap();
    socket.send(Message::Binary(vec![0xff; 100].into())).await.unwrap();
    assert!(hear(&mut socket).await.is_none());
    assert_eq!(server.host.board().workers().await.len(), 1);
}

#[tokio::test]
async fn a_token_of_workers_is_good_for_their_connection_until_it_is_withdrawn() {
    let patience = Patience { heartbeat: Duration::from_millis(100), ..Patience::default() };
    let server = Server::start(patience).await;
    assert_eq!(open(server.address, "prw_0000").await.err(), Some(401));
    let made = server.people.worker_token("t".to_owned(), None, "owner".to_owned(), Duration::from_secs(60));
    let (token, code) = made.await.unwrap();
    let mut socket = open(server.address, &code).await.unwrap();
    say(&mut socket, &FromRemote::Hello(Box::new(hello("a")))).await;
    assert!(matches!(hear(&mut socket).await, Some(ToRemote::Welcome { .. })));
    server.people.withdraw_worker_token(token.id).await.unwrap();
    while hear(&mut socket).await.is_some() {}
    assert_eq!(open(server.address, &code).await.err(), Some(401));
    let spent = server.people.worker_token("t".to_owned(), None, "owner".to_owned(), Duration::ZERO);
    assert_eq!(open(server.address, &spent.await.unwrap().1).await.err(), Some(401), "it has expired");
}

#[tokio::test]
async fn silence_is_noticed_and_who_comes_back_is_the_same_worker() {
    let patience = Patience { heartbeat: Duration::from_millis(50), ..Patience::default() };
    let server = Server::start(patience).await;
    let (mut socket, answer) = greeted(&server, hello("a")).await;
    let Some(ToRemote::Welcome { number, .. }) = answer else { panic!("{answer:?}") };
    // It says something now and then, and gives up when nothing comes back.
    let mut words = 0;
    while hear(&mut socket).await.is_some() {
        words += 1;
    }
    assert!(words > 0);
    let board = server.host.board();
    while board.workers().await[0].remote.as_ref().unwrap().away.is_none() {
        tokio::task::yield_now().await;
    }
    let (_socket, answer) = greeted(&server, hello("a")).await;
    assert!(matches!(answer, Some(ToRemote::Welcome { number: again, .. }) if again == number), "{answer:?}");
    assert_eq!(board.workers().await.len(), 1);
}
