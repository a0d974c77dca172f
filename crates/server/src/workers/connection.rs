//! One connection of a worker: its first word is looked at, and what follows goes to and fro until it breaks.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use axum::extract::ws::{Message, WebSocket};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use paramo_engine::{About, Arrival};
use paramo_model::{FromWorker, Report, StudyId, Timestamp, ToWorker};
use paramo_worker::Link;
use paramo_worker::remote::content;
use paramo_worker::remote::wire::{self, FromRemote, Hello, PROTOCOL, ToRemote};
use tokio::sync::mpsc;

use super::files::Incoming;
use super::sight::{Seen, Sight};
use super::{Pass, Patience};
use crate::clock;
use crate::host::Host;
use crate::people::Service;

/// How long the first word may take, and how long a frame may find no room on the connection.
const GREETING: Duration = Duration::from_secs(20);
const BLOCKED: Duration = Duration::from_secs(60);
/// Silence is taken for a broken connection after so many heartbeats.
const MISSED: u32 = 3;
/// Frames of news that wait for the board; then the worker waits.
const WAITING: usize = 16;
/// Orders that go in one frame.
const TOGETHER: usize = 256;
/// Clocks that differ by less are taken as they are.
const SKEW: i64 = 1_000_000;

/// The board's end of a connection.
struct RemoteLink {
    orders: mpsc::UnboundedSender<ToWorker>,
    news: mpsc::Receiver<Vec<FromWorker>>,
}

#[async_trait]
impl Link for RemoteLink {
    fn send(&mut self, order: ToWorker) {
        // A connection that has broken is noticed by its news.
        let _ = self.orders.send(order);
    }

    async fn receive(&mut self) -> Option<Vec<FromWorker>> {
        self.news.recv().await
    }
}

/// Where the files of each study's runs are kept here.
#[derive(Default)]
struct Folders(Mutex<HashMap<StudyId, PathBuf>>);

impl Folders {
    fn lock(&self) -> MutexGuard<'_, HashMap<StudyId, PathBuf>> {
        // The map is whole between two statements.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Speaks with a worker until one of the two ends it.
pub(crate) async fn receive(host: Arc<Host>, people: Arc<Service>, socket: WebSocket, pass: Pass) {
    let (mut to, mut from) = socket.split();
    let Ok(Some(FromRemote::Hello(hello))) = tokio::time::timeout(GREETING, hear(&mut from)).await else {
        return;
    };
    let store = match people.store().identity().await {
        Ok(store) => store,
        Err(error) => return refuse(&mut to, format!("the store does not answer: {error}"), true).await,
    };
    if hello.protocol != PROTOCOL {
        let message = format!(
            "this is paramo {} and the worker is paramo {}, which speaks otherwise; start the worker with the same version",
            env!("CARGO_PKG_VERSION"),
            hello.version
        );
        return refuse(&mut to, message, false).await;
    }
    if hello.store.as_ref().is_some_and(|other| *other != store) {
        let message = "the worker has runs of another store than this server's; it waits for its own server";
        return refuse(&mut to, message.to_owned(), true).await;
    }
    let patience = host.patience();
    let (orders, ordered) = mpsc::unbounded_channel();
    let (news, heard) = mpsc::channel(WAITING);
    let offset = clock::now().0.saturating_sub(hello.now.0);
    let sight = Sight::of(&hello.sees);
    let link = RemoteLink { orders, news: heard };
    let (out, said) = mpsc::unbounded_channel();
    let Some(number) = host.board().arrive(arrival(*hello, &pass), Box::new(link)).await else {
        return;
    };
    let welcome = ToRemote::Welcome { heartbeat: patience.heartbeat.as_secs_f64(), store, number: number.0 };
    if out.send(welcome).is_err() {
        return;
    }
    let folders = Arc::new(Folders::default());
    let orders =
        carry_orders(Arc::clone(&host), ordered, out.clone(), news.clone(), Arc::clone(&folders), sight);
    let reader = Reader { host, people, out, news, folders, offset, incoming: Incoming::default() };
    // Whichever ends first has the connection end.
    tokio::select! {
        () = write(to, said, patience) => {}
        () = orders => {}
        () = reader.read(from, pass, patience) => {}
    }
}

fn arrival(hello: Hello, pass: &Pass) -> Arrival {
    // What its token says is so; what it says itself is for people.
    let granted = pass.allocation.as_ref();
    let about = About {
        key: hello.worker,
        name: hello.name,
        host: hello.host,
        version: hello.version,
        site: granted.map(|allocation| allocation.site.clone()),
        allocation: granted.map(|allocation| allocation.name.clone()).or(hello.allocation),
        project: pass.project.clone(),
        study: granted.and_then(|allocation| allocation.study),
    };
    Arrival {
        about,
        capacity: hello.capacity,
        ends_in: hello.ends_in.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
        leaving: hello.leaving,
        knows: hello.knows,
        holds: hello.holds,
        unkept: hello.unkept,
        wants: hello.wants,
    }
}

async fn refuse(to: &mut SplitSink<WebSocket, Message>, message: String, again: bool) {
    if let Ok(frame) = wire::encode(&ToRemote::Refused { message, again }) {
        // Who does not hear it comes again and is told again.
        let _ = tokio::time::timeout(BLOCKED, to.send(Message::Binary(frame.into()))).await;
        let _ = tokio::time::timeout(BLOCKED, to.close()).await;
    }
}

/// The next message; nothing when the connection is no more, or is not that of a worker.
async fn hear(from: &mut SplitStream<WebSocket>) -> Option<FromRemote> {
    loop {
        match from.next().await? {
            Ok(Message::Binary(bytes)) => return wire::decode(&bytes).ok(),
            Ok(Message::Ping(_) | Message::Pong(_)) => {}
            _ => return None,
        }
    }
}

/// Carries the board's orders to the connection, in their order. A study goes with the files of its directory.
async fn carry_orders(
    host: Arc<Host>,
    mut orders: mpsc::UnboundedReceiver<ToWorker>,
    out: mpsc::UnboundedSender<ToRemote>,
    news: mpsc::Sender<Vec<FromWorker>>,
    folders: Arc<Folders>,
    sight: Sight,
) {
    let mut together = Vec::with_capacity(TOGETHER);
    while orders.recv_many(&mut together, TOGETHER).await > 0 {
        let mut said = Vec::with_capacity(together.len());
        for order in together.drain(..) {
            let ToWorker::Assign(assignment) = order else {
                said.push(order);
                continue;
            };
            folders.lock().insert(assignment.id, PathBuf::from(&assignment.files));
            let manifest = match sight.of_study(&assignment) {
                Seen::All => Ok(None),
                Seen::Source => Ok(Some(content::Manifest::in_place())),
                Seen::Nothing => host.sources().manifest(&assignment).await.map(Some),
            };
            let files = match manifest {
                Ok(files) => files,
                Err(why) => {
                    let name = &assignment.study.name;
                    let notice = format!("{name} cannot be run by workers elsewhere: {why}");
                    let _ = news.send(vec![FromWorker::Notice(notice)]).await;
                    continue;
                }
            };
            let before = std::mem::take(&mut said);
            let assign = ToRemote::Assign { assignment: Box::new(assignment), files };
            if out.send(ToRemote::Say(before)).is_err() || out.send(assign).is_err() {
                return;
            }
        }
        if !said.is_empty() && out.send(ToRemote::Say(said)).is_err() {
            return;
        }
    }
}

/// Says what there is to say, and something at each heartbeat.
async fn write(
    mut to: SplitSink<WebSocket, Message>,
    mut said: mpsc::UnboundedReceiver<ToRemote>,
    patience: Patience,
) {
    loop {
        let message = match tokio::time::timeout(patience.heartbeat, said.recv()).await {
            Ok(Some(message)) => message,
            Ok(None) => return,
            Err(_) => ToRemote::Say(Vec::new()),
        };
        let Ok(frame) = wire::encode(&message) else { return };
        let sent = tokio::time::timeout(BLOCKED, to.send(Message::Binary(frame.into()))).await;
        if !matches!(sent, Ok(Ok(()))) {
            return;
        }
    }
}

/// What is read from a connection, and where it goes.
struct Reader {
    host: Arc<Host>,
    people: Arc<Service>,
    out: mpsc::UnboundedSender<ToRemote>,
    news: mpsc::Sender<Vec<FromWorker>>,
    folders: Arc<Folders>,
    /// What is to be added to the worker's clock, microseconds.
    offset: i64,
    incoming: Incoming,
}

impl Reader {
    async fn read(mut self, mut from: SplitStream<WebSocket>, pass: Pass, patience: Patience) {
        let mut rights = self.people.rights();
        let silence = patience.heartbeat * MISSED;
        loop {
            let heard = tokio::select! {
                heard = tokio::time::timeout(silence, hear(&mut from)) => heard,
                // The board has another connection of this worker.
                () = self.news.closed() => return,
                changed = rights.changed(), if pass.token.is_some() => {
                    if changed.is_err() || !self.is_good(&pass).await {
                        return;
                    }
                    continue;
                }
            };
            let Ok(Some(message)) = heard else { return };
            if !self.take(message, &pass).await {
                return;
            }
        }
    }

    /// Whether the token is still good.
    async fn is_good(&self, pass: &Pass) -> bool {
        match &pass.token {
            Some(token) => !matches!(self.people.store().worker_token(token).await, Ok(None)),
            None => true,
        }
    }

    /// Whether it goes on.
    async fn take(&mut self, message: FromRemote, pass: &Pass) -> bool {
        match message {
            // It was said once already.
            FromRemote::Hello(_) => false,
            FromRemote::Say { now, mut news } => {
                let offset = clock::now().0.saturating_sub(now.0);
                // What was on its way for long looks like a clock that is behind; a word that says nothing was not.
                if news.is_empty() || offset < self.offset {
                    self.offset = offset;
                }
                if news.is_empty() {
                    // A token that has expired is noticed at a heartbeat.
                    return self.is_good(pass).await;
                }
                for message in &mut news {
                    if let FromWorker::Report(report) = message {
                        self.correct(report);
                    }
                }
                self.news.send(news).await.is_ok()
            }
            FromRemote::Offer(offer) => {
                let folder = self.folder(offer.study);
                let answer = self.incoming.offer(*offer, &folder).await;
                self.out.send(answer).is_ok()
            }
            FromRemote::Piece { file, offset, bytes } => {
                let answer = self.incoming.piece(file, offset, bytes.0).await;
                self.out.send(answer).is_ok()
            }
            FromRemote::Fetch { study, file, offset } => {
                let answer = match self.host.sources().piece(study, file, offset).await {
                    Ok(bytes) => ToRemote::Piece { study, file, offset, bytes: wire::Bin(bytes) },
                    Err(message) => ToRemote::NoPiece { study, file, message },
                };
                self.out.send(answer).is_ok()
            }
        }
    }

    fn folder(&self, study: StudyId) -> PathBuf {
        let known = self.folders.lock().get(&study).cloned();
        known.unwrap_or_else(|| self.host.directory().join("files").join(study.0.to_string()))
    }

    /// Tells the time by our clock and files by where they are here.
    fn correct(&self, report: &mut Report) {
        let attempt = &mut report.attempt;
        if self.offset.abs() >= SKEW {
            attempt.started = Timestamp(attempt.started.0.saturating_add(self.offset));
        }
        let folder = self.folder(report.study).join(report.index.to_string());
        for output in [&mut attempt.stdout, &mut attempt.stderr] {
            // Of a run whose files are where the server keeps them it is a path of the server's. Others are not read for a worker.
            let name = output.file.take().map(PathBuf::from);
            let name = name.and_then(|name| match name.is_absolute() {
                true => name.strip_prefix(&folder).ok().map(Path::to_owned),
                false => Some(name),
            });
            let inside = |name: &PathBuf| content::below(name.to_str()?).ok().map(|name| folder.join(name));
            output.file = name.as_ref().and_then(inside).map(|path| path.to_string_lossy().into_owned());
        }
    }
}
