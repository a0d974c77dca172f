//! Moving a study from one store to another, in steps that can be cut off anywhere.
//!
//! 1. The study *arrives* at the other store: nobody sees it there while its batches are copied, each checked and signed for its
//!    new place, its content byte for byte.
//! 2. When all of it is there and its counts agree, it *leaves* this store: from here on nobody can change or drive it here.
//! 3. It *settles* in the other store: it is seen and driven there.
//! 4. It is removed here.
//!
//! So at no time two stores let it be driven, and at every time one of them shows all of it. Typed again after it was cut off, a
//! move goes on where it stood. A copy does the first and the third step only.

use async_trait::async_trait;
use paramo_model::{Name, StudyId};

use crate::batch::Parts;
use crate::session::{Session, cells};
use crate::{
    BatchId, Counts, DEFAULT_PROJECT, Held, Result, Seq, Store, StoreError, StudyLock, StudyRow, project,
    read, sql, title, write,
};

/// How much is read and written at a time, about.
const LOAD: usize = 16 << 20;

/// What the column `moving` of a study that leaves says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaving<'a> {
    pub study: &'a str,
    /// The token of the store that it goes to, and how that was called.
    pub token: i64,
    pub to: &'a str,
}

impl<'a> Leaving<'a> {
    pub fn parse(text: &'a str) -> Option<Leaving<'a>> {
        let mut words = text.strip_prefix("leaving ")?.splitn(3, ' ');
        Some(Leaving { study: words.next()?, token: words.next()?.parse().ok()?, to: words.next()? })
    }

    fn text(&self) -> String {
        format!("leaving {} {} {}", self.study, self.token, self.to)
    }
}

/// A study without its batches, as it stands in its row.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    state: String,
    created: i64,
    changed: i64,
    seq: i64,
    counts: String,
    definition: String,
    moving: Option<String>,
}

impl Label {
    pub fn moving(&self) -> Option<&str> {
        self.moving.as_deref()
    }
}

/// Whether a study can arrive, and how far it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It is being copied; this is the last batch that is there.
    Copying(StudyId, Seq),
    /// It has settled.
    Settled(StudyId),
}

/// What a study is called where it comes from. It is called the same where it goes, and in the project of the same name; where there
/// is no such project, in `default`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    project: Name,
    name: Name,
    version: u32,
}

impl Place {
    fn of(row: &StudyRow) -> Place {
        Place { project: row.project.clone(), name: row.name.clone(), version: row.version }
    }

    /// Always with its version.
    fn shown(&self) -> String {
        format!("{}@{}", title(self.project.as_str(), self.name.as_str(), 1), self.version)
    }
}

/// A batch on its way, with its output.
#[derive(Debug)]
pub struct Crate {
    seq: Seq,
    parts: Parts,
}

/// What a store does beside [`Store`] so that studies can be moved. Both engines do all of it.
#[async_trait]
pub trait Transfer: Store {
    /// A number that tells this store from others.
    async fn token(&self) -> Result<i64>;

    /// How this store is called in messages; without a password.
    fn shown(&self) -> String;

    /// Takes the lock of a study, also of one that is leaving.
    async fn take(&self, id: StudyId) -> std::result::Result<StudyLock, Held>;

    #[doc(hidden)]
    async fn label(&self, id: StudyId) -> Result<Label>;
    #[doc(hidden)]
    async fn crates(&self, id: StudyId, after: Seq, limit: usize) -> Result<Vec<Crate>>;
    #[doc(hidden)]
    async fn arrive(&self, place: &Place, label: &Label, origin: &str) -> Result<Arrival>;
    #[doc(hidden)]
    async fn unload(&self, id: StudyId, crates: &[Crate]) -> Result<()>;
    #[doc(hidden)]
    async fn arrived(&self, id: StudyId, label: &Label) -> Result<()>;
    #[doc(hidden)]
    async fn leave(&self, id: StudyId, label: &Label, moving: &str) -> Result<bool>;
    #[doc(hidden)]
    async fn settle_here(&self, id: StudyId) -> Result<()>;
}

/// A study on its way. Holds its lock in the store that it comes from.
pub struct Move<'a> {
    from: &'a dyn Transfer,
    to: &'a dyn Transfer,
    row: StudyRow,
    token: i64,
    origin: String,
    label: Label,
    /// The identity in the other store.
    pub arrived_as: StudyId,
    arrival: Arrival,
    _lock: StudyLock,
}

impl<'a> Move<'a> {
    /// Begins a move or a copy, or takes up one that was cut off.
    ///
    /// Errors: [`Held::By`] while the study is being driven; [`StoreError::Occupied`] when the other store has a study of this name
    /// and version; [`StoreError::Moving`] when it is already on its way to a third store.
    pub async fn begin(
        from: &'a dyn Transfer,
        to: &'a dyn Transfer,
        row: StudyRow,
    ) -> std::result::Result<Move<'a>, Held> {
        let lock = from.take(row.id).await?;
        let label = from.label(row.id).await?;
        let token = to.token().await?;
        let origin = format!("{}/{}", from.token().await?, row.id.0);
        let leaving = label.moving.as_deref().map(|moving| (moving, Leaving::parse(moving)));
        if let Some((moving, Some(leaving))) = &leaving
            && leaving.token != token
        {
            return Err(StoreError::moving(moving).into());
        }
        let arrival = to.arrive(&Place::of(&row), &label, &origin).await?;
        let arrived_as = match arrival {
            Arrival::Copying(id, _) => id,
            // That it has settled there is this move's own doing only if it has left here.
            Arrival::Settled(id) if leaving.is_some() => id,
            Arrival::Settled(_) => return Err(occupied(to.shown(), &row).into()),
        };
        Ok(Move { from, to, row, token, origin, label, arrived_as, arrival, _lock: lock })
    }

    /// Copies the batches that are not there yet; `told` hears how many runs went over. Everything is checked on the way.
    pub async fn copy(&mut self, told: &mut (dyn FnMut(u64) + Send)) -> Result<()> {
        if self.label.moving.is_some() {
            return Ok(());
        }
        self.label = self.from.label(self.row.id).await?;
        let (id, mut seq) = match self.to.arrive(&Place::of(&self.row), &self.label, &self.origin).await? {
            Arrival::Copying(id, seq) => (id, seq),
            Arrival::Settled(_) => return Err(occupied(self.to.shown(), &self.row)),
        };
        let mut limit = 16;
        while (seq.0 as i64) < self.label.seq {
            let crates = self.from.crates(self.row.id, seq, limit).await?;
            let Some(last) = crates.last() else {
                let what = format!("batch {} is missing", seq.0 + 1);
                return Err(StoreError::damaged_study(self.from.shown().as_ref(), self.row.id, what));
            };
            self.to.unload(id, &crates).await?;
            seq = last.seq;
            told(crates.iter().map(|one| one.parts.row.runs.max(0) as u64).sum());
            let size = crates.iter().map(|one| one.parts.size()).sum::<usize>() / crates.len();
            limit = (LOAD / size.max(1)).clamp(1, 512);
        }
        self.arrival = Arrival::Copying(id, seq);
        self.arrived_as = id;
        self.to.arrived(id, &self.label).await
    }

    /// Hands the study over, or with `keep` lets both stores have it. False when it was changed meanwhile: then it is to be copied
    /// on, and handed over again.
    pub async fn hand_over(&mut self, keep: bool) -> Result<bool> {
        if !keep && self.label.moving.is_none() {
            let study = Place::of(&self.row).shown();
            let to = self.to.shown();
            let leaving = Leaving { study: &study, token: self.token, to: &to }.text();
            if !self.from.leave(self.row.id, &self.label, &leaving).await? {
                return Ok(false);
            }
        }
        if let Arrival::Copying(id, _) = self.arrival {
            self.to.settle_here(id).await?;
        }
        Ok(true)
    }

    /// Removes the study where it came from; the other store has it now.
    pub async fn finish(self) -> Result<Counts> {
        self.from.delete(self.row.id).await?;
        Ok(self.to.study(self.arrived_as).await?.counts)
    }
}

fn occupied(to: String, row: &StudyRow) -> StoreError {
    StoreError::Occupied { to, study: Place::of(row).shown() }
}

/// The statements of [`Transfer`], for both engines.
pub mod steps {
    use super::*;

    type LabelCells = (String, i64, i64, i64, String, String, Option<String>);
    type CrateCells = (i64, i64, i64, i64, i64, Vec<u8>, Vec<u8>, Option<Vec<u8>>);

    pub async fn label(session: &mut Session<'_>, id: StudyId) -> Result<Label> {
        let row: Option<LabelCells> = session.optional(sql::LABEL, cells![id.0]).await?;
        let (state, created, changed, seq, counts, definition, moving) = row.ok_or_else(|| read::gone(id))?;
        Ok(Label { state, created, changed, seq, counts, definition, moving })
    }

    /// Reads batches and checks that they are as they were written.
    pub async fn crates(
        session: &mut Session<'_>,
        id: StudyId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Crate>> {
        let cells = cells![id.0, after.0 as i64, limit as i64];
        let rows: Vec<CrateCells> = session.all(sql::CRATES, cells).await?;
        let mut crates = Vec::with_capacity(rows.len());
        for (at, (seq, kind, first, last, runs, head, data, output)) in rows.into_iter().enumerate() {
            let place = BatchId { study: id, seq: Seq(after.0 + 1 + at as u64) };
            let damaged = |what| StoreError::damaged_batch(session.at(), id, place.seq, what);
            if seq as u64 != place.seq.0 {
                return Err(damaged("it is missing"));
            }
            let row = crate::batch::Row { kind, first, last, runs, head, data };
            let parts = Parts { row, output };
            parts.verify(place).map_err(|broken| damaged(broken.0))?;
            crates.push(Crate { seq: place.seq, parts });
        }
        Ok(crates)
    }

    pub async fn arrive(
        session: &mut Session<'_>,
        shown: String,
        place: &Place,
        label: &Label,
        origin: &str,
    ) -> Result<Arrival> {
        // Before its name: what had begun to arrive goes on where it is, should its project have been made or removed since.
        let begun: Option<(i64, i64)> = session.optional(sql::ARRIVING, cells![origin]).await?;
        if let Some((id, seq)) = begun {
            return Ok(Arrival::Copying(StudyId(id), Seq(seq as u64)));
        }
        let name = match project::claim(session, place.project.as_str(), place.name.as_str()).await {
            Err(StoreError::Missing { .. }) => {
                project::claim(session, DEFAULT_PROJECT, place.name.as_str()).await?
            }
            claimed => claimed?,
        };
        let key = cells![name, i64::from(place.version)];
        let there: Option<(i64, i64, Option<String>, Option<String>)> =
            session.optional(sql::ARRIVAL, key.clone()).await?;
        match there {
            None => {}
            Some((id, _, moving, from)) => match (moving.as_deref(), from.as_deref() == Some(origin)) {
                // What another move has left half done gives way.
                (Some("arriving"), _) => {
                    session.execute(sql::UNDO_ARRIVAL, cells![id]).await?;
                }
                (_, true) => return Ok(Arrival::Settled(StudyId(id))),
                (_, false) => {
                    return Err(StoreError::Occupied { to: shown, study: place.shown() });
                }
            },
        }
        let rest = cells![
            label.state.as_str(),
            label.created,
            label.changed,
            label.counts.as_str(),
            label.definition.as_str(),
            origin,
        ];
        let id: Option<(i64,)> = session.optional(sql::ARRIVE, [key, rest].concat()).await?;
        match id {
            Some((id,)) => Ok(Arrival::Copying(StudyId(id), Seq(0))),
            None => Err(StoreError::damaged(session.at(), "it takes no new study")),
        }
    }

    /// Puts batches into a study that arrives, signed for their new place.
    pub async fn unload(session: &mut Session<'_>, id: StudyId, crates: &[Crate]) -> Result<()> {
        let Some(last) = crates.last() else { return Ok(()) };
        // The row first: a second move of the same study waits here, and then finds these batches there.
        let size: usize = crates.iter().map(|one| one.parts.size()).sum();
        let cells = cells![id.0, last.seq.0 as i64, size as i64];
        if session.execute(sql::ARRIVED_TO, cells).await? == 0 {
            return Err(read::gone(id));
        }
        for one in crates {
            let mut parts = one.parts.clone();
            let place = BatchId { study: id, seq: one.seq };
            parts.sign(place);
            write::insert(session, place, &parts).await?;
        }
        Ok(())
    }

    /// Whether these batches have arrived.
    pub async fn has(session: &mut Session<'_>, id: StudyId, crates: &[Crate]) -> Result<bool> {
        let (seq, _) = read::progress(session, id).await?;
        Ok(crates.last().is_some_and(|last| last.seq <= seq))
    }

    /// Takes over what the row says, and holds it against the batches that have arrived.
    pub async fn arrived(session: &mut Session<'_>, id: StudyId, label: &Label) -> Result<()> {
        let cpu = write::cpu(&read::counts(&label.counts, session.at(), id)?);
        let cells = cells![
            id.0,
            label.state.as_str(),
            label.changed,
            label.counts.as_str(),
            label.definition.as_str(),
            cpu,
        ];
        if session.execute(sql::SET_ARRIVAL, cells).await? == 0 {
            return Err(read::gone(id));
        }
        let (seq, _) = read::progress(session, id).await?;
        if seq.0 as i64 != label.seq {
            let what = format!("{} of {} batches have arrived", seq.0, label.seq);
            return Err(StoreError::damaged_study(session.at(), id, what));
        }
        read::heads(session, id).await.map(|_| ())
    }

    /// False when the study is not any more as its label says.
    pub async fn leave(session: &mut Session<'_>, id: StudyId, label: &Label, moving: &str) -> Result<bool> {
        let cells = cells![
            id.0,
            moving,
            label.state.as_str(),
            label.changed,
            label.seq,
            label.counts.as_str(),
            label.definition.as_str(),
        ];
        Ok(session.execute(sql::LEAVE, cells).await? > 0)
    }

    pub async fn settle(session: &mut Session<'_>, id: StudyId) -> Result<()> {
        // Asked again after it had come through, it has settled.
        session.execute(sql::SETTLE, cells![id.0]).await.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_study_goes_is_read_as_it_was_written() {
        let leaving = Leaving { study: "hes1@2", token: -7, to: "/my data/.paramo" };
        assert_eq!(Leaving::parse(&leaving.text()), Some(leaving));
        assert_eq!(Leaving::parse("arriving"), None);
    }
}
