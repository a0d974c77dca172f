//! The files of a study's directory, fetched before the worker hears of the study. What is here already by its content is not fetched, nor
//! what another worker of the site has fetched or is fetching.
//!
//! They stay as they are until the study is released: what changes at the server meanwhile is seen by the workers that come after. A file that
//! changes while it is fetched is taken as it comes, and one that is gone is left out, as a run at the server would find them.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use paramo_model::{Assignment, FromWorker, Study, StudyId, ToWorker};

use super::content::{self, Manifest};
use super::scratch::Scratch;
use super::shelf::{Found, Shelf};
use super::wire::{FromRemote, PIECE};

/// What could not be had is tried again after this long.
const AGAIN: Duration = Duration::from_secs(5);
/// It is looked again so soon for what another worker fetches.
const SOON: Duration = Duration::from_millis(500);

#[derive(Default)]
pub(super) struct Staging {
    stages: BTreeMap<StudyId, Stage>,
    /// Where the files are of the studies that the worker knows.
    placed: BTreeMap<StudyId, String>,
    /// What the workers of the site have together.
    shelf: Option<Shelf>,
}

struct Stage {
    assignment: Assignment,
    /// Of the files as they come.
    manifest: Manifest,
    /// The sum of the files as they were listed.
    listed: String,
    /// Orders for the study, to be carried out after it is known.
    queued: Vec<ToWorker>,
    /// The file that is fetched now.
    at: usize,
    /// A piece is on its way.
    asked: bool,
    /// Some of the present file was there before.
    resumed: bool,
    /// The present file is claimed for this worker, by its content as it was listed.
    claimed: Option<String>,
    not_before: Option<Instant>,
}

/// What comes next.
pub(super) enum Step {
    Say(FromRemote),
    /// The study is here: these are for the worker.
    Ready(Vec<ToWorker>),
    Wait,
}

/// What a study is short of.
enum Next {
    Ask(FromRemote),
    /// Another fetches it.
    Coming,
    Nothing,
}

impl Staging {
    /// With what the workers of the site have together, if they have anything.
    pub fn new(shelf: Option<Shelf>) -> Staging {
        Staging { shelf, ..Staging::default() }
    }

    /// Takes an assignment whose files are to be here first. Gives it back when they are.
    pub fn begin(&mut self, assignment: Assignment, manifest: Manifest) -> Option<ToWorker> {
        if let Some(source) = self.placed.get(&assignment.id) {
            return Some(moved(assignment, source.clone()));
        }
        let listed = manifest.sum();
        match self.stages.get_mut(&assignment.id) {
            Some(stage) if stage.listed == listed => stage.assignment = assignment,
            _ => {
                let id = assignment.id;
                let queued = self.forget(id).map(|stage| stage.queued).unwrap_or_default();
                let stage = Stage {
                    assignment,
                    manifest,
                    listed,
                    queued,
                    at: 0,
                    asked: false,
                    // An earlier worker may have left a part of it.
                    resumed: true,
                    claimed: None,
                    not_before: None,
                };
                self.stages.insert(id, stage);
            }
        }
        None
    }

    /// Keeps an order back if its study is not here yet. What it makes of no use is to be said.
    pub fn pass(&mut self, order: ToWorker) -> (Option<ToWorker>, Vec<FromWorker>) {
        let study = match &order {
            ToWorker::Release { study, .. } => {
                // The worker answers for a study that it does not know.
                let stage = self.forget(*study);
                let queued = stage.map(|stage| stage.queued).unwrap_or_default();
                let back = queued.into_iter().filter_map(|order| match order {
                    ToWorker::Lease { study, lease, tickets } => {
                        let indices = tickets.iter().map(|ticket| ticket.index).collect();
                        Some(FromWorker::Returned { study, lease, indices })
                    }
                    _ => None,
                });
                return (Some(order), back.collect());
            }
            ToWorker::Lease { study, .. } | ToWorker::Pause { study } | ToWorker::Resume { study } => study,
            _ => return (Some(order), Vec::new()),
        };
        match self.stages.get_mut(study) {
            Some(stage) => {
                stage.queued.push(order);
                (None, Vec::new())
            }
            None => (Some(order), Vec::new()),
        }
    }

    fn forget(&mut self, study: StudyId) -> Option<Stage> {
        let mut stage = self.stages.remove(&study)?;
        stage.give_up(self.shelf.as_ref());
        Some(stage)
    }

    /// The worker knows a study no more.
    pub fn released(&mut self, study: StudyId) {
        self.placed.remove(&study);
    }

    pub fn studies(&self) -> Vec<StudyId> {
        self.stages.keys().copied().collect()
    }

    /// The connection is no more: what was asked for is asked for again.
    pub fn interrupted(&mut self) {
        for stage in self.stages.values_mut() {
            (stage.asked, stage.resumed) = (false, true);
        }
    }

    /// What to do next for a study. The error is for people; it is tried again later.
    pub fn step(&mut self, study: StudyId, scratch: &Scratch) -> Result<Step, String> {
        let Some(stage) = self.stages.get_mut(&study) else { return Ok(Step::Wait) };
        let waits = stage.not_before.is_some_and(|moment| moment > Instant::now());
        if stage.asked || waits {
            return Ok(Step::Wait);
        }
        stage.not_before = None;
        match stage.step(scratch, self.shelf.as_mut()) {
            Ok(Next::Nothing) => {
                let Some(stage) = self.stages.remove(&study) else { return Ok(Step::Wait) };
                let source = scratch.source(&stage.manifest.sum()).to_string_lossy().into_owned();
                self.placed.insert(study, source.clone());
                let mut orders = vec![moved(stage.assignment, source)];
                orders.extend(stage.queued);
                Ok(Step::Ready(orders))
            }
            Ok(Next::Ask(message)) => Ok(Step::Say(message)),
            Ok(Next::Coming) => {
                stage.not_before = Some(Instant::now() + SOON);
                Ok(Step::Wait)
            }
            Err(why) => Err(self.later(study, why)),
        }
    }

    /// A piece has come.
    pub fn piece(
        &mut self,
        study: StudyId,
        file: usize,
        offset: u64,
        bytes: &[u8],
        scratch: &Scratch,
    ) -> Result<(), String> {
        let Some(stage) = self.stages.get_mut(&study).filter(|stage| stage.at == file) else { return Ok(()) };
        stage.asked = false;
        stage.take(offset, bytes, scratch, self.shelf.as_ref()).map_err(|why| self.later(study, why))
    }

    /// A piece cannot be had: the study goes without the file. Returns what people should know.
    pub fn no_piece(&mut self, study: StudyId, file: usize, why: &str) -> Option<String> {
        let stage = self.stages.get_mut(&study).filter(|stage| stage.at == file && stage.asked)?;
        stage.asked = false;
        stage.give_up(self.shelf.as_ref());
        let entry = (file < stage.manifest.files.len()).then(|| stage.manifest.files.remove(file))?;
        Some(format!("{} goes without its file {}: {why}", stage.assignment.study.name, entry.path))
    }

    fn later(&mut self, study: StudyId, why: String) -> String {
        let Some(stage) = self.stages.get_mut(&study) else { return why };
        stage.asked = false;
        stage.not_before = Some(Instant::now() + AGAIN);
        format!("the files of {} are not here yet: {why}; tried again", stage.assignment.study.name)
    }
}

impl Stage {
    /// The next piece to ask for; nothing when all is in place.
    fn step(&mut self, scratch: &Scratch, mut shelf: Option<&mut Shelf>) -> Result<Next, String> {
        while let Some(entry) = self.manifest.files.get(self.at) {
            let path = scratch.content(&entry.sum);
            if path.metadata().is_ok_and(|data| data.len() == entry.length) {
                self.at += 1;
                continue;
            }
            if self.claimed.is_none()
                && let Some(shelf) = shelf.as_deref_mut()
            {
                match shelf.take(entry, &path) {
                    Found::Taken => continue,
                    Found::Coming => return Ok(Next::Coming),
                    Found::Missing => self.claimed = Some(entry.sum.clone()),
                }
            }
            if !path.with_extension("part").exists() {
                self.resumed = false;
            }
            let offset = path.with_extension("part").metadata().map_or(0, |data| data.len());
            self.asked = true;
            return Ok(Next::Ask(FromRemote::Fetch { study: self.assignment.id, file: self.at, offset }));
        }
        let there = scratch.source(&self.manifest.sum());
        if !there.is_dir() {
            self.place(scratch, &there).map_err(|(path, error)| format!("{path}: {error}"))?;
        }
        Ok(Next::Nothing)
    }

    /// Leaves the file that is fetched now to others.
    fn give_up(&mut self, shelf: Option<&Shelf>) {
        if let (Some(sum), Some(shelf)) = (self.claimed.take(), shelf) {
            shelf.release(&sum);
        }
    }

    /// Puts all files to where the runs find them.
    fn place(&self, scratch: &Scratch, there: &Path) -> Result<(), (String, std::io::Error)> {
        let new = there.with_extension("new");
        let named = |path: &Path| {
            let path = path.display().to_string();
            move |error| (path, error)
        };
        // One that was left half-made counts for nothing.
        let _ = fs::remove_dir_all(&new);
        fs::create_dir_all(&new).map_err(named(&new))?;
        for folder in &self.manifest.folders {
            let path = new.join(inside(folder)?);
            fs::create_dir_all(&path).map_err(named(&path))?;
        }
        for entry in &self.manifest.files {
            let path = new.join(inside(&entry.path)?);
            let parent = path.parent().unwrap_or(&new);
            fs::create_dir_all(parent).map_err(named(parent))?;
            // A copy: runs may change what they find.
            fs::copy(scratch.content(&entry.sum), &path).map_err(named(&path))?;
            let mode = if entry.executable { 0o755 } else { 0o644 };
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).map_err(named(&path))?;
        }
        fs::rename(&new, there).map_err(named(there))
    }

    fn take(
        &mut self,
        offset: u64,
        bytes: &[u8],
        scratch: &Scratch,
        shelf: Option<&Shelf>,
    ) -> Result<(), String> {
        let Some(entry) = self.manifest.files.get(self.at) else { return Ok(()) };
        let path = scratch.content(&entry.sum);
        let part = path.with_extension("part");
        let failed = |error: std::io::Error| format!("{}: {error}", part.display());
        fs::create_dir_all(part.parent().unwrap_or(&part)).map_err(failed)?;
        let mut file = OpenOptions::new().create(true).append(true).open(&part).map_err(failed)?;
        if file.metadata().map_err(failed)?.len() != offset {
            return Err(format!("{} is not as long as it was", part.display()));
        }
        file.write_all(bytes).map_err(failed)?;
        if bytes.len() == PIECE {
            if let (Some(sum), Some(shelf)) = (&self.claimed, shelf) {
                shelf.renew(sum);
            }
            return Ok(());
        }
        drop(file);
        let (sum, length) = content::sum_of(&part).map_err(failed)?;
        if sum == entry.sum {
            fs::rename(&part, &path).map_err(failed)?;
            if let (Some(sum), Some(shelf)) = (self.claimed.take(), shelf) {
                shelf.put(&sum, &path);
            }
            return Ok(());
        }
        if std::mem::take(&mut self.resumed) {
            // What was there before is of an older one.
            return fs::remove_file(&part).map_err(failed);
        }
        let now = scratch.content(&sum);
        if let Some(entry) = self.manifest.files.get_mut(self.at) {
            (entry.sum, entry.length) = (sum, length);
        }
        self.give_up(shelf);
        fs::rename(&part, &now).map_err(failed)
    }
}

/// An assignment of a study whose directory is elsewhere.
fn moved(assignment: Assignment, source: String) -> ToWorker {
    let study = Arc::new(Study { source, ..(*assignment.study).clone() });
    ToWorker::Assign(Assignment { study, ..assignment })
}

fn inside(path: &str) -> Result<&Path, (String, std::io::Error)> {
    content::below(path).map_err(|why| (path.to_owned(), std::io::Error::other(why)))
}
