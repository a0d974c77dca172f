//! A connection that is open: what is to be said waits here for room on it, so that whoever speaks never waits.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use futures_util::stream::SplitStream;
use futures_util::{SinkExt, StreamExt};
use paramo_model::FromWorker;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;

use super::account::weight;
use super::connection::Socket;
use super::wire::{self, FromRemote, ToRemote};
use crate::clock;

/// Frames that wait at the most before the worker's news are left where they are.
const ENOUGH: usize = 8;

/// About as many bytes of news are said at once.
const FRAME: usize = 1 << 20;

/// Silence is taken for a broken connection after so many heartbeats.
const MISSED: f64 = 3.0;

/// Until the server has said how often it speaks.
const GREETING: Duration = Duration::from_secs(20);

/// A frame that does not find room on the connection for so long will not.
const BLOCKED: Duration = Duration::from_secs(60);

pub(super) struct Speech {
    waiting: VecDeque<Vec<u8>>,
    to: mpsc::Sender<Vec<u8>>,
    from: SplitStream<Socket>,
    writer: JoinHandle<()>,
    silence: Duration,
    /// How often something is said.
    heartbeat: Duration,
    heard: Instant,
    said: Instant,
    /// The server has taken the hello.
    pub welcome: bool,
}

impl Speech {
    pub fn new(socket: Socket) -> Speech {
        let (mut sink, from) = socket.split();
        let (to, mut frames) = mpsc::channel::<Vec<u8>>(2);
        let writer = tokio::spawn(async move {
            while let Some(frame) = frames.recv().await {
                let sent = tokio::time::timeout(BLOCKED, sink.send(Message::Binary(frame.into()))).await;
                if !matches!(sent, Ok(Ok(()))) {
                    return;
                }
            }
            // The other end hears that this is the end of it; if it does not, there is nothing left to say.
            let _ = tokio::time::timeout(BLOCKED, sink.close()).await;
        });
        let now = Instant::now();
        Speech {
            waiting: VecDeque::new(),
            to,
            from,
            writer,
            silence: GREETING,
            heartbeat: GREETING,
            heard: now,
            said: now,
            welcome: false,
        }
    }

    /// Takes up how often something is said at either end, in seconds.
    pub fn beat(&mut self, heartbeat: f64) {
        let seconds = heartbeat.clamp(0.01, 1200.0);
        self.heartbeat = Duration::from_secs_f64(seconds);
        self.silence = Duration::from_secs_f64((seconds * MISSED).max(0.5));
    }

    /// Says what waits, and closes the connection.
    pub async fn close(self) {
        let Speech { mut waiting, to, writer, .. } = self;
        while let Some(frame) = waiting.pop_front() {
            if to.send(frame).await.is_err() {
                break;
            }
        }
        drop(to);
        // It does not panic, and ends by itself.
        let _ = writer.await;
    }

    pub fn say(&mut self, message: &FromRemote) -> Result<(), String> {
        self.waiting.push_back(wire::encode(message)?);
        self.said = Instant::now();
        self.hurry();
        Ok(())
    }

    /// Says news, in frames of a moderate size.
    pub fn tell(&mut self, news: Vec<FromWorker>) -> Result<(), String> {
        let mut frame = Vec::new();
        let mut bytes = 0;
        for message in news {
            let size = match &message {
                FromWorker::Report(report) => weight(report),
                FromWorker::Returned { indices, .. } => 64 + 9 * indices.len(),
                _ => 64,
            };
            if bytes + size > FRAME && !frame.is_empty() {
                self.say(&FromRemote::Say { now: clock::now(), news: std::mem::take(&mut frame) })?;
                bytes = 0;
            }
            bytes += size;
            frame.push(message);
        }
        if frame.is_empty() { Ok(()) } else { self.say(&FromRemote::Say { now: clock::now(), news: frame }) }
    }

    /// Says nothing, when it is time to say something.
    pub fn keep_alive(&mut self) -> Result<(), String> {
        match self.said.elapsed() >= self.heartbeat {
            true => self.say(&FromRemote::Say { now: clock::now(), news: Vec::new() }),
            false => Ok(()),
        }
    }

    /// Whether more may be said without much of it waiting.
    pub fn has_room(&self) -> bool {
        self.waiting.len() < ENOUGH
    }

    /// Hands over what there is room for. False when the connection is gone.
    fn hurry(&mut self) -> bool {
        while let Some(frame) = self.waiting.pop_front() {
            match self.to.try_send(frame) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(frame)) => {
                    self.waiting.push_front(frame);
                    return true;
                }
                Err(mpsc::error::TrySendError::Closed(_)) => return false,
            }
        }
        true
    }

    /// The next thing that is heard. The error is a connection that is no more. Nothing is lost when the future is dropped.
    pub async fn next(&mut self) -> Result<ToRemote, String> {
        loop {
            if !self.hurry() {
                return Err("nothing can be sent any more".to_owned());
            }
            let blocked = !self.waiting.is_empty();
            let heard = tokio::select! {
                // There may be room now: looked at above.
                _ = self.to.reserve(), if blocked => continue,
                heard = tokio::time::timeout_at((self.heard + self.silence).into(), self.from.next()) => heard,
            };
            let message = match heard {
                Err(_) => return Err(format!("nothing was heard for {} s", self.silence.as_secs_f64())),
                Ok(None) => return Err("it was closed".to_owned()),
                Ok(Some(Err(error))) => return Err(error.to_string()),
                Ok(Some(Ok(message))) => message,
            };
            self.heard = Instant::now();
            match message {
                Message::Binary(bytes) => return wire::decode(&bytes),
                Message::Close(_) => return Err("the server has closed it".to_owned()),
                _ => {}
            }
        }
    }
}
