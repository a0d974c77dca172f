//! What is known of a worker when it comes, and what is seen of it later.

use std::collections::BTreeMap;
use std::time::Duration;

use paramo_model::{Capacity, Held, Name, Report, StudyId, WorkerId};

/// A worker at the far end of a connection, as it says itself when it comes: for the first time, or again.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub about: About,
    pub capacity: Capacity,
    /// The time until its allocation ends, if it does.
    pub ends_in: Option<Duration>,
    /// It takes nothing more, and has only come to hand in what it has.
    pub leaving: bool,
    /// The studies that it has been told of.
    pub knows: Vec<StudyId>,
    /// The runs that it holds.
    pub holds: Vec<(StudyId, Held)>,
    /// Attempts whose results it has and will report.
    pub unkept: Vec<(StudyId, Held)>,
    /// Room that it has told of and that was not filled.
    pub wants: Vec<(StudyId, u32)>,
}

/// Who a worker elsewhere is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Drawn by the worker: the same on each of its connections, and no other's.
    pub key: String,
    /// For people.
    pub name: String,
    pub host: String,
    /// Of its program.
    pub version: String,
    /// The site on whose terms it is there; none when somebody has started it by hand: then it is as good as a worker of this process.
    pub site: Option<String>,
    /// What its site has granted it, in the words of the site.
    pub allocation: Option<String>,
    /// The only project whose studies it may have.
    pub project: Option<Name>,
    /// The only study whose runs it may have: one of them, and then it is sent away.
    pub study: Option<StudyId>,
}

/// A worker as people see it.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkerStatus {
    pub id: WorkerId,
    pub name: String,
    pub capacity: Capacity,
    /// Runs that it holds, running or about to.
    pub leased: usize,
    /// Those of them that are known to run: it does not speak of tiny ones.
    pub running: usize,
    /// The same by study.
    pub running_of: BTreeMap<StudyId, usize>,
    /// Runs that it has reported since it came.
    pub reported: u64,
    /// The studies that it has runs of.
    pub studies: Vec<StudyId>,
    /// It takes nothing new.
    pub draining: bool,
    /// Where it is, when it is not in this process.
    pub remote: Option<RemoteStatus>,
}

/// What is seen of a worker elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoteStatus {
    pub about: About,
    /// How long nothing has been heard of it; `None` while it is connected.
    pub away: Option<Duration>,
    /// The time until its allocation ends.
    pub ends_in: Option<Duration>,
}

/// What the board tells whoever keeps it.
#[derive(Debug)]
pub enum Note {
    /// A result of a study that nobody works on here.
    Stray(Box<Report>),
    /// A worker elsewhere has runs of these studies from now on, or none any more.
    Has { key: String, studies: Vec<StudyId> },
}
