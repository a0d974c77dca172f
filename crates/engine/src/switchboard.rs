//! Many studies on many workers: to each study one worker as large as all of them, to each worker one engine.
//!
//! [`Switchboard::open`] gives a study a [`Link`] like that of a single worker, so that whatever works on a study need not know how many
//! others there are. Behind it leases are divided among the workers that have room, and what a lost worker held is handed back. Workers' time is
//! shared among projects first, by [`ProjectTerms`], and then among the studies of each, by [`Terms`]; the workers keep to it run by run.

mod arrival;
mod board;
mod parts;
mod pump;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use paramo_model::{Capacity, FromWorker, Name, StudyId, ToWorker, WorkerId};
use paramo_worker::Link;
use tokio::sync::{mpsc, oneshot};

use crate::ProjectTerms;
use board::Board;

pub use arrival::{About, Arrival, Note, RemoteStatus, WorkerStatus};

/// How long a worker that is not heard of keeps its runs, unless somebody says otherwise.
const GRACE: Duration = Duration::from_secs(120);

/// What a study may have of the workers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terms {
    /// Relative to the other studies' of its project on the same workers.
    pub share: f64,
    /// Runs at once on all workers together, at the most.
    pub runs: Option<u32>,
}

impl Default for Terms {
    fn default() -> Terms {
        Terms { share: 1.0, runs: None }
    }
}

/// A handle; as many as are wanted, of one board.
#[derive(Clone)]
pub struct Switchboard {
    to: mpsc::UnboundedSender<Wire>,
    links: Arc<AtomicU64>,
}

/// To whom something is said.
enum Audience {
    /// All studies that may be made at a site.
    Site(String),
    Study(StudyId),
}

/// What reaches the board.
enum Wire {
    Attach {
        id: oneshot::Sender<WorkerId>,
        name: String,
        capacity: Capacity,
        link: Box<dyn Link>,
    },
    Arrive {
        id: oneshot::Sender<WorkerId>,
        arrival: Box<Arrival>,
        link: Box<dyn Link>,
    },
    Detach(WorkerId),
    Open {
        study: StudyId,
        project: Name,
        link: u64,
        terms: Terms,
        to: mpsc::UnboundedSender<Vec<FromWorker>>,
    },
    Terms(StudyId, Terms),
    Project(Name, ProjectTerms),
    /// From the link of this number; what an earlier link of the study still says is of no matter.
    Order(StudyId, u64, ToWorker),
    Kept(StudyId, Vec<(u64, u32)>),
    Repeat(StudyId),
    /// From the connection of this number.
    News(WorkerId, u64, Vec<FromWorker>),
    /// The connection of this number is no more.
    Broken(WorkerId, u64),
    /// Nothing was heard of a worker for too long since this connection broke.
    GraceOver(WorkerId, u64),
    /// Some may wait while others have nothing.
    Balance(StudyId),
    GiveUp(String),
    Notice(Audience, String),
    Expect(Vec<(String, Vec<StudyId>)>, Duration),
    NotExpected,
    Close,
    Workers(oneshot::Sender<Vec<WorkerStatus>>),
}

impl Switchboard {
    /// Starts a board without workers, as a task of the current runtime. It ends when the last handle and the last link are gone.
    pub fn start() -> Switchboard {
        Switchboard::begin(GRACE, None)
    }

    /// The same for workers elsewhere as well: one that is not heard of for the length of `grace` loses its runs to others. `notes` hears what
    /// whoever keeps the board has to see to.
    pub fn for_remote(grace: Duration, notes: mpsc::UnboundedSender<Note>) -> Switchboard {
        Switchboard::begin(grace, Some(notes))
    }

    fn begin(grace: Duration, notes: Option<mpsc::UnboundedSender<Note>>) -> Switchboard {
        let (to, mut from) = mpsc::unbounded_channel();
        let mut board = Board::new(to.downgrade(), grace, notes);
        tokio::spawn(async move {
            while let Some(wire) = from.recv().await {
                board.take(wire);
            }
        });
        Switchboard { to, links: Arc::default() }
    }

    /// Gives the board a worker. `None` when the board has ended.
    pub async fn attach(&self, name: String, capacity: Capacity, link: Box<dyn Link>) -> Option<WorkerId> {
        let (id, answer) = oneshot::channel();
        self.to.send(Wire::Attach { id, name, capacity, link }).ok()?;
        answer.await.ok()
    }

    /// Gives the board a worker elsewhere, for the first time or again: what it says that it holds stays its own. Its link ends when the
    /// connection breaks. `None` when the board has ended.
    pub async fn arrive(&self, arrival: Arrival, link: Box<dyn Link>) -> Option<WorkerId> {
        let (id, answer) = oneshot::channel();
        self.to.send(Wire::Arrive { id, arrival: Box::new(arrival), link }).ok()?;
        answer.await.ok()
    }

    /// An allocation has ended, as its site says: what its workers held is somebody else's at once, without waiting for them to come back.
    pub fn give_up(&self, allocation: &str) {
        let _ = self.to.send(Wire::GiveUp(allocation.to_owned()));
    }

    /// Says something to all studies that may be made at a site.
    pub fn notice(&self, site: &str, text: String) {
        let _ = self.to.send(Wire::Notice(Audience::Site(site.to_owned()), text));
    }

    /// Says something to one study.
    pub fn notice_for(&self, study: StudyId, text: String) {
        let _ = self.to.send(Wire::Notice(Audience::Study(study), text));
    }

    /// Has studies wait for workers that an earlier board had, by their keys: nothing of these studies is leased until the workers
    /// are back, or the wait is over. Said before anything is worked on.
    pub fn expect(&self, workers: Vec<(String, Vec<StudyId>)>, wait: Duration) {
        let _ = self.to.send(Wire::Expect(workers, wait));
    }

    /// Leaves workers elsewhere to the next board from now on: they go on with what they hold, whatever is stopped here.
    pub fn close(&self) {
        let _ = self.to.send(Wire::Close);
    }

    /// Tells workers elsewhere that they need not keep the results of these attempts, each an index and a number.
    pub fn kept(&self, study: StudyId, runs: Vec<(u64, u32)>) {
        let _ = self.to.send(Wire::Kept(study, runs));
    }

    /// Has workers elsewhere report again what they have of a study and was not kept.
    pub fn repeat(&self, study: StudyId) {
        let _ = self.to.send(Wire::Repeat(study));
    }

    /// Lets a worker end what it runs and go.
    pub fn detach(&self, worker: WorkerId) {
        let _ = self.to.send(Wire::Detach(worker));
    }

    /// A link to all workers for one study of a project. Dropping it ends the study's runs. A study is open once at a time.
    pub fn open(&self, study: StudyId, project: Name, terms: Terms) -> Box<dyn Link> {
        let (to, from) = mpsc::unbounded_channel();
        let link = self.links.fetch_add(1, Ordering::Relaxed);
        let _ = self.to.send(Wire::Open { study, project, link, terms, to });
        Box::new(StudyLink { study, link, to: self.to.clone(), from, gone: false })
    }

    /// Changes what an open study may have.
    pub fn set_terms(&self, study: StudyId, terms: Terms) {
        let _ = self.to.send(Wire::Terms(study, terms));
    }

    /// Changes what the studies of a project may have together: their share and their runs at once. Quotas are not the board's.
    pub fn set_project(&self, name: Name, terms: ProjectTerms) {
        let _ = self.to.send(Wire::Project(name, terms));
    }

    /// The workers there are.
    pub async fn workers(&self) -> Vec<WorkerStatus> {
        let (to, answer) = oneshot::channel();
        let _ = self.to.send(Wire::Workers(to));
        answer.await.unwrap_or_default()
    }
}

/// All workers, as one study sees them.
struct StudyLink {
    study: StudyId,
    link: u64,
    to: mpsc::UnboundedSender<Wire>,
    from: mpsc::UnboundedReceiver<Vec<FromWorker>>,
    gone: bool,
}

#[async_trait]
impl Link for StudyLink {
    fn send(&mut self, order: ToWorker) {
        let _ = self.to.send(Wire::Order(self.study, self.link, order));
    }

    async fn receive(&mut self) -> Option<Vec<FromWorker>> {
        if self.gone {
            return None;
        }
        let news = self.from.recv().await?;
        self.gone = news.iter().any(|message| matches!(message, FromWorker::Gone));
        Some(news)
    }
}

impl Drop for StudyLink {
    fn drop(&mut self) {
        if !self.gone {
            let _ = self.to.send(Wire::Order(self.study, self.link, ToWorker::Stop));
        }
    }
}

#[cfg(test)]
mod tests;
