//! The worker's end: connects, says what there is, carries orders and news, and begins again when the connection breaks.

mod state;
mod suspects;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use paramo_model::{Capacity, FromWorker, ToWorker};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::state::Client;
use super::connection::{Address, ConnectError, Socket};
use super::speech::Speech;
use super::wire::ToRemote;
use crate::link::Link;

/// Waits between two attempts to connect: doubled from the first to the last.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LAST_WAIT: Duration = Duration::from_secs(5);

/// How long to wait, once nothing runs any more and somebody wants the worker to end, for the results to be kept.
const FAREWELL: Duration = Duration::from_secs(20);

/// What runs is handed back so long before the allocation ends, or a tenth of it before when it is short.
const RESERVE: Duration = Duration::from_secs(30);

/// How often the clock is looked at.
const TICK: Duration = Duration::from_millis(500);

/// How a worker is to be reached and to behave.
pub struct RemoteOptions {
    pub address: Address,
    pub token: String,
    /// For people.
    pub name: String,
    pub host: String,
    /// What the site calls the allocation that this is in.
    pub allocation: Option<String>,
    pub capacity: Capacity,
    /// A directory on this machine, for results that are not known to be kept and for files.
    pub scratch: PathBuf,
    /// Directories of the server that are seen here, at the same paths.
    pub sees: Vec<String>,
    /// A directory that the workers of a site have together, for files by their content.
    pub content: Option<PathBuf>,
    /// How long to go on without the server.
    pub patience: Duration,
    /// End after so long without anything to do.
    pub idle: Option<Duration>,
    /// When the allocation ends.
    pub ends: Option<Instant>,
}

/// When runs are handed back, of an allocation that ends at `ends` and begins now.
pub fn last_call(ends: Instant) -> Instant {
    let left = ends.saturating_duration_since(Instant::now());
    ends - RESERVE.min(left / 10)
}

/// What the worker is told from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Leave {
    Stay,
    /// Take nothing more, and go when what runs has ended.
    Drain,
    /// Hand back what runs, and go.
    Stop,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Everything was handed in.
    Settled(Why),
    /// The server was away for too long; so many results wait in the scratch directory.
    Abandoned { results: usize, why: String },
    /// The server does not take this worker.
    Refused(String),
}

/// Why a worker has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    Idle,
    AllocationEnds,
    Told,
    SentAway,
}

/// Something that people should know: a word for programs, and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub event: &'static str,
    pub text: String,
}

/// What a worker has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Runs that were reported.
    pub reported: u64,
}

enum Phase {
    /// Opening a connection, after the wait that is due.
    Apart { opening: JoinHandle<Result<Socket, ConnectError>>, wait: Duration },
    /// The hello has been said, and what follows it is said as it comes.
    Together(Speech),
}

/// What came next.
enum Next {
    News(Option<Vec<FromWorker>>),
    Heard(Result<ToRemote, String>),
    Opened(Box<Result<Socket, ConnectError>>),
    Leave(Leave),
    Tick,
}

/// Works for a server until it is idle, told to leave or sent away, and all has been handed in. `link` is the worker of this process. `say`
/// gets what people should know. The error is a scratch directory that cannot be used, or a system that lacks something.
pub async fn serve(
    options: RemoteOptions,
    link: Box<dyn Link>,
    mut leave: watch::Receiver<Leave>,
    mut say: impl FnMut(Told),
) -> Result<(Ended, Progress), String> {
    let options = Arc::new(options);
    let mut client = Client::new(Arc::clone(&options), link)?;
    let mut phase = open(&options, Duration::ZERO);
    let mut apart_since = Instant::now();
    let mut told_apart = false;
    let mut watching = true;
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let ended = loop {
        if client.is_over(matches!(phase, Phase::Together(_))) {
            break client.ended();
        }
        let listens = !client.gone && phase.has_room();
        let next = tokio::select! {
            biased;
            changed = leave.changed(), if watching => match changed {
                Ok(()) => Next::Leave(*leave.borrow_and_update()),
                Err(_) => {
                    watching = false;
                    continue;
                }
            },
            _ = tick.tick() => Next::Tick,
            next = phase.next() => next,
            news = client.link.receive(), if listens => Next::News(news),
        };
        let speech = match &mut phase {
            Phase::Together(speech) => Some(speech),
            Phase::Apart { .. } => None,
        };
        let lost = match next {
            Next::News(news) => client.news(news, speech),
            Next::Heard(Ok(ToRemote::Refused { message, again: false })) => break Ended::Refused(message),
            Next::Heard(Ok(message)) => match speech {
                Some(speech) => client.heard(message, speech),
                None => Ok(()),
            },
            Next::Heard(Err(why)) => Err(why),
            Next::Opened(opened) => match *opened {
                Ok(socket) => {
                    let mut speech = Speech::new(socket);
                    let said = client.hello(&mut speech);
                    phase = Phase::Together(speech);
                    said
                }
                Err(ConnectError::Refused(why)) if client.is_settled() => {
                    break Ended::Refused(why);
                }
                // It may be another server than the one that its runs are of.
                Err(ConnectError::Away(why) | ConnectError::Refused(why)) => {
                    if apart_since.elapsed() > options.patience {
                        break Ended::Abandoned { results: client.results(), why };
                    }
                    if !std::mem::replace(&mut told_apart, true) {
                        say(Told { event: "away", text: format!("{why}; trying again") });
                    }
                    let wait = match phase {
                        Phase::Apart { wait, .. } if !wait.is_zero() => (2 * wait).min(LAST_WAIT),
                        _ => FIRST_WAIT,
                    };
                    phase = open(&options, wait);
                    Ok(())
                }
            },
            Next::Leave(word) => {
                client.leave(word, Why::Told);
                let lost = client.lost_with_the_allocation();
                client.take(lost, speech)
            }
            Next::Tick => client.tick(speech),
        };
        client.told.drain(..).for_each(&mut say);
        if let Phase::Together(speech) = &phase
            && speech.welcome
        {
            told_apart = false;
        }
        if let Err(why) = lost {
            let text = format!("the connection to {} is lost: {why}", options.address.place());
            if let Phase::Together(speech) = &phase
                && speech.welcome
            {
                apart_since = Instant::now();
            }
            if !std::mem::replace(&mut told_apart, true) {
                say(Told { event: "lost", text });
            }
            client.interrupted();
            // One that takes connections and then breaks them is not pressed.
            let pressed = matches!(&phase, Phase::Together(speech) if !speech.welcome);
            phase = open(&options, if pressed { LAST_WAIT } else { FIRST_WAIT });
        }
    };
    client.told.drain(..).for_each(&mut say);
    if let Phase::Together(speech) = phase {
        speech.close().await;
    }
    Ok((ended, client.progress))
}

/// Begins to open a connection, in a task of its own so that it goes on whatever else happens.
fn open(options: &Arc<RemoteOptions>, wait: Duration) -> Phase {
    let options = Arc::clone(options);
    let opening = tokio::spawn(async move {
        tokio::time::sleep(wait).await;
        options.address.connect(&options.token).await
    });
    Phase::Apart { opening, wait }
}

impl Phase {
    async fn next(&mut self) -> Next {
        match self {
            Phase::Apart { opening, .. } => Next::Opened(Box::new(match opening.await {
                Ok(opened) => opened,
                Err(error) => Err(ConnectError::Away(error.to_string())),
            })),
            Phase::Together(speech) => Next::Heard(speech.next().await),
        }
    }

    fn has_room(&self) -> bool {
        match self {
            Phase::Apart { .. } => true,
            // What happened between hello and welcome would be in neither.
            Phase::Together(speech) => speech.welcome && speech.has_room(),
        }
    }
}

/// An order that has nothing to do with what the worker of this process is told.
fn is_ours(order: &ToWorker) -> bool {
    matches!(order, ToWorker::Kept { .. } | ToWorker::Repeat { .. })
}
