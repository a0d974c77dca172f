//! One mirror job from its submission to its end.
//!
//! Nothing here gives up because of a site that is away for a while: what is asked is asked again, until the patience of who started it
//! is at an end. The job is submitted once: when the answer was lost, it is looked for by its name.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

use super::files;
use super::job::MirrorJob;
use crate::job::with_prologue;
use crate::{AccessError, BatchJob, Connection, EngineError, How, JobId, JobState};

/// The first and the longest time between two looks at a job.
const SOON: Duration = Duration::from_millis(200);
const LATE: Duration = Duration::from_secs(3);
/// What is left of the time for ending when the rest of it is for the end of the process itself.
const REST: Duration = Duration::from_secs(3);

/// Who is told what happens.
pub trait Voice {
    /// A line for people.
    fn say(&mut self, text: &str);
    /// What the job printed, as it did.
    fn print(&mut self, error: bool, bytes: &[u8]);
}

/// A mirror job that is to be.
pub struct Mirror<'a> {
    pub connection: &'a Connection,
    pub job: &'a MirrorJob,
    /// How long the site may be away in one piece.
    pub patience: Duration,
    /// How long the job may take to end after it was cancelled.
    pub grace: Duration,
    /// Becomes true when the job is to be cancelled.
    pub stop: watch::Receiver<bool>,
}

/// How it ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Mirrored {
    Ended(How),
    Vanished,
    /// It was to end before the job had ended by itself.
    Stopped,
}

/// Why there is no end that could be told.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("{why}; job {job} may go on there: it is called {name}")]
    Lost { job: String, name: String, why: String },
}

impl MirrorError {
    fn is_passing(&self) -> bool {
        match self {
            MirrorError::Access(error) => error.is_passing(),
            MirrorError::Engine(error) => error.is_passing(),
            MirrorError::Lost { .. } => false,
        }
    }
}

/// How far the job's output was printed.
#[derive(Default)]
struct Printed {
    out: u64,
    err: u64,
}

impl Mirror<'_> {
    /// Carries it out.
    ///
    /// # Errors
    ///
    /// When the site refuses, or is away for longer than the patience.
    pub async fn run(&self, voice: &mut dyn Voice) -> Result<Mirrored, MirrorError> {
        let access = &self.connection.access;
        let name = format!("{}-{}", self.job.name, mark()?);
        let directory = format!("{}/mirror/{name}", self.connection.site.directory);
        let bring = async |_: &mut dyn Voice| Ok(files::bring(access, &self.job.inputs, &directory).await?);
        if self.unless_stopped(self.again(voice, bring)).await?.is_none() {
            return Ok(Mirrored::Stopped);
        }
        let batch = self.batch(&name, &directory);
        let Some(id) = self.submit(voice, &batch).await? else { return Ok(Mirrored::Stopped) };
        voice.say(&format!("job {id} is submitted as {name}"));
        let mut printed = Printed::default();
        let state = self.follow(voice, &id, &batch, &mut printed).await?;
        let ended = match state {
            Some(JobState::Ended(how)) if !*self.stop.borrow() => Mirrored::Ended(how),
            Some(JobState::Vanished) => Mirrored::Vanished,
            _ => return Ok(Mirrored::Stopped),
        };
        let fetch = async |voice: &mut dyn Voice| {
            let (count, without) =
                files::fetch(access, &self.job.outputs, &self.job.into, &directory).await?;
            if count > 0 {
                voice.say(&format!("{count} files are fetched into {}", self.job.into.display()));
            }
            Ok(without)
        };
        let fetched = self.unless_stopped(self.again(voice, fetch)).await?;
        let Some(without) = fetched else { return Ok(Mirrored::Stopped) };
        for pattern in &without {
            voice.say(&format!("the job has left no file {pattern}"));
        }
        if ended == Mirrored::Ended(How::Succeeded) && without.is_empty() && !self.job.keep {
            // Its results are here; that it cannot be removed changes nothing about them.
            if access.shell("remove it", "rm -rf -- \"$1\"", &[&directory], &[]).await.is_ok() {
                return Ok(ended);
            }
        }
        voice.say(&format!("its directory is kept: {directory}"));
        Ok(ended)
    }

    fn batch(&self, name: &str, directory: &str) -> BatchJob {
        let site = &self.connection.site;
        BatchJob {
            name: name.to_owned(),
            script: with_prologue(&self.job.script, site.prologue.as_deref()),
            directory: directory.to_owned(),
            output: format!("{directory}/.stdout"),
            error: format!("{directory}/.stderr"),
            placement: self.job.placement.clone().or(&site.placement),
            size: self.job.size.clone(),
            again: true,
            array: None,
            after: Vec::new(),
        }
    }

    /// Submits the job once. `None`: it is not to be any more, and is not.
    async fn submit(&self, voice: &mut dyn Voice, batch: &BatchJob) -> Result<Option<JobId>, MirrorError> {
        let engine = &self.connection.engine;
        let mut first = true;
        let submit = async |_: &mut dyn Voice| {
            // Before this the site was away; it may have taken the job and not been able to say so.
            if !std::mem::take(&mut first)
                && let Some(id) = engine.find(&batch.name).await?
            {
                return Ok(id);
            }
            Ok(engine.submit(batch).await?)
        };
        match self.again(voice, submit).await? {
            Some(id) => Ok(Some(id)),
            None => {
                let until = Instant::now() + self.grace.saturating_sub(REST);
                match timeout_at(until, self.cancel_by_name(&batch.name)).await {
                    Ok(Ok(())) => Ok(None),
                    Ok(Err(error)) => Err(lost("(unknown)", batch, &error.to_string())),
                    Err(_) => Err(lost("(unknown)", batch, "the site is away")),
                }
            }
        }
    }

    async fn cancel_by_name(&self, name: &str) -> Result<(), EngineError> {
        loop {
            let cancelled = async {
                match self.connection.engine.find(name).await? {
                    Some(id) => self.connection.engine.cancel(&[id]).await,
                    None => Ok(()),
                }
            };
            match cancelled.await {
                Err(error) if error.is_passing() => sleep(SOON).await,
                other => return other,
            }
        }
    }

    /// Follows the job to its end; when it is to stop, cancels it and waits for the end as long as there is time. `None`: no end was
    /// seen.
    async fn follow(
        &self,
        voice: &mut dyn Voice,
        id: &JobId,
        batch: &BatchJob,
        printed: &mut Printed,
    ) -> Result<Option<JobState>, MirrorError> {
        let mut seen = None;
        let mut pause = SOON;
        loop {
            let look = async |voice: &mut dyn Voice| self.look(voice, id, batch, printed).await;
            let looked = match self.again(voice, look).await {
                Ok(looked) => looked,
                Err(error) if error.is_passing() => return Err(lost(id.as_str(), batch, &error.to_string())),
                Err(error) => return Err(error),
            };
            let Some((state, more)) = looked else { return self.end(voice, id, batch, printed).await };
            let over = matches!(state, JobState::Ended(_) | JobState::Vanished);
            if seen.as_ref() != Some(&state) {
                voice.say(&format!("job {id} {state}"));
                pause = SOON;
                seen = Some(state.clone());
            }
            if over {
                return Ok(Some(state));
            }
            pause = if more { SOON } else { (pause * 5 / 4).min(LATE) };
            self.rest(pause).await;
        }
    }

    /// One look at the job: how it is, and what it printed before that. Says whether it printed anything.
    async fn look(
        &self,
        voice: &mut dyn Voice,
        id: &JobId,
        batch: &BatchJob,
        printed: &mut Printed,
    ) -> Result<(JobState, bool), MirrorError> {
        let states = self.connection.engine.states(std::slice::from_ref(id)).await?;
        let state = states.get(id).cloned().unwrap_or(JobState::Vanished);
        // Asked after the state: what an ended job printed is then all there.
        let mut any = false;
        for (error, path, offset) in
            [(false, &batch.output, &mut printed.out), (true, &batch.error, &mut printed.err)]
        {
            loop {
                let bytes = self.connection.access.read_beyond(path, *offset).await?;
                *offset += bytes.len() as u64;
                any |= !bytes.is_empty();
                voice.print(error, &bytes);
                if bytes.len() < crate::access::PIECE {
                    break;
                }
            }
        }
        Ok((state, any))
    }

    /// Cancels the job and sees it end, within the grace.
    async fn end(
        &self,
        voice: &mut dyn Voice,
        id: &JobId,
        batch: &BatchJob,
        printed: &mut Printed,
    ) -> Result<Option<JobState>, MirrorError> {
        let until = Instant::now() + self.grace.saturating_sub(REST);
        voice.say(&format!("cancelling job {id}"));
        let mut told = false;
        let work = async {
            loop {
                let looked = async {
                    if !told {
                        self.connection.engine.cancel(std::slice::from_ref(id)).await?;
                        told = true;
                    }
                    self.look(voice, id, batch, printed).await
                };
                match looked.await {
                    Ok((state @ (JobState::Ended(_) | JobState::Vanished), _)) => {
                        voice.say(&format!("job {id} {state}"));
                        return Ok(Some(state));
                    }
                    Err(error) if !error.is_passing() => return Err(error),
                    _ => sleep(SOON).await,
                }
            }
        };
        match timeout_at(until, work).await {
            Ok(ended) => ended,
            Err(_) if told => {
                voice.say(&format!("job {id} is cancelled and has not ended yet"));
                Ok(None)
            }
            Err(_) => Err(lost(id.as_str(), batch, "the site is away, and the job could not be cancelled")),
        }
    }

    /// Waits for so long, or until it is to stop.
    async fn rest(&self, pause: Duration) {
        let _ = tokio::time::timeout(pause, self.stopped()).await;
    }

    async fn stopped(&self) {
        let mut stop = self.stop.clone();
        if stop.wait_for(|stop| *stop).await.is_err() {
            // Nobody is left who could want it to stop.
            std::future::pending::<()>().await;
        }
    }

    /// For what may be left undone at any point. `None`: it is to stop.
    async fn unless_stopped<T>(
        &self,
        work: impl Future<Output = Result<Option<T>, MirrorError>>,
    ) -> Result<Option<T>, MirrorError> {
        tokio::select! {
            done = work => done,
            () = self.stopped() => Ok(None),
        }
    }

    /// Does something as often as it takes while the site is away. `None`: it is to stop.
    async fn again<T>(
        &self,
        voice: &mut dyn Voice,
        mut work: impl AsyncFnMut(&mut dyn Voice) -> Result<T, MirrorError>,
    ) -> Result<Option<T>, MirrorError> {
        let mut away: Option<Instant> = None;
        let mut pause = SOON;
        loop {
            if *self.stop.borrow() {
                return Ok(None);
            }
            match work(voice).await {
                Ok(done) => {
                    if let Some(since) = away {
                        voice.say(&format!("the site is back after {:.0} s", since.elapsed().as_secs_f64()));
                    }
                    return Ok(Some(done));
                }
                Err(error) if !error.is_passing() => return Err(error),
                Err(error) => {
                    let since = *away.get_or_insert_with(|| {
                        voice.say(&format!("{error}; trying again"));
                        Instant::now()
                    });
                    if since.elapsed() > self.patience {
                        return Err(error);
                    }
                }
            }
            self.rest(pause).await;
            pause = (pause * 2).min(LATE);
        }
    }
}

fn lost(job: &str, batch: &BatchJob, why: &str) -> MirrorError {
    MirrorError::Lost { job: job.to_owned(), name: batch.name.clone(), why: why.to_owned() }
}

/// What tells the jobs of one name apart.
pub(crate) fn mark() -> Result<String, AccessError> {
    let mut bytes = [0_u8; 5];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .map_err(|error| AccessError::Local { file: "random numbers".to_owned(), why: error.to_string() })?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
