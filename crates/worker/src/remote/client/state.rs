//! What the worker's end knows, and what each thing that happens means for it. Nothing in here waits.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use paramo_model::{Assignment, FromWorker, Held, Report, StudyId, ToWorker};

use super::suspects::{self, Suspects};
use super::{Ended, FAREWELL, Leave, Progress, RemoteOptions, Told, Why, is_ours, last_call};
use crate::clock;
use crate::link::Link;
use crate::remote::account::Account;
use crate::remote::content::Manifest;
use crate::remote::post::{self, Post};
use crate::remote::scratch::Scratch;
use crate::remote::shelf::Shelf;
use crate::remote::speech::Speech;
use crate::remote::spool::Spool;
use crate::remote::staging::{Staging, Step};
use crate::remote::wire::{FromRemote, Hello, PROTOCOL, ToRemote};

pub(super) struct Client {
    pub link: Box<dyn Link>,
    /// Nothing runs here any more, and nothing will.
    pub gone: bool,
    pub told: Vec<Told>,
    pub progress: Progress,
    options: Arc<RemoteOptions>,
    /// A name that no other worker has.
    key: String,
    account: Account,
    scratch: Scratch,
    /// The store that all this is of, with its results; none before the first welcome.
    store: Option<(String, Spool)>,
    post: Post,
    staging: Staging,
    /// Studies of which everything is seen here, and nothing sent.
    in_place: HashSet<StudyId>,
    /// Studies whose runs may keep files.
    keeping: HashSet<StudyId>,
    /// Notices that were not said yet.
    notices: Vec<FromWorker>,
    /// Nothing more is asked for until there is room for results.
    held_back: bool,
    leaving: Leave,
    why: Why,
    idle_since: Instant,
    gone_since: Instant,
    last_call: Option<Instant>,
    /// What was said of the disk last.
    disk: Option<String>,
    suspects: Suspects,
}

type Lost = Result<(), String>;

impl Client {
    pub fn new(options: Arc<RemoteOptions>, link: Box<dyn Link>) -> Result<Client, String> {
        let now = Instant::now();
        let key = key()?;
        Ok(Client {
            link,
            gone: false,
            told: Vec::new(),
            progress: Progress::default(),
            account: Account::default(),
            scratch: Scratch::take(&options.scratch)?,
            store: None,
            post: Post::default(),
            staging: Staging::new(options.content.clone().map(|content| Shelf::at(content, &key))),
            key,
            in_place: HashSet::new(),
            keeping: HashSet::new(),
            notices: Vec::new(),
            held_back: false,
            leaving: Leave::Stay,
            why: Why::SentAway,
            idle_since: now,
            gone_since: now,
            last_call: options.ends.map(last_call),
            disk: None,
            suspects: Suspects::default(),
            options,
        })
    }

    pub fn results(&self) -> usize {
        self.account.results()
    }

    /// Whether nothing is held and all results are kept.
    pub fn is_settled(&self) -> bool {
        self.account.is_settled() && self.post.is_empty()
    }

    /// Whether there is nothing left to do, or no time left for it.
    pub fn is_over(&self, together: bool) -> bool {
        if !self.gone {
            return false;
        }
        let settled = self.is_settled();
        let hurried = self.leaving != Leave::Stay && self.gone_since.elapsed() > FAREWELL;
        // Without a connection nobody waits for the last word.
        settled && (together || self.store.is_none() || hurried) || hurried
    }

    pub fn ended(&self) -> Ended {
        match self.account.results() {
            0 => Ended::Settled(self.why),
            results => {
                Ended::Abandoned { results, why: "the server has not said that it keeps them".to_owned() }
            }
        }
    }

    /// The first word of a connection.
    pub fn hello(&mut self, speech: &mut Speech) -> Lost {
        let unkept = self.account.unkept();
        let hello = Hello {
            protocol: PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            worker: self.key.clone(),
            name: self.options.name.clone(),
            host: self.options.host.clone(),
            allocation: self.options.allocation.clone(),
            capacity: self.options.capacity.clone(),
            ends_in: self.last_call.map(|ends| ends.saturating_duration_since(Instant::now()).as_secs_f64()),
            store: self.store.as_ref().map(|(store, _)| store.clone()),
            sees: self.options.sees.clone(),
            leaving: self.leaving != Leave::Stay || self.gone,
            now: clock::now(),
            knows: self.account.knows(),
            holds: self.account.held(),
            wants: if self.held_back { Vec::new() } else { self.account.wants() },
            unkept: unkept.map(|report| (report.study, held(report))).collect(),
        };
        speech.say(&FromRemote::Hello(Box::new(hello)))
    }

    /// Something that the server says.
    pub fn heard(&mut self, message: ToRemote, speech: &mut Speech) -> Lost {
        match message {
            ToRemote::Welcome { heartbeat, store, number } => {
                speech.beat(heartbeat);
                self.welcome(store, speech)?;
                speech.welcome = true;
                let text = format!("works for {} as worker {number}", self.options.address.place());
                self.told.push(Told { event: "connected", text });
                Ok(())
            }
            ToRemote::Refused { message, .. } => Err(message),
            ToRemote::Say(orders) => {
                for order in orders {
                    self.order(order, speech)?;
                }
                if let Some((_, spool)) = &mut self.store {
                    spool.tidy(&self.account);
                }
                self.ask_again(speech)
            }
            ToRemote::Assign { assignment, files } => self.assign(*assignment, files, speech),
            ToRemote::At { file, offset } => {
                let (piece, complete) = self.post.at(file, offset);
                if let Some(piece) = piece {
                    speech.say(&piece)?;
                }
                self.complete(complete, speech)?;
                self.offer(speech)
            }
            ToRemote::NotTaken { file, message } => {
                self.post.not_taken(file);
                self.say_once(
                    "files",
                    format!("the server does not take the files of runs: {message}; tried again"),
                );
                Ok(())
            }
            ToRemote::Piece { study, file, offset, bytes } => {
                if let Err(why) = self.staging.piece(study, file, offset, &bytes.0, &self.scratch) {
                    self.notice(why);
                }
                self.stage(study, speech)
            }
            ToRemote::NoPiece { study, file, message } => {
                if let Some(why) = self.staging.no_piece(study, file, &message) {
                    self.notice(why);
                }
                self.stage(study, speech)
            }
        }
    }

    /// The server takes this worker, maybe again: it is told all results that it is not known to keep.
    fn welcome(&mut self, store: String, speech: &mut Speech) -> Lost {
        match &self.store {
            Some((known, _)) if *known != store => {
                return Err("it is the server of another store than the runs here are of".to_owned());
            }
            Some(_) => {}
            None => {
                self.scratch.of_store(&store);
                let (spool, left) = Spool::open(self.scratch.results())?;
                self.store = Some((store, spool));
                for report in left {
                    let folder = self.scratch.files(report.study).join(report.index.to_string());
                    self.account.keep(report.clone());
                    // One whose files are gone has been handed in but for the report.
                    if post::speaks_of_files(&report) || folder.is_dir() {
                        self.post.add(report, folder);
                    }
                }
            }
        }
        let complete = self.account.unkept().filter(|report| !self.post.has(report));
        let mut news: Vec<FromWorker> =
            complete.map(|report| FromWorker::Report(Box::new(report.clone()))).collect();
        news.append(&mut self.notices);
        if self.gone {
            news.push(FromWorker::Gone);
        }
        speech.tell(news)?;
        self.offer(speech)?;
        for study in self.staging.studies() {
            self.stage(study, speech)?;
        }
        Ok(())
    }

    fn order(&mut self, order: ToWorker, speech: &mut Speech) -> Lost {
        if let ToWorker::Repeat { study } = &order {
            let again = self.account.unkept_of(*study).filter(|report| !self.post.has(report));
            let news = again.map(|report| FromWorker::Report(Box::new(report.clone()))).collect();
            return speech.tell(news);
        }
        if self.gone && !is_ours(&order) {
            // The server gives to others what it still hands out here, once it has heard the last word.
            return Ok(());
        }
        if matches!(order, ToWorker::Drain | ToWorker::Stop) && self.leaving == Leave::Stay {
            self.leaving = Leave::Drain;
        }
        self.account.order(&order);
        if is_ours(&order) {
            return Ok(());
        }
        let (order, back) = self.staging.pass(order);
        back.iter().for_each(|message| self.account.news(message));
        if let Some(order) = order {
            self.link.send(order);
        }
        speech.tell(back)
    }

    fn assign(&mut self, mut assignment: Assignment, files: Option<Manifest>, speech: &mut Speech) -> Lost {
        let id = assignment.id;
        let order = ToWorker::Assign(assignment.clone());
        self.account.order(&order);
        let is_seen = files.as_ref().is_none_or(|manifest| manifest.in_place);
        if is_seen && !std::path::Path::new(&assignment.study.source).is_dir() {
            let (name, source) = (&assignment.study.name, &assignment.study.source);
            self.notice(format!(
                "{name} runs in {source}, which {} does not see: is it shared with all nodes?",
                self.options.host
            ));
        }
        let Some(manifest) = files else {
            self.in_place.insert(id);
            self.link.send(order);
            return Ok(());
        };
        self.in_place.remove(&id);
        let path = |path: std::path::PathBuf| path.to_string_lossy().into_owned();
        assignment.runs = path(self.scratch.runs(id));
        assignment.files = path(self.scratch.files(id));
        if !assignment.study.application.keep.is_empty() {
            self.keeping.insert(id);
        }
        if let Some(why) = &manifest.left_out {
            let name = &assignment.study.name;
            self.notice(format!("{name} runs in an empty directory on {}: {why}", self.options.name));
        }
        if manifest.in_place {
            self.link.send(ToWorker::Assign(assignment));
            return Ok(());
        }
        if let Some(order) = self.staging.begin(assignment, manifest) {
            self.link.send(order);
        }
        self.stage(id, speech)
    }

    /// Goes on with fetching what a study needs.
    fn stage(&mut self, study: StudyId, speech: &mut Speech) -> Lost {
        match self.staging.step(study, &self.scratch) {
            Ok(Step::Say(message)) => speech.say(&message),
            Ok(Step::Ready(orders)) => {
                orders.into_iter().for_each(|order| self.link.send(order));
                Ok(())
            }
            Ok(Step::Wait) => Ok(()),
            Err(why) => {
                self.notice(why);
                Ok(())
            }
        }
    }

    fn offer(&mut self, speech: &mut Speech) -> Lost {
        let (offers, complete) = self.post.offers();
        for offer in offers {
            speech.say(&offer)?;
        }
        for report in complete {
            self.complete(Some(report), speech)?;
        }
        Ok(())
    }

    /// Says a report whose files are there, unless it is known to be kept.
    fn complete(&self, report: Option<Report>, speech: &mut Speech) -> Lost {
        match report.filter(|report| self.account.has(report.study, report.index, report.attempt.number)) {
            Some(report) => speech.tell(vec![FromWorker::Report(Box::new(report))]),
            None => Ok(()),
        }
    }

    /// What the worker of this process says.
    pub fn news(&mut self, news: Option<Vec<FromWorker>>, speech: Option<&mut Speech>) -> Lost {
        let news = news.unwrap_or_else(|| vec![FromWorker::Gone]);
        let mut sure = Vec::with_capacity(news.len());
        let now = Instant::now();
        for message in news {
            match message {
                // Nothing comes after it: what was held back is as it was said.
                FromWorker::Gone => {
                    sure.extend(self.suspects.ripe(now + FAREWELL));
                    sure.push(FromWorker::Gone);
                }
                // It was told to stop by whoever ended the run as well.
                message if self.leaving == Leave::Stop => sure.push(suspects::lost(message)),
                message if self.options.ends.is_some() => sure.extend(self.suspects.hold(message, now)),
                message => sure.push(message),
            }
        }
        self.take(sure, speech)
    }

    /// Failures that were held back when the allocation was ended.
    pub fn lost_with_the_allocation(&mut self) -> Vec<FromWorker> {
        if self.leaving == Leave::Stop { self.suspects.lost() } else { Vec::new() }
    }

    /// What is sure to have happened.
    pub fn take(&mut self, news: Vec<FromWorker>, speech: Option<&mut Speech>) -> Lost {
        let mut said = Vec::with_capacity(news.len());
        let mut reports = Vec::new();
        for message in news {
            self.account.news(&message);
            match message {
                FromWorker::Report(report) => {
                    self.progress.reported += 1;
                    reports.push(self.ended_run(*report, &mut said));
                }
                FromWorker::Wants { runs, .. } if self.held_back && runs > 0 => {}
                FromWorker::Gone => {
                    self.gone = true;
                    self.account.holds_nothing();
                    self.gone_since = Instant::now();
                    said.push(FromWorker::Gone);
                }
                FromWorker::Released { study } => {
                    self.staging.released(study);
                    said.push(FromWorker::Released { study });
                }
                FromWorker::Notice(_) if speech.is_none() => self.notices.push(message),
                message => said.push(message),
            }
        }
        if let Some((_, spool)) = &mut self.store {
            spool.add(reports.iter(), &self.account);
        }
        self.look_at_room();
        match speech.filter(|speech| speech.welcome) {
            Some(speech) => {
                speech.tell(said)?;
                self.offer(speech)
            }
            None => Ok(()),
        }
    }

    /// A run has ended: it is reported when its files are there.
    fn ended_run(&mut self, mut report: Report, said: &mut Vec<FromWorker>) -> Report {
        let sends = !self.in_place.contains(&report.study)
            && (post::speaks_of_files(&report) || self.keeping.contains(&report.study));
        if !sends {
            self.account.keep(report.clone());
            said.push(FromWorker::Report(Box::new(report.clone())));
            return report;
        }
        let folder = self.scratch.files(report.study).join(report.index.to_string());
        post::relative(&mut report, &folder);
        self.account.keep(report.clone());
        if let Some(report) = self.post.add(report.clone(), folder) {
            said.push(FromWorker::Report(Box::new(report)));
        }
        report
    }

    /// Asks for nothing more while too many results wait, or while the disk does not take them.
    fn look_at_room(&mut self) {
        let refused = self.store.as_ref().and_then(|(_, spool)| spool.refused().map(str::to_owned));
        if let Some(why) = &refused {
            self.say_once(
                "disk",
                format!("results cannot be written down: {why}; nothing more is begun until they can"),
            );
        } else {
            self.disk = None;
        }
        let full = refused.is_some() || self.account.is_full();
        if full && !self.held_back {
            self.held_back = true;
        }
    }

    /// Asks again once there is room.
    fn ask_again(&mut self, speech: &mut Speech) -> Lost {
        let refused = self.store.as_ref().is_some_and(|(_, spool)| spool.refused().is_some());
        if !self.held_back || refused || self.account.is_full() {
            return Ok(());
        }
        self.held_back = false;
        let wants = self.account.wants().into_iter();
        speech.tell(wants.map(|(study, runs)| FromWorker::Wants { study, runs }).collect())
    }

    /// Some time has passed.
    pub fn tick(&mut self, mut speech: Option<&mut Speech>) -> Lost {
        let now = Instant::now();
        let ripe = self.suspects.ripe(now);
        if !ripe.is_empty() {
            self.take(ripe, speech.as_deref_mut())?;
        }
        if self.last_call.is_some_and(|call| call <= now) {
            self.leave(Leave::Stop, Why::AllocationEnds);
        }
        if !self.account.is_settled() || !self.staging.studies().is_empty() {
            self.idle_since = now;
        }
        if self.options.idle.is_some_and(|idle| now.duration_since(self.idle_since) >= idle) {
            self.leave(Leave::Drain, Why::Idle);
        }
        if let Some((_, spool)) = self.store.as_mut().filter(|(_, spool)| spool.refused().is_some()) {
            spool.tidy(&self.account);
            if spool.refused().is_none() {
                self.told.push(Told { event: "disk", text: "results are written down again".to_owned() });
            }
        }
        let Some(speech) = speech.filter(|speech| speech.welcome) else { return Ok(()) };
        self.ask_again(speech)?;
        self.offer(speech)?;
        for study in self.staging.studies() {
            self.stage(study, speech)?;
        }
        let notices = std::mem::take(&mut self.notices);
        speech.tell(notices)?;
        speech.keep_alive()
    }

    /// Somebody wants the worker to go. The most urgent word holds.
    pub fn leave(&mut self, word: Leave, why: Why) {
        if word <= self.leaving {
            return;
        }
        self.leaving = word;
        self.why = why;
        let text = match why {
            Why::Idle => "there was nothing to do for a while: ending",
            Why::AllocationEnds => "the allocation ends: what runs is handed back",
            Why::Told | Why::SentAway if word == Leave::Stop => "ending: what runs is handed back",
            Why::Told | Why::SentAway => "ending once what runs has ended",
        };
        self.told.push(Told { event: "leaving", text: text.to_owned() });
        self.link.send(if word == Leave::Stop { ToWorker::Stop } else { ToWorker::Drain });
    }

    /// The connection is no more.
    pub fn interrupted(&mut self) {
        self.post.interrupted();
        self.staging.interrupted();
    }

    /// Something that people should know here, and those who look at the studies as well.
    fn notice(&mut self, text: String) {
        self.told.push(Told { event: "notice", text: text.clone() });
        self.notices.push(FromWorker::Notice(text));
    }

    fn say_once(&mut self, event: &'static str, text: String) {
        if self.disk.as_deref() != Some(text.as_str()) {
            self.disk = Some(text.clone());
            self.told.push(Told { event, text });
        }
    }
}

/// The run of a report, as it was held.
fn held(report: &Report) -> Held {
    let Report { index, lease, attempt, .. } = report;
    Held { index: *index, lease: *lease, attempt: attempt.number, slot: None }
}

fn key() -> Result<String, String> {
    let mut bytes = [0u8; 16];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .map_err(|error| format!("there are no random numbers: {error}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
